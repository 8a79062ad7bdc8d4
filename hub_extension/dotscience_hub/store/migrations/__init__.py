"""Migrations of the database, newest last."""
