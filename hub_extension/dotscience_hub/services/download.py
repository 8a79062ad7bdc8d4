"""An answer that is bytes: content people made, which is never shown in the hub's origin, only downloaded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass

from .threads import Threads

CONTENT_TYPE = "application/octet-stream"
CHUNK = 1 << 20

_readers = Threads(16, "download")
"""Threads for this alone: a store that does not answer must not hold up heartbeats, which use the loop's own."""

Open = Callable[[int, int | None], AsyncIterator[bytes]]
Read = Callable[[int, int | None], Iterator[bytes]]


@dataclass(frozen=True)
class Download:
    """A body to stream.

    The web layer sends it as an attachment, with `X-Content-Type-Options: nosniff`, and honours `Range` when the size
    is known.

    Attributes:
        size: Bytes in all; None when unknown, then no range can be asked for.
        chunks: Called once with the first byte's offset and the number of bytes (None: to the end); yields them.
        content_type: Media type; never one that a browser runs.
        filename: What a browser should call it.
    """

    size: int | None
    chunks: Open
    content_type: str = CONTENT_TYPE
    filename: str | None = None


def of_bytes(content: bytes, filename: str | None = None) -> Download:
    """A download of content in memory."""

    async def chunks(start: int, length: int | None) -> AsyncIterator[bytes]:
        end = len(content) if length is None else min(start + length, len(content))
        for offset in range(start, end, CHUNK):
            yield content[offset : min(offset + CHUNK, end)]

    return Download(size=len(content), chunks=chunks, filename=filename)


def of_iterator(
    size: int | None,
    read: Read,
    filename: str | None = None,
    content_type: str = CONTENT_TYPE,
) -> Download:
    """A download from a blocking source, read on worker threads.

    Args:
        size: Bytes in all.
        read: Given offset and length (None: to the end), yields chunks; its `close` is called at the end.
        filename: What a browser should call it.
        content_type: Media type; never one that a browser runs.
    """

    async def chunks(start: int, length: int | None) -> AsyncIterator[bytes]:
        source = _Source(read, start, length)
        try:
            while chunk := await _readers.run_if_wanted(source.next):
                yield chunk
        finally:
            if source.opened:
                await _readers.run(source.close)

    return Download(size=size, chunks=chunks, content_type=content_type, filename=filename)


class _Source:
    """A blocking source, for one thread at a time."""

    def __init__(self, read: Read, start: int, length: int | None) -> None:
        self._read, self._start, self._length = read, start, length
        self._chunks: Iterator[bytes] | None = None

    @property
    def opened(self) -> bool:
        """Whether there is something to close."""
        return self._chunks is not None

    def next(self) -> bytes:
        """The next chunk; empty at the end."""
        if self._chunks is None:
            self._chunks = self._read(self._start, self._length)
        return next(self._chunks, b"")

    def close(self) -> None:
        """Let go of what it holds."""
        close = getattr(self._chunks, "close", None)
        if close is not None:
            close()
