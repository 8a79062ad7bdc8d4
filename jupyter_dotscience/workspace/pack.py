"""Writing git packs of blobs, without git: gitformat-pack(5), version 2, no deltas.

The reader is ``git index-pack --strict`` on the hub, which recomputes every id.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from typing import Final, Protocol

_BLOB: Final = 3
_HEADER: Final = struct.Struct(">4sII")


class Sink(Protocol):
    """Where a pack goes."""

    def write(self, data: bytes, /) -> object:
        """Take all of ``data``."""


class PackWriter:
    """Writes one pack.

    Args:
        sink: Where it goes.
        count: How many blobs it will have; git's format says so first.
        level: zlib's, 0 to 9. 1 halves text at about the speed of a fast network. Where data turn out not to compress,
            most of them are stored as they are.
    """

    def __init__(self, sink: Sink, count: int, level: int = 1) -> None:
        self._sink, self._left = sink, count
        self._compressor = _Compressor(level)
        self._digest = hashlib.sha1(usedforsecurity=False)
        self.size = 0
        self._write(_HEADER.pack(b"PACK", 2, count))

    def add(self, content: bytes) -> None:
        """Add one blob."""
        if not self._left:
            raise ValueError("The pack has all the blobs it was announced to have.")
        self._left -= 1
        self._write(_object_header(len(content)) + self._compressor.compress(content))

    def finish(self) -> None:
        """Write the trailer. The sink stays open."""
        if self._left:
            raise ValueError(f"The pack lacks {self._left} of the blobs it was announced to have.")
        trailer = self._digest.digest()
        self._sink.write(trailer)
        self.size += len(trailer)

    def _write(self, data: bytes) -> None:
        self._digest.update(data)
        self._sink.write(data)
        self.size += len(data)


class _Compressor:
    """Compresses what is worth it. zlib takes a second for 30 MB of noise (images, weights), and gains nothing.

    Neighbours are alike: after some contents in a row that did not shrink, many are stored unseen, then one is tried.
    """

    _ROW: Final = 4
    _UNSEEN: Final = 200
    _SAMPLE: Final = 1 << 15

    def __init__(self, level: int) -> None:
        self._level = level
        self._poor = 0
        self._unseen = 0

    def compress(self, content: bytes) -> bytes:
        """A zlib stream (RFC 1950) of the content."""
        if self._unseen:
            self._unseen -= 1
            return zlib.compress(content, 0)
        if len(content) > 2 * self._SAMPLE and not self._shrinks(content[: self._SAMPLE]):
            return zlib.compress(content, 0)
        out = zlib.compress(content, self._level)
        self._poor = 0 if len(out) < 0.95 * len(content) else self._poor + 1
        if self._poor >= self._ROW:
            self._poor, self._unseen = self._ROW - 1, self._UNSEEN
        return out

    def _shrinks(self, sample: bytes) -> bool:
        return len(zlib.compress(sample, self._level)) < 0.95 * len(sample)


def _object_header(size: int) -> bytes:
    """Type and size: 4 bits of the size beside the type, then 7 bits a byte, lowest first."""
    out = bytearray()
    byte, size = _BLOB << 4 | size & 0x0F, size >> 4
    while size:
        out.append(byte | 0x80)
        byte, size = size & 0x7F, size >> 7
    out.append(byte)
    return bytes(out)
