"""A file of the user, read once, for the command and the report."""
