"""`ds`, the command line of Dotscience."""
