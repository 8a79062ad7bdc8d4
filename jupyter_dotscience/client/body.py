"""Bodies of requests: JSON, bytes, an open file, or pieces that come one by one."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Protocol, cast

Content = bytes | BinaryIO | Iterable[bytes]
PIECE = 256 * 1024


class Body(Protocol):
    """Something that can be sent."""

    content_type: str
    length: int | None
    repeatable: bool
    failure: OSError | None
    """Why the content could not be read, which is no fault of the connection."""

    def pieces(self) -> bytes | Iterator[bytes]:
        """The body from its beginning; a body that is not repeatable can be asked for it once."""
        ...


class BytesBody:
    """A body in memory."""

    repeatable = True
    failure: OSError | None = None

    def __init__(self, data: bytes, content_type: str) -> None:
        self.content_type = content_type
        self.length: int | None = len(data)
        self._data = data

    def pieces(self) -> bytes | Iterator[bytes]:
        """All of it; in pieces where that is much, for each has its own time to be sent in."""
        if len(self._data) <= PIECE:
            return self._data
        return (self._data[at : at + PIECE] for at in range(0, len(self._data), PIECE))


class FileBody:
    """The rest of an open file, from where it stands."""

    failure: OSError | None = None

    def __init__(self, file: BinaryIO, content_type: str, length: int | None) -> None:
        self.content_type = content_type
        self.repeatable = file.seekable()
        self._file = file
        self._start = file.tell() if self.repeatable else 0
        self.length = length if length is not None else self._measure()

    def _measure(self) -> int | None:
        if not self.repeatable:
            return None
        length = self._file.seek(0, os.SEEK_END) - self._start
        self._file.seek(self._start)
        return length

    def pieces(self) -> Iterator[bytes]:
        """The file's content, no more of it than was announced: it may be growing."""
        if self.repeatable:
            self._file.seek(self._start)
        left = self.length
        while left is None or left > 0:
            piece = self._read(PIECE if left is None else min(PIECE, left))
            if not piece:
                return
            left = None if left is None else left - len(piece)
            yield piece

    def _read(self, size: int) -> bytes:
        try:
            return self._file.read(size)
        except OSError as error:
            self.failure = error
            raise


class PiecesBody:
    """An iterable; one that makes a new iterator each time (a list, an object with ``__iter__``) can be repeated."""

    failure: OSError | None = None

    def __init__(self, pieces: Iterable[bytes], content_type: str, length: int | None) -> None:
        self.content_type = content_type
        self.length = length
        self.repeatable = not isinstance(pieces, Iterator)
        self._pieces = pieces

    def pieces(self) -> Iterator[bytes]:
        """Pieces that are not empty: an empty one would end a chunked body (RFC 9112, section 7.1)."""
        return (piece for piece in self._pieces if piece)


def of(content: Content, content_type: str, length: int | None = None) -> Body:
    """The body for what a caller gave.

    Args:
        content: Bytes, an open binary file, or an iterable of bytes.
        content_type: Media type.
        length: Bytes in all, where the caller knows better than the content can tell.
    """
    if isinstance(content, bytes | bytearray | memoryview):
        return BytesBody(bytes(content), content_type)
    if hasattr(content, "read"):
        return FileBody(cast("BinaryIO", content), content_type, length)
    return PiecesBody(content, content_type, length)
