"""Stand-ins for warehouses that are reached over the internet. They execute SQL for real and check logins for
real; they are written from the vendors' published contracts, independently of the drivers that they test."""
