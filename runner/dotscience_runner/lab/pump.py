"""Bytes between a websocket of the tunnel and JupyterLab's socket, in both directions."""

from __future__ import annotations

import asyncio
from asyncio import StreamReader, StreamWriter
from contextlib import suppress

from tornado.websocket import WebSocketClientConnection

from jupyter_dotscience.api.tunnel import CHUNK, EOF


async def pump(wire: WebSocketClientConnection, reader: StreamReader, writer: StreamWriter) -> None:
    """Carry bytes until JupyterLab has closed, or the gateway is gone.

    Each side waits for the other's reader: nothing fills the memory.

    Raises:
        OSError, WebSocketClosedError, StreamClosedError: one of them is gone.
    """
    up, down = asyncio.ensure_future(_up(reader, wire)), asyncio.ensure_future(_down(wire, writer))
    try:
        await asyncio.wait({up, down}, return_when=asyncio.FIRST_COMPLETED)
        for task in (up, down):
            if task.done():
                task.result()
    except asyncio.CancelledError:
        writer.transport.abort()
        raise
    finally:
        for task in (up, down):
            task.cancel()
        try:
            await asyncio.gather(up, down, return_exceptions=True)
        finally:
            # Also when it is cancelled a second time, while it waits for the two.
            writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def _up(reader: StreamReader, wire: WebSocketClientConnection) -> None:
    while data := await reader.read(CHUNK):
        await wire.write_message(data, binary=True)


async def _down(wire: WebSocketClientConnection, writer: StreamWriter) -> None:
    """Returns when the gateway has closed the websocket; half a close is passed on, and the answer still comes."""
    while (message := await wire.read_message()) is not None:
        if isinstance(message, bytes):
            writer.write(message)
            await writer.drain()
        elif message == EOF and writer.can_write_eof():
            writer.write_eof()
