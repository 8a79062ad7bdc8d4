"""One writer of a repository at a time, among threads and among processes."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakValueDictionary

_guard = threading.Lock()
_locks: WeakValueDictionary[str, _ThreadLock] = WeakValueDictionary()


class _ThreadLock:
    """A lock that a weak dictionary can hold."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the repository in `folder` for writing.

    The kernel lets go of the file lock when the process dies, however it dies. Inside, no other lock may be waited for
    that a holder of this one could want (a transaction of the store above all): order is store, then repository.
    """
    with _guard:
        key = str(folder)
        mine = _locks.get(key) or _locks.setdefault(key, _ThreadLock())
    with mine.lock:
        handle = os.open(folder / "dotscience.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)
