"""Local accounts of the all-in-one hub."""
