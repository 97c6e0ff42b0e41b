"""What we are measured against, called as its own documentation says; one file per peer."""
