"""Logins through a browser that wait for somebody's confirmation, and tokens that have been ended."""
