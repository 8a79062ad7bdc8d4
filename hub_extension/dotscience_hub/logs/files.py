"""Task logs as append-only files, one a task.

A file holds one JSON value a line, the wire form of ``api.logs.LogEntry``: what is stored is what is sent, so following
a log is copying bytes. Sequence numbers are consecutive, so any number is found by bisection without an index.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from jupyter_dotscience.api.logs import LogEntry
from jupyter_dotscience.api.problems import TooEarly

CHUNK = 1 << 20
_OPEN_FILES = 256
_encoder = msgspec.json.Encoder()


class LogFiles:
    """All logs below one folder. Safe to use from many threads of one process; no other process may append."""

    def __init__(self, root: Path) -> None:
        """Use ``root``, which is made if need be."""
        self._root = root
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _LogFile] = OrderedDict()
        root.mkdir(parents=True, exist_ok=True)

    def append(self, task: str, entries: Sequence[LogEntry], guard: Callable[[], None] | None = None) -> int:
        """Add entries that are not there yet.

        Args:
            task: Id of the task.
            entries: With consecutive sequence numbers; those already stored are passed over.
            guard: Called before anything is written, while nobody else can append to this log or ask for its next
                number; what it raises is raised.

        Returns:
            The sequence number that comes next.

        Raises:
            TooEarly: Numbers between what is stored and the first entry are missing; ``detail["next"]`` is the first.
        """
        while True:
            log = self._get(task)
            with log.lock:
                if not log.closed:
                    if guard is not None:
                        guard()
                    return log.append(entries)

    def next(self, task: str) -> int:
        """The sequence number that comes next, once all who are appending have done so."""
        return self.append(task, ())

    def seal(self, task: str) -> None:
        """Make the log durable, also against a power cut."""
        path = self.path(task)
        if path.exists():
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def delete(self, task: str) -> None:
        """Remove a task's log; none is no error."""
        with self._lock:
            log = self._open.pop(task, None)
        if log is not None:
            log.close()
        self.path(task).unlink(missing_ok=True)

    def path(self, task: str) -> Path:
        """Where a task's log is. The end of a UUIDv7 is random, its start is not: shard by the end."""
        return self._root / task[-2:] / f"{task}.ndjson"

    def _get(self, task: str) -> _LogFile:
        with self._lock:
            log = self._open.pop(task, None) or _LogFile(self.path(task))
            self._open[task] = log
            evicted = self._open.popitem(last=False)[1] if len(self._open) > _OPEN_FILES else None
        if evicted is not None:
            evicted.close()
        return log


class _LogFile:
    """One file that is being appended to."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        self.closed = False
        self._path = path
        self._file: int | None = None
        self._next = 0

    def append(self, entries: Sequence[LogEntry]) -> int:
        if self._file is None:
            self._open()
        fresh = [entry for entry in entries if entry.seq >= self._next]
        for expected, entry in enumerate(fresh, self._next):
            if entry.seq != expected:
                message = f"Log entry {entry.seq} came before entry {expected}."
                raise TooEarly(message, detail={"next": self._next})
        if fresh:
            self._write(b"".join(_encoder.encode(entry) + b"\n" for entry in fresh))
            self._next += len(fresh)
        return self._next

    def _write(self, data: bytes) -> None:
        assert self._file is not None
        start = os.fstat(self._file).st_size
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._file, view) :]
        except OSError:
            # A full disk leaves a torn line: take it back, so that the agent's next try appends to a whole one.
            os.ftruncate(self._file, start)
            raise

    def _open(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        size = os.fstat(self._file).st_size
        end = last_newline(self._file, size) + 1
        if end != size:
            os.ftruncate(self._file, end)  # a write cut short by the end of the process
        self._next = 0 if end == 0 else sequence_at(self._file, last_newline(self._file, end - 1) + 1) + 1

    def close(self) -> None:
        with self.lock:
            self.closed = True
            if self._file is not None:
                os.close(self._file)


def read(path: Path, after: int = -1) -> Iterator[bytes]:
    """Whole lines of a log file after a sequence number, in chunks of about :data:`CHUNK` bytes, up to its present end.

    Args:
        path: The file; one that does not exist is an empty log.
        after: Only entries with a greater number.
    """
    reader = LogReader(path, after)
    try:
        while chunk := reader.read():
            yield chunk
    finally:
        reader.close()


class LogReader:
    """Reads a log file bit by bit while it grows."""

    def __init__(self, path: Path, after: int = -1) -> None:
        """Start behind entry ``after``; the file need not exist yet."""
        self._path = path
        self._after = after
        self._file: int | None = None
        self._offset = 0

    def read(self) -> bytes:
        """The next whole lines, or nothing at the present end."""
        if self._file is None and not self._open():
            return b""
        assert self._file is not None
        size = CHUNK
        while True:
            data = os.pread(self._file, size, self._offset)
            end = data.rfind(b"\n") + 1
            if end or len(data) < size:
                self._offset += end
                return data[:end]
            size *= 2

    def _open(self) -> bool:
        try:
            self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        self._offset = offset_after(self._file, self._after)
        return True

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


def offset_after(file: int, after: int) -> int:
    """Where the first entry with a greater number than ``after`` starts; the end of whole lines when there is none."""
    low, high = 0, last_newline(file, os.fstat(file).st_size) + 1
    if after < 0:
        return 0
    while low < high:
        start = last_newline(file, (low + high) // 2) + 1
        start = max(start, low)
        if sequence_at(file, start) > after:
            high = start
        else:
            low = next_line(file, start)
    return low


def last_newline(file: int, before: int) -> int:
    """Position of the last newline before an offset, or -1."""
    while before > 0:
        start = max(0, before - 65_536)
        found = os.pread(file, before - start, start).rfind(b"\n")
        if found >= 0:
            return start + found
        before = start
    return -1


def next_line(file: int, start: int) -> int:
    """Where the line after the one at ``start`` begins."""
    while True:
        data = os.pread(file, 65_536, start)
        found = data.find(b"\n")
        if found >= 0 or not data:
            return start + found + 1
        start += len(data)


def sequence_at(file: int, offset: int) -> int:
    """The sequence number of the entry that starts at an offset."""
    return int(os.pread(file, 24, offset)[1:].split(b",", 1)[0])
