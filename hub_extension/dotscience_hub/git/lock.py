"""One writer of a repository at a time, among threads and among processes."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

_guard = threading.Lock()
_locks: WeakValueDictionary[str, _ThreadLock] = WeakValueDictionary()


class _ThreadLock:
    """A lock that a weak dictionary can hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


def writing(folder: Path) -> AbstractContextManager[None]:
    """Hold the repository in `folder` for moving its branches.

    Inside, no transaction of the store may be waited for: who has one may be waiting here.
    """
    return _holding(folder / "dotscience.lock")


def packing(folder: Path) -> AbstractContextManager[None]:
    """Hold the repository in `folder` for packing, or for keeping others from it; commits go on meanwhile."""
    return _holding(folder / "dotscience-pack.lock")


@contextmanager
def _holding(path: Path) -> Iterator[None]:
    """The kernel lets go of the file lock when the process dies, however it dies."""
    with _guard:
        key = str(path)
        mine = _locks.get(key) or _locks.setdefault(key, _ThreadLock())
    with mine.lock:
        handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
