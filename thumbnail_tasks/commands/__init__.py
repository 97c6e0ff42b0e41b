"""The tasks that a user names on the command line, one file each; they do no work of their own."""
