"""Bodies of answers that are read piece by piece."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import msgspec

from jupyter_dotscience.api.problems import Unreachable

from . import answers

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

T = TypeVar("T")
PIECE = 256 * 1024


def _read(url: str, response: BaseHTTPResponse, size: int) -> bytes:
    """At most ``size`` bytes, as soon as there are any; empty at the end.

    Raises:
        Unreachable: the connection broke before the end.
    """
    import urllib3

    try:
        return response.read1(size, decode_content=False) or b""
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise answers.unreachable(url, error) from error


def leave(response: BaseHTTPResponse) -> None:
    """Give the connection back for the next request, or close it when not everything was read."""
    if not getattr(response, "isclosed", lambda: False)():
        response.close()
    response.release_conn()


class Reader(io.RawIOBase):
    """Raw bytes that the hub sends: a file for reading, to be closed (``with client.get_file(...) as reader``).

    ``read(n)`` gives at most n bytes as soon as there are any, ``readall()`` the rest.

    Args:
        url: The hub's address, for messages.
        response: The answer, its body not yet read.
        resume: Asks again for the rest from a position; None where content may have changed meanwhile.
    """

    def __init__(
        self,
        url: str,
        response: BaseHTTPResponse,
        resume: Callable[[int], BaseHTTPResponse] | None = None,
    ) -> None:
        super().__init__()
        self._url = url
        self._response = response
        self._resume = resume
        self._position = 0
        length = response.headers.get("Content-Length")
        self.length: int | None = int(length) if length and length.isdigit() else None
        """Bytes in all, where the hub said so."""

    def readable(self) -> bool:
        """True."""
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most ``size`` bytes as soon as there are any, all that is left when it is negative; empty at the end.

        Raises:
            Unreachable: the connection broke, and the rest could not be asked for.
        """
        if size <= 0:  # a RawIOBase's own way by `readinto`, which copies each byte twice
            return super().read(size) or b""
        piece = self._piece(size)
        self._position += len(piece)
        return piece

    def readinto(self, buffer: Any) -> int:
        """Fill the beginning of ``buffer``; 0 at the end.

        Raises:
            Unreachable: the connection broke, and the rest could not be asked for.
        """
        view = memoryview(buffer).cast("B")
        if not len(view):
            return 0
        piece = self._piece(len(view))
        view[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def _piece(self, size: int) -> bytes:
        while True:
            try:
                return _read(self._url, self._response, size)
            except Unreachable:
                leave(self._response)
                if self._resume is None or not self._position:
                    raise
                resume, self._resume = self._resume, None  # once: what breaks twice will break again
                self._response = resume(self._position)

    def pieces(self, size: int = PIECE) -> Iterator[bytes]:
        """The content in pieces of at most ``size`` bytes."""
        while piece := self.read(size):
            yield piece

    def close(self) -> None:
        """Let go of the connection. What was not read is not fetched."""
        if not self.closed:
            leave(self._response)
        super().close()


class ItemStream(Generic[T]):
    """JSON values, one a line, as they come. Blank lines are signs of life and are skipped.

    Raises while iterating:
        Unreachable: the connection broke before the end.
    """

    def __init__(self, url: str, response: BaseHTTPResponse, kind: type[T]) -> None:
        self._url = url
        self._response = response
        self._decoder = msgspec.json.Decoder(kind)
        self._items = self._iterate()

    def __iter__(self) -> Iterator[T]:
        return self._items

    def __next__(self) -> T:
        return next(self._items)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection."""
        leave(self._response)

    def _iterate(self) -> Iterator[T]:
        try:
            for line in self._lines():
                if line.strip():
                    yield self._decoder.decode(line)
        except msgspec.DecodeError as error:
            raise answers.not_ours(self._url) from error
        finally:
            self.close()

    def _lines(self) -> Iterator[bytes]:
        begun: list[bytes] = []
        while piece := _read(self._url, self._response, PIECE):
            first, *rest = piece.split(b"\n")
            begun.append(first)
            if rest:
                yield b"".join(begun)
                yield from rest[:-1]
                begun = [rest[-1]]
        if any(begun):
            raise Unreachable(f"The connection to {self._url} broke.")
