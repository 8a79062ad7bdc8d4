"""`ds`, the command line."""
