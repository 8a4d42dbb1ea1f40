"""The ops, a family a file. Public names reach the namespace through each file's ``__all__``."""
