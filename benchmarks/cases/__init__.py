"""The timed programs, one family a file."""
