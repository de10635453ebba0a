"""Reports: plots, tables and files of a session."""
