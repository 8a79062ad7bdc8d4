"""NDJSON: many JSON values, one a line, with signs of life."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import msgspec

LIFE_SECONDS = 5.0
"""A line is sent at least this often, so that no proxy takes the connection for dead, and the client notices soon when
it is: configurable-http-proxy keeps the client's side open when the service dies in the middle of an answer."""


async def lines(items: AsyncGenerator[Any, None], life_seconds: float | None = None) -> AsyncGenerator[bytes, None]:
    """Each item as a line; a blank line when none came for a while. Items that are bytes are lines already.

    Args:
        items: Closed when this iterator ends or is closed.
        life_seconds: Seconds of silence at the most; by default LIFE_SECONDS.
    """
    encoder = msgspec.json.Encoder()
    upcoming = asyncio.ensure_future(_next(items))
    try:
        while True:
            done, _ = await asyncio.wait({upcoming}, timeout=life_seconds or LIFE_SECONDS)
            if not done:
                yield b"\n"
                continue
            more, item = upcoming.result()
            if not more:
                return
            upcoming = asyncio.ensure_future(_next(items))
            yield item if isinstance(item, bytes) else encoder.encode(item) + b"\n"
    finally:
        upcoming.cancel()
        # Its own error, if it ended with one, has no reader any more.
        with suppress(asyncio.CancelledError, Exception):
            await upcoming
        await items.aclose()


async def _next(items: AsyncGenerator[Any, None]) -> tuple[bool, Any]:
    """Whether there is an item, and it. A StopAsyncIteration cannot travel in a future."""
    async for item in items:
        return True, item
    return False, None
