"""Whole-system tests: a real hub and a real agent."""
