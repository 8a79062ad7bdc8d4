"""A task's log on its way to the hub: takes output and the agent's own words, finds markers, keeps all in the spool."""

from __future__ import annotations

import threading
import time
from typing import Any

from dotscience_runner.backends.base import Chunk
from jupyter_dotscience.api.logs import MAX_ENTRY, LogStream

from .foundruns import FoundRuns
from .logspool import LogSpool, Piece
from .markers import MarkerScanner
from .spool import TaskFolder

FLUSH_BYTES = 1 << 20
"""Output in memory beyond which whoever brings it writes it to the spool, and so waits for the disk."""
_PER_ENTRY = 64


class Journal:
    """The log of one task.

    Attributes:
        changed: Set when there is something to flush or to send.
    """

    def __init__(self, folder: TaskFolder) -> None:
        self.spool = LogSpool(folder.log)
        self.runs = FoundRuns(folder.runs)
        self.changed = threading.Event()
        self._lock = threading.Lock()
        self._pending: list[Piece] = []
        self._pending_bytes = 0
        self._cursor = self.spool.cursor
        self._scanner = MarkerScanner()
        self._rescan()

    @property
    def cursor(self) -> Any:
        """Where the backend's log goes on after what is kept."""
        return self._cursor

    def _rescan(self) -> None:
        """Bring the scanner where it was when the spool was written last."""
        start = self.spool.scan_from
        if start is None:
            return
        for _, batch in self.spool.read(None, start):
            pieces = batch.entries[max(0, start - batch.first) :]
            for run, content in self._scanner.feed(_stdout(pieces)):
                self.runs.add(run, content)

    def say(self, stream: LogStream, text: str) -> None:
        """Write a line of the infrastructure's."""
        data = (text.rstrip("\n") + "\n").encode("utf-8", "replace")
        pieces = [(stream, time.time_ns(), data[at : at + MAX_ENTRY]) for at in range(0, len(data), MAX_ENTRY)]
        with self._lock:
            self._pending += pieces
            self._flush()
        self.changed.set()

    def take(self, chunk: Chunk) -> None:
        """Take output of the workload."""
        with self._lock:
            self._pending.append((chunk.stream, chunk.time, chunk.data))
            self._cursor = chunk.cursor
            self._pending_bytes += len(chunk.data) + _PER_ENTRY
            if self._pending_bytes >= FLUSH_BYTES:
                self._flush()
        if not self.changed.is_set():
            self.changed.set()

    def flush(self) -> None:
        """Write what was taken to the spool."""
        with self._lock:
            self._flush()

    def _flush(self) -> None:
        pieces, self._pending, self._pending_bytes = self._pending, [], 0
        if not pieces:
            return
        for run, content in self._scanner.feed(_stdout(pieces)):
            # The run first, then the record that says it need not be looked for again.
            problem = self.runs.add(run, content)
            if problem:
                pieces.append((LogStream.AGENT, time.time_ns(), (problem + "\n").encode()[:MAX_ENTRY]))
        self.spool.append(pieces, self._cursor, self._scan_from(pieces))

    def _scan_from(self, pieces: list[Piece]) -> int | None:
        """Number of the entry with the first byte that the scanner keeps."""
        kept = self._scanner.kept
        if not kept:
            return None
        for number in range(self.spool.next + len(pieces) - 1, self.spool.next - 1, -1):
            stream, _, data = pieces[number - self.spool.next]
            if stream is LogStream.STDOUT:
                kept -= len(data)
                if kept <= 0:
                    return number
        return self.spool.scan_from if self.spool.scan_from is not None else self.spool.next

    def release(self, number: int) -> None:
        """The hub has all entries before ``number``."""
        keep = self.spool.scan_from
        self.spool.release(number if keep is None else min(number, keep))

    def close(self) -> None:
        """No more entries."""
        self.spool.close()


def _stdout(pieces: list[Piece]) -> bytes:
    return b"".join([data for stream, _, data in pieces if stream is LogStream.STDOUT])
