"""The one lock of the library: calls may come from several threads, and from signal handlers."""

from __future__ import annotations

import os
import threading
from types import TracebackType


class Lock:
    """A reentrant lock that a forked child gets fresh: the thread that held it at the fork does not exist there."""

    def __init__(self) -> None:
        self._renew()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _renew(self) -> None:
        self._lock = threading.RLock()


LOCK = Lock()
