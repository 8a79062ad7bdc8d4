"""One file per noun of the manual."""
