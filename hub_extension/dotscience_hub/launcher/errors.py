"""What the launcher says when it cannot do what it is asked."""

from __future__ import annotations


class LauncherError(Exception):
    """A sentence for people that says what to do."""
