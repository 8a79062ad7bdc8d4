"""Large files by SHA-256, on a folder or S3."""
