"""Pure drawing: values in, rows of styled text out. No Textual."""
