"""Whole-system tests: the real hub through its proxy, the real `ds`, the real runner."""
