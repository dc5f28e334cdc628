"""What the demo, the measurements and the tests of the running services share."""
