"""Bringing one large content from the hub, in one pass: hashed, kept in the cache, written into a workspace."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from jupyter_dotscience.api.problems import Unavailable, Unreachable

from .errors import WorkspaceError, named

_ATTEMPTS: Final = 5
"""How often in a row a download may break off without having brought a byte."""
_BLOCK: Final = 1 << 20
"""Bytes that are hashed and written at a time: few calls, and still in the processor's cache for the second write."""
_DIRECT: Final = getattr(os, "O_DIRECT", 0)


class Source(Protocol):
    """Where contents come from: the hub, for one project."""

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """The content from byte ``start`` on, in pieces."""


class Download:
    """Brings one content into two files, going on where an earlier attempt, or an earlier process, had got to.

    The cache's copy goes past the page cache where the file system can do that (O_DIRECT, open(2)): the task will read
    the workspace's, and memory that holds the content twice is memory that the task has not.

    Args:
        partial: The cache's file while it is incomplete; may hold the beginning already.
        sha256: What the content must hash to.
        size: Bytes it must have.
        target: Descriptor of an empty file, which gets the content too.
        source: Where it comes from.
    """

    def __init__(self, partial: Path, sha256: str, size: int, target: int, source: Source) -> None:
        self._partial, self._sha256, self._size = partial, sha256, size
        self._target, self._source = target, source
        self._digest = hashlib.sha256()
        # Of pages, as direct writes want it. What is in it belongs behind the bytes that were written.
        self._block = mmap.mmap(-1, _BLOCK)
        self._written = self._held = 0

    def run(self, place: Path) -> None:
        """Bring all of it, and move the cache's file to its place.

        Raises:
            WorkspaceError: the source has another content, or breaks off again and again.
            OSError: the cache's file cannot be written.
            DotscienceError: whatever the source raises.
        """
        fd = os.open(self._partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._bring(fd)
            os.fsync(fd)
            self._partial.replace(place)
        finally:
            os.close(fd)

    @property
    def _at(self) -> int:
        """How many bytes have arrived."""
        return self._written + self._held

    def _bring(self, fd: int) -> None:
        self._resume(fd)
        resumed = self._at > 0
        _set_direct(fd, True)
        if not self._complete(fd) and not (resumed and self._complete(fd)):
            raise WorkspaceError(f"What the hub sent for the large object {self._sha256[:12]} has another SHA-256.")

    def _resume(self, fd: int) -> None:
        """Take what is there. The last block, if it is not full, is written again."""
        while count := os.preadv(fd, [memoryview(self._block)[self._held :]], self._at):
            self._held += count
            if self._held == _BLOCK:
                self._settle()

    def _complete(self, fd: int) -> bool:
        """Bring what is missing. With a wrong result all is thrown away, an earlier attempt's part too."""
        failures = 0
        while self._at < self._size:
            before, error = self._at, None
            try:
                self._receive(fd)
            except (Unreachable, Unavailable) as cut:
                error = cut
            failures = 0 if self._at > before else failures + 1
            if failures >= _ATTEMPTS:
                self._write(fd)
                raise error or WorkspaceError(f"The hub does not send all of the large object {self._sha256[:12]}.")
        self._write(fd)
        if self._written == self._size and self._digest.hexdigest() == self._sha256:
            return True
        self._throw_away(fd)
        return False

    def _receive(self, fd: int) -> None:
        for piece in self._source.read_object(self._sha256, self._at):
            view = memoryview(piece)
            while view:
                count = min(len(view), _BLOCK - self._held)
                self._block[self._held : self._held + count] = view[:count]
                self._held, view = self._held + count, view[count:]
                if self._held == _BLOCK:
                    self._write(fd)
            if self._at > self._size:
                return

    def _write(self, fd: int) -> None:
        """Bring the block to both files."""
        if self._held < _BLOCK:
            _set_direct(fd, False)  # it takes whole sectors only
        _write_all(fd, memoryview(self._block)[: self._held], self._written)
        self._settle()

    def _settle(self) -> None:
        """Count the block, which the cache has, into the hash, and write it to the workspace."""
        data = memoryview(self._block)[: self._held]
        self._digest.update(data)
        with named("write a large file of the workspace"):
            _write_all(self._target, data, self._written)
        self._written, self._held = self._written + self._held, 0

    def _throw_away(self, fd: int) -> None:
        os.ftruncate(fd, 0)
        os.ftruncate(self._target, 0)
        self._digest, self._written, self._held = hashlib.sha256(), 0, 0


def _set_direct(fd: int, on: bool) -> bool:
    """Let writes go past the page cache, or through it again; whether that could be done."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    wanted = flags | _DIRECT if on else flags & ~_DIRECT
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, wanted)
    except OSError:
        return False
    return wanted != flags


def _write_all(fd: int, data: memoryview, at: int) -> None:
    """Write ``data`` at byte ``at``, through the page cache where the file system wants other blocks than ours."""
    while data:
        try:
            count = os.pwrite(fd, data, at)
        except OSError as error:
            if error.errno != errno.EINVAL or not _set_direct(fd, False):
                raise
            continue
        data, at = data[count:], at + count
