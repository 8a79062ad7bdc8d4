"""Typed HTTP client of the hub, made from the table of routes."""
