"""Hashing the files of a scan: small ones at once, larger ones on threads."""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final

from . import names
from .content import NotRegular, read_entry
from .entry import Entry
from .errors import ContentChanged
from .threads import Threads

_THREADS: Final = 2
AT_ONCE: Final = 1 << 20
"""Bytes up to which a file is hashed at once; handing it to a thread costs more than hashing it."""
_PENDING: Final = 16
"""Files that wait for a thread, each with a descriptor."""

Found = Callable[[Entry], None]
Failed = Callable[[Exception], None]

UNREADABLE: Final = (OSError, NotRegular, ContentChanged)
"""What can happen to a file between being listed and being read."""


class Reader:
    """Reads files and tells what it found.

    Args:
        threshold: Files above this many bytes are kept as large objects.
    """

    def __init__(self, threshold: int) -> None:
        self._threshold = threshold
        self._threads = Threads(_THREADS, "dotscience-hash")
        self._places = threading.BoundedSemaphore(_PENDING)
        self._pending: list[tuple[Future[Entry], Found, Failed]] = []

    def read(self, name: str, folder: int) -> Entry:
        """Read a file now.

        Args:
            name: Its name.
            folder: Descriptor of its folder.

        Raises:
            OSError, NotRegular, ContentChanged: it cannot be read (see :func:`reason`).
        """
        fd = os.open(name, names.FILE_FLAGS, dir_fd=folder)
        try:
            return read_entry(fd, self._threshold)
        finally:
            os.close(fd)

    def read_later(self, name: str, folder: int, found: Found, failed: Failed) -> None:
        """Open a file now, and read it on a thread.

        Args:
            name: Its name.
            folder: Descriptor of its folder.
            found: Called with its entry by :meth:`finish`.
            failed: Called instead when it cannot be read.

        Raises:
            OSError: it cannot be opened.
        """
        self._places.acquire()
        try:
            fd = os.open(name, names.FILE_FLAGS, dir_fd=folder)
        except BaseException:
            self._places.release()
            raise
        self._pending.append((self._threads.submit(self._on_thread, fd), found, failed))

    def finish(self) -> None:
        """Wait for all files."""
        for future, found, failed in self._pending:
            try:
                entry = future.result()
            except UNREADABLE as error:
                failed(error)
            else:
                found(entry)
        self._pending.clear()

    def close(self) -> None:
        """End the threads."""
        self._threads.close()

    def _on_thread(self, fd: int) -> Entry:
        try:
            return read_entry(fd, self._threshold)
        finally:
            os.close(fd)
            self._places.release()


def reason(error: Exception) -> str | None:
    """Why a file is not in the snapshot; None for one that is gone by now, which needs no reason.

    Raises:
        OSError: the error itself, when it is this process that is short of something: no file can be blamed for that.
    """
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM):
        raise error
    if not isinstance(error, OSError) or error.errno in (errno.ELOOP, errno.ENOTDIR):
        return "it was changed while it was read"
    if error.errno == errno.ENOENT:
        return None
    return f"it cannot be read: {os.strerror(error.errno or 0)}"
