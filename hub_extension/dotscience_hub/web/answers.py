"""Answers that are not one JSON value: streams, downloads, text."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from urllib.parse import quote

from tornado.iostream import StreamClosedError

from dotscience_hub.services.download import Download, of_bytes
from jupyter_dotscience.api.routes import Raw

from .base import BaseHandler
from .ranges import parse_range
from .streaming import lines

# An answer starts when its first line is there, or after this many seconds: errors that come at once are Problems.
_PATIENCE = 0.5


async def send_stream(handler: BaseHandler, items: AsyncGenerator[Any, None]) -> None:
    """Send items as NDJSON while they come. An error after the first line closes the connection."""
    handler.set_header("Content-Type", "application/x-ndjson")
    handler.set_header("X-Accel-Buffering", "no")
    if handler.request.method == "HEAD":
        await items.aclose()
        handler.finish()
        return
    async with aclosing(lines(items)) as source:
        await _relay(handler, source)


async def _relay(handler: BaseHandler, source: AsyncGenerator[bytes, None]) -> None:
    upcoming = asyncio.ensure_future(anext(source, None))
    try:
        done, _ = await asyncio.wait({upcoming}, timeout=_PATIENCE)
        if done:
            upcoming.result()
        await handler.flush()
        while (line := await upcoming) is not None:
            handler.write(line)
            await handler.flush()
            upcoming = asyncio.ensure_future(anext(source, None))
        handler.finish()
    except StreamClosedError:
        handler.abort()
    except Exception:
        if handler.headers_sent:
            handler.abort()
        raise
    finally:
        if not upcoming.done():
            upcoming.cancel()
            await asyncio.wait({upcoming})


def send_text(handler: BaseHandler, text: str | bytes) -> None:
    """Send plain text."""
    handler.set_header("Content-Type", Raw.TEXT.value)
    handler.finish(text)


async def send_download(handler: BaseHandler, result: Download | bytes) -> None:
    """Send bytes as an attachment, the part that the Range header names, as fast as the reader takes them."""
    download = of_bytes(result) if isinstance(result, bytes) else result
    handler.set_header("Content-Type", download.content_type)
    handler.set_header("Content-Disposition", _disposition(download.filename))
    start, length = _section(handler, download)
    if length is not None:
        handler.set_header("Content-Length", str(length))
    if handler.request.method == "HEAD":
        handler.finish()
        return
    await _pump(handler, download, start, length)


async def _pump(handler: BaseHandler, download: Download, start: int, length: int | None) -> None:
    chunks = download.chunks(start, length)
    sent = 0
    try:
        async for chunk in chunks:
            sent += len(chunk)
            handler.write(chunk)
            await handler.flush()
        _check_sent(sent, length)
        handler.finish()
    except StreamClosedError:
        handler.abort()
    except Exception:
        if handler.headers_sent:
            handler.abort()
        raise
    finally:
        if isinstance(chunks, AsyncGenerator):
            await chunks.aclose()


def _check_sent(sent: int, length: int | None) -> None:
    if length is not None and sent != length:
        raise OSError(f"a download had {sent} bytes in the place of {length}")


def _section(handler: BaseHandler, download: Download) -> tuple[int, int | None]:
    """Offset and length to send; sets what the answer says of them."""
    if download.size is None:
        return 0, None
    handler.set_header("Accept-Ranges", "bytes")
    part = parse_range(handler.request.headers.get("Range"), download.size)
    if part is None:
        return 0, download.size
    start, length = part
    handler.set_status(206)
    handler.set_header("Content-Range", f"bytes {start}-{start + length - 1}/{download.size}")
    return part


def _disposition(filename: str | None) -> str:
    """RFC 6266: always a download, never shown in the hub's origin."""
    if not filename:
        return "attachment"
    return f"attachment; filename*=UTF-8''{quote(filename.encode(errors='replace'), safe='')}"
