"""Request bodies that may be compressed, with a limit on what they become."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from jupyter_dotscience.api.problems import BadRequest, TooLarge

_PIECE = 1 << 20
_TOO_LARGE = "The request is too large for this hub."


class GzipBody:
    """Unpacks a body piece by piece, never more than a megabyte ahead: a bomb is noticed before it goes off."""

    def __init__(self, encoding: str | None, limit: int) -> None:
        """Begin.

        Args:
            encoding: The Content-Encoding header.
            limit: Bytes that the body may have when unpacked.

        Raises:
            BadRequest: an encoding that is not spoken here.
        """
        if encoding not in (None, "", "identity", "gzip", "x-gzip"):
            raise BadRequest(f"The content encoding {encoding!r} is not known here.")
        # 31: a gzip header is expected (zlib's manual, inflateInit2).
        self._unpacker = zlib.decompressobj(31) if encoding in ("gzip", "x-gzip") else None
        self._left = self._packed_left = limit

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """What a piece of the body unpacks to.

        Raises:
            BadRequest: it is not gzip, or something follows it.
            TooLarge: over the limit.
        """
        if self._unpacker is None:
            yield self._counted(chunk)
            return
        # Of blocks that unpack to nothing a body could go on for ever; packing makes nothing much larger.
        self._packed_left -= len(chunk)
        if self._packed_left < -_PIECE:
            raise TooLarge(_TOO_LARGE)
        while chunk:
            if self._unpacker.eof:
                # zlib would keep all of it in memory.
                raise BadRequest("Something follows the gzip stream of the body.")
            try:
                piece = self._unpacker.decompress(chunk, _PIECE)
            except zlib.error:
                raise BadRequest("The body is not valid gzip.") from None
            chunk = self._unpacker.unconsumed_tail
            if piece:
                yield self._counted(piece)

    def _counted(self, piece: bytes) -> bytes:
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge(_TOO_LARGE)
        return piece
