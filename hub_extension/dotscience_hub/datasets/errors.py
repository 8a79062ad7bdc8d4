"""What can go wrong with a bucket."""

from __future__ import annotations


class SyncError(Exception):
    """It cannot be done; the text is one sentence for people, without any secret."""


class Changed(Exception):
    """An object is not any more what the bucket's list said: it was replaced or removed meanwhile."""


class Transient(Exception):
    """Worth another try: the server is away, overloaded, or broke off. The text says what happened."""


class Lost(Exception):
    """The round is not ours any more: it was taken over, or the dataset was deleted."""
