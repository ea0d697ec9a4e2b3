"""A file of the user, read once, for the command, the report and the script that the report holds."""

from skgan_resample._user_table._roles import Table, read_table

__all__ = ["Table", "read_table"]
