"""Bringing one large content from the hub, in one pass: hashed, kept in the cache, written into a workspace."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from jupyter_dotscience.api.problems import Unavailable, Unreachable

from .errors import WorkspaceError
from .hashedfile import HashedFile

_ATTEMPTS: Final = 5
"""How often in a row a download may break off without having brought a byte."""


class Source(Protocol):
    """Where contents come from: the hub, for one project."""

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """The content from byte ``start`` on, in pieces."""


class Download:
    """Brings one content into a file, going on where an earlier attempt, or an earlier process, had got to.

    Args:
        partial: The cache's file while it is incomplete; may hold the beginning already.
        sha256: What the content must hash to.
        size: Bytes it must have.
        source: Where it comes from.
        target: Descriptor of an empty file which gets the content too; None for none.
    """

    def __init__(self, partial: Path, sha256: str, size: int, source: Source, target: int | None = None) -> None:
        self._partial, self._sha256, self._size = partial, sha256, size
        self._source, self._target = source, target

    def run(self, place: Path) -> int:
        """Bring all of it, move the cache's file to its place, and return a descriptor for reading.

        Raises:
            WorkspaceError: the source has another content, or breaks off again and again; or the target cannot be
                written.
            OSError: the cache's file cannot be written.
            DotscienceError: whatever the source raises.
        """
        fd = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # The copy in memory should be the one that the task will read.
            self._bring(HashedFile(fd, self._target, direct=self._target is not None))
            os.fsync(fd)
            self._partial.replace(place)
        except BaseException:
            os.close(fd)
            raise
        return fd

    def _bring(self, file: HashedFile) -> None:
        file.resume()
        resumed = file.size > 0
        if not self._complete(file) and not (resumed and self._complete(file)):
            raise WorkspaceError(f"What the hub sent for the large object {self._sha256[:12]} has another SHA-256.")

    def _complete(self, file: HashedFile) -> bool:
        """Bring what is missing. With a wrong result all is thrown away, an earlier attempt's part too."""
        failures = 0
        while file.size < self._size:
            before, error = file.size, None
            try:
                self._receive(file)
            except (Unreachable, Unavailable) as cut:
                error = cut
            failures = 0 if file.size > before else failures + 1
            if failures >= _ATTEMPTS:
                file.finish()
                raise error or WorkspaceError(f"The hub does not send all of the large object {self._sha256[:12]}.")
        if file.finish() == self._sha256 and file.size == self._size:
            return True
        file.clear()
        return False

    def _receive(self, file: HashedFile) -> None:
        for piece in self._source.read_object(self._sha256, file.size):
            file.add(piece)
            if file.size > self._size:
                return
