"""Requests that would hold up a stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Lifecycle:
    """Knows the long polls and streams that are open, and ends them when the service stops."""

    def __init__(self) -> None:
        """Running."""
        self._open: set[asyncio.Task[Any]] = set()
        self.stopping = False

    @contextmanager
    def interruptible(self, work: asyncio.Task[Any]) -> Iterator[None]:
        """Within the block ``work`` is cancelled as soon as the service stops."""
        self._open.add(work)
        if self.stopping:
            work.cancel()
        try:
            yield
        finally:
            self._open.discard(work)

    def stop(self) -> None:
        """End long polls and streams, now and from now on."""
        self.stopping = True
        for work in list(self._open):
            work.cancel()
