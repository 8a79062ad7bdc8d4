"""SQLite's log of writes, brought into the database beside the writers.

By itself SQLite does it in the middle of a commit, whenever the log has a thousand pages (https://sqlite.org/wal.html,
section 3): that writer, and all who wait for it, then wait for two or three fsyncs and thousands of pages.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import Final

PAUSE_SECONDS: Final = 1.0
"""Pages that are written often, as those of indexes, are written back once in so long."""
MOST_PAGES: Final = 16_384
"""In the log, 64 MiB, before a commit does it after all: somebody reads for long, or a thread was not given time."""


class Checkpoints:
    """A thread that does it soon after a commit.

    Args:
        path: Of the database.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._wanted, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def want(self) -> None:
        """Something was committed. Costs next to nothing."""
        if self._wanted.is_set():
            return
        self._wanted.set()
        with self._lock:
            if self._thread is None and not self._closed.is_set():
                self._thread = threading.Thread(target=self._run, name="dotscience-checkpoints", daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Do it no more. What the log holds stays there, and is as good."""
        with self._lock:
            self._closed.set()
            self._wanted.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        with contextlib.closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
            while self._wanted.wait() and not self._closed.wait(PAUSE_SECONDS):
                self._wanted.clear()
                with contextlib.suppress(sqlite3.Error):  # busy, or a full disk: the next commit wants it again
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
