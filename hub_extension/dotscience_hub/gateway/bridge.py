"""One browser's connection, led through a data connection to a runner."""

from __future__ import annotations

import asyncio
import logging
import time
from asyncio import StreamReader, StreamWriter
from typing import Protocol

from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError

from jupyter_dotscience.api.tunnel import CHUNK

log = logging.getLogger("dotscience.gateway")
BROKEN = (ConnectionError, WebSocketClosedError, StreamClosedError, TimeoutError)
BUSY_SECONDS = 1.0
LINGER_SECONDS = 60.0


class Wire(Protocol):
    """A data connection."""

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        ...

    async def open_task(self, task: str, writer: StreamWriter) -> None:
        """Make it this task's, with what the runner sends going to ``writer``."""

    async def send(self, data: bytes) -> None:
        """Send bytes; returns when there is room for more."""

    async def send_eof(self) -> None:
        """Say that no more bytes come."""

    async def wait_closed(self) -> None:
        """Wait until the runner has closed it."""

    def close(self) -> None:
        """Close it."""


class Bridge:
    """A connection under way."""

    def __init__(self, task: str, reader: StreamReader, writer: StreamWriter) -> None:
        """Args: the task, and the browser's side."""
        self._task, self._reader, self._writer = task, reader, writer
        self._moved = time.monotonic()
        self._wire: Wire | None = None

    @property
    def busy(self) -> bool:
        """Whether bytes went from the browser to the runner lately."""
        return time.monotonic() - self._moved < BUSY_SECONDS

    async def run(self, wire: Wire) -> None:
        """Carry bytes both ways until both ends are through, or one is gone."""
        self._wire = wire
        try:
            await wire.open_task(self._task, self._writer)
            closed = asyncio.ensure_future(wire.wait_closed())
            up = asyncio.ensure_future(self._up(wire))
            try:
                await asyncio.wait({up, closed}, return_when=asyncio.FIRST_COMPLETED)
                if up.done():
                    up.result()
                    await closed
            finally:
                for task in (up, closed):
                    task.cancel()
                await asyncio.gather(up, closed, return_exceptions=True)
        except BROKEN:
            pass
        except asyncio.CancelledError:
            self._writer.transport.abort()
            raise
        finally:
            self.close()
            await self._last_bytes()

    async def _last_bytes(self) -> None:
        """Let the browser read what was sent before the end, for a while."""
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                await self._writer.wait_closed()
        except BROKEN:
            self._writer.transport.abort()
        except BaseException:
            # The gateway ends: a browser that reads nothing must not keep the socket.
            self._writer.transport.abort()
            raise

    async def _up(self, wire: Wire) -> None:
        while data := await self._reader.read(CHUNK):
            await wire.send(data)
            self._moved = time.monotonic()
        await wire.send_eof()

    def close(self) -> None:
        """Close both ends."""
        if self._wire is not None:
            self._wire.close()
        self._writer.close()
