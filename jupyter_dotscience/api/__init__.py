"""THE CONTRACT: what hub, runners, `ds`, notebooks and pages say to each other.

Structs by noun, ROUTES with one row per endpoint, the one error body, the runner protocol, the run metadata format.
This package imports the standard library and msgspec only, so that everything else may import it.
"""
