"""Task logs as append-only files."""
