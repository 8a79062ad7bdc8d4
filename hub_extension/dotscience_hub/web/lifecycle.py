"""Requests that are under way, and how they end when the service stops."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Lifecycle:
    """Knows the requests that are under way; those that would hold up a stop, long polls and streams, it ends."""

    def __init__(self) -> None:
        """Nothing is under way."""
        self._requests: set[object] = set()
        self._idle = asyncio.Event()
        self._idle.set()
        self._open: set[asyncio.Task[Any]] = set()
        self.stopping = False

    def begin(self, request: object) -> None:
        """A request came."""
        self._requests.add(request)
        self._idle.clear()

    def end(self, request: object) -> None:
        """It was answered, or its caller is gone. May be told twice."""
        self._requests.discard(request)
        if not self._requests:
            self._idle.set()

    async def idle(self) -> None:
        """Wait until nothing is under way."""
        await self._idle.wait()

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
