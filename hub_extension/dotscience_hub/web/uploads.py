"""A request's body while it arrives."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any

from tornado.iostream import StreamClosedError

MAX_WAITING = 4
"""Pieces that wait for the reader before the sender is slowed down."""


class Upload:
    """An async iterator over the pieces of a body; whoever feeds it waits when the reader is slower."""

    def __init__(self) -> None:
        """Nothing has arrived yet."""
        self._pieces: deque[bytes] = deque()
        self._changed = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._ended = False
        self._error: BaseException | None = None

    def feed(self, piece: bytes) -> None:
        """Add a piece."""
        self._pieces.append(piece)
        self._changed.set()
        if len(self._pieces) >= MAX_WAITING:
            self._room.clear()

    async def room(self) -> None:
        """Wait until the reader wants more."""
        await self._room.wait()

    def end(self) -> None:
        """The body is complete."""
        self._ended = True
        self._changed.set()

    def abandon(self) -> None:
        """The sender is gone: the reader gets a StreamClosedError in the place of the rest."""
        if not self._ended:
            self._error = StreamClosedError()
            self.end()

    def done(self, reader: asyncio.Task[Any]) -> None:
        """The reader is through: what still arrives need not wait. Why, nobody asks whose sender is gone."""
        self._pieces.clear()
        self._room.set()
        if not reader.cancelled():
            reader.exception()

    def __aiter__(self) -> Upload:
        return self

    async def __anext__(self) -> bytes:
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        piece = self._pieces.popleft()
        self._room.set()
        return piece
