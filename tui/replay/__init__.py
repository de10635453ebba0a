"""A recorded session in the console: wound, paused, stepped, and gone on with live from any moment."""
