"""The program `ds`."""
