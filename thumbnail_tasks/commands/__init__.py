"""The tasks that a user names on the command line, one file each, and how a run starts."""
