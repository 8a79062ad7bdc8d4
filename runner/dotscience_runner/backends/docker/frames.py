"""The engine's framing of stdout and stderr in one stream (API reference, "Attach to a container", stream format).

A frame is a header of 8 bytes, stream number, three zeros, length as a big-endian 32-bit number, and that many bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from jupyter_dotscience.api.logs import LogStream

HEADER = struct.Struct(">BxxxL")
STREAMS = (LogStream.STDOUT, LogStream.STDERR)


class Deframer:
    """Frames out of the pieces in which they come."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Stream index (0 stdout, 1 stderr) and content of each frame that is complete now."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= HEADER.size:
            number, length = HEADER.unpack_from(data, at)
            if end - at - HEADER.size < length:
                break
            at += HEADER.size
            # 0 would be stdin, and 3 the engine's own errors, which do not occur in what we read.
            if number in (1, 2):
                yield number - 1, data[at : at + length]
            at += length
        self._rest = data[at:]


def read_frames(read: Callable[[], bytes]) -> Iterator[tuple[int, bytes]]:
    """Frames until ``read`` answers no bytes; one that is cut off by the end is dropped."""
    deframer = Deframer()
    while data := read():
        yield from deframer.feed(data)
