"""Tests: one folder per room, `services/` for the real servers that tests run against."""
