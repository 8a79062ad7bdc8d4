"""Bare repositories: commits, merges, packs, history."""
