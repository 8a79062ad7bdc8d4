"""What can go wrong over the network; apart from `_remote`, which is slow to import."""

from __future__ import annotations


class RemoteError(RuntimeError):
    """The hub cannot be reached, refuses, or does not offer what was asked for; the message says what to do."""
