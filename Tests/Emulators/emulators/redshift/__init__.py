"""Amazon Redshift's wire in front of a real PostgreSQL: what Redshift refuses is refused, what it adds is there."""
