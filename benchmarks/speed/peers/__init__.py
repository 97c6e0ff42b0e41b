"""Libraries that we are compared with, called as in their documentation; one file per peer."""
