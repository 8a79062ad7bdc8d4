"""Tornado handlers made from ROUTES, authentication, git and LFS endpoints."""
