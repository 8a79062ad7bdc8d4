"""Writing a long content and its hash in one pass: each block is hashed and written while it is hot."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import mmap
import os
from typing import Final

from .errors import named

_BLOCK: Final = 1 << 20
"""Bytes that are hashed and written at a time: few calls, and still in the processor's cache for the second write."""
_DIRECT: Final = getattr(os, "O_DIRECT", 0)


class HashedFile:
    """A file that is written from its start to its end, and the SHA-256 of what was written.

    It goes past the page cache where the file system can do that (O_DIRECT, open(2)): what is stored for later must not
    push out of memory what is used now, and is on the disk as soon as it has come.

    Args:
        fd: Descriptor of the file, for reading and writing; stays open.
        copy: Descriptor of an empty file that gets the same, through the page cache.
        direct: Whether to go past the page cache; False for what is read again at once.
    """

    def __init__(self, fd: int, copy: int | None = None, *, direct: bool = True) -> None:
        self._fd, self._copy = fd, copy
        self._digest = hashlib.sha256()
        # Whole pages, as direct writes want them. What is in it belongs behind the bytes that were written.
        self._block = mmap.mmap(-1, _BLOCK)
        self._written = self._held = 0
        if direct:
            _set_direct(fd, True)

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self._written + self._held

    def resume(self) -> None:
        """Take what the file has already. Its last block, if it is not full, will be written again.

        Raises:
            OSError: the file cannot be read.
        """
        direct = _set_direct(self._fd, False)
        while count := os.preadv(self._fd, [memoryview(self._block)[self._held :]], self.size):
            self._held += count
            if self._held == _BLOCK:
                self._settle()
        if direct:
            _set_direct(self._fd, True)

    def add(self, piece: bytes) -> None:
        """Add to the end.

        Raises:
            OSError: the file cannot be written.
            WorkspaceError: the copy cannot.
        """
        view = memoryview(piece)
        while view:
            count = min(len(view), _BLOCK - self._held)
            self._block[self._held : self._held + count] = view[:count]
            self._held, view = self._held + count, view[count:]
            if self._held == _BLOCK:
                self._write()

    def finish(self) -> str:
        """Write what is left; the SHA-256 of everything in hexadecimal digits. More may be added all the same.

        Raises:
            OSError: the file cannot be written.
            WorkspaceError: the copy cannot.
        """
        if self._held:
            _set_direct(self._fd, False)  # it takes whole sectors only
            self._write()
        return self._digest.hexdigest()

    def clear(self) -> None:
        """Throw everything away.

        Raises:
            OSError: a file cannot be cut.
        """
        for fd in (self._fd, self._copy):
            if fd is not None:
                os.ftruncate(fd, 0)
        self._digest, self._written, self._held = hashlib.sha256(), 0, 0

    def _write(self) -> None:
        _write_all(self._fd, memoryview(self._block)[: self._held], self._written)
        self._settle()

    def _settle(self) -> None:
        """Have done with the block, which is in the file."""
        data = memoryview(self._block)[: self._held]
        self._digest.update(data)
        if self._copy is not None:
            with named("write a large file of the workspace"):
                _write_all(self._copy, data, self._written)
        self._written, self._held = self._written + self._held, 0


def _set_direct(fd: int, on: bool) -> bool:
    """Let writes go past the page cache, or through it again; whether that changed anything."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    wanted = flags | _DIRECT if on else flags & ~_DIRECT
    try:
        fcntl.fcntl(fd, fcntl.F_SETFL, wanted)
    except OSError:  # the file system has no such writes
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
