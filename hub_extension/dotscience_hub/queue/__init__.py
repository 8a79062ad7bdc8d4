"""Leases and the sweeper."""
