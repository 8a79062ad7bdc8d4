"""Finds markers in output that comes in pieces, with bounded memory."""

from __future__ import annotations

import re

from jupyter_dotscience.api.marker import MAX_MARKER

_TAG = re.compile(rb"\[\[(/?)DOTSCIENCE-RUN:([^\]\s]{1,100})\]\]")
_LONGEST_TAG = len(b"[[/DOTSCIENCE-RUN:]]") + 100
_MOST_OPEN = 1000


class MarkerScanner:
    """Takes a stream piece by piece and answers the markers that are complete.

    Only the part from the first tag that may still be closed is kept, :data:`MAX_MARKER` bytes at the most.
    """

    def __init__(self) -> None:
        self._text = bytearray()
        self._scanned = 0
        self._open: dict[bytes, tuple[int, int]] = {}

    @property
    def kept(self) -> int:
        """How many bytes at the end of the stream so far may belong to a marker that is not complete."""
        return len(self._text)

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Id and content of each marker that ``data`` completes."""
        self._text += data
        found = []
        end = self._scanned
        for match in _TAG.finditer(self._text, self._scanned):
            end = match.end()
            if not match[1]:
                # Opened again it is the youngest: the oldest is first, whatever a program prints.
                self._open.pop(bytes(match[2]), None)
                self._open[bytes(match[2])] = match.span()
            elif match[2] in self._open:
                content = bytes(self._text[self._open[match[2]][1] : match.start()])
                found.append((match[2].decode(errors="replace"), content))
                # What was opened before lies around or inside: it is content.
                self._open.clear()
        self._scanned = self._tail(end)
        self._forget()
        return found

    def _tail(self, start: int) -> int:
        """Where a tag may begin whose end has not come yet."""
        begin = max(start, len(self._text) - _LONGEST_TAG)
        at = self._text.find(b"[[", begin)
        if at >= 0:
            return at
        return len(self._text) - 1 if self._text.endswith(b"[") else len(self._text)

    def _forget(self) -> None:
        """Drop what can be no part of a marker any more, and markers that are too long."""
        while self._open:
            first = next(iter(self._open))
            if len(self._text) - self._open[first][0] <= MAX_MARKER and len(self._open) <= _MOST_OPEN:
                break
            del self._open[first]
        keep = min([self._scanned, *(span[0] for span in self._open.values())])
        if keep:
            del self._text[:keep]
            self._scanned -= keep
            self._open = {name: (start - keep, end - keep) for name, (start, end) in self._open.items()}
