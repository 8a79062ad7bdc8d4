"""Log entries on disk until the hub has them, with the place in the backend's log where they end.

The folder holds segments ``<number of the first entry>.log``. A segment is a row of records: length and CRC-32 (big
endian), then a :class:`Batch` in MessagePack. Entries and cursor are one record and so one write: after a crash either
both are there or neither, and a record that is torn is cut off. What is lost that way is read from the backend again.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from dotscience_runner.files import wait_for_disk
from jupyter_dotscience.api.logs import LogEntry, LogStream

SEGMENT_BYTES = 16 << 20
_HEADER = struct.Struct(">II")

Piece = tuple[LogStream, int, bytes]
"""An entry without its number: stream, time in nanoseconds, data."""


class Batch(msgspec.Struct, array_like=True):
    """One record.

    Attributes:
        first: Number of its first entry.
        cursor: Where the backend's log goes on after it.
        scan_from: Number of the entry from which on the output must be kept to find markers; None for none.
        entries: Stream, time and data of each entry.
    """

    first: int
    cursor: Any
    scan_from: int | None
    entries: list[Piece]


class LogSpool:
    """The entries of one task. One thread may append while another reads.

    Args:
        folder: Where the segments are.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self.next = 0
        self.cursor: Any = None
        self.scan_from: int | None = None
        self._end = 0
        self._descriptor = -1
        self._segments = sorted(int(path.stem) for path in folder.glob("*.log"))
        self._recover()

    def _recover(self) -> None:
        """Go on after the last whole record. A segment that was just begun may be empty."""
        while self._segments:
            path = self._path(self._segments[-1])
            self._end = 0
            for end, batch in _records(path, 0):
                self._end = end
                self._remember(batch)
            if self._end:
                self._descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
                os.ftruncate(self._descriptor, self._end)
                return
            path.unlink()
            self._segments.pop()

    def _remember(self, batch: Batch) -> None:
        self.next = batch.first + len(batch.entries)
        self.cursor, self.scan_from = batch.cursor, batch.scan_from

    def _path(self, first: int) -> Path:
        return self._folder / f"{first:020d}.log"

    def append(self, pieces: list[Piece], cursor: Any, scan_from: int | None) -> None:
        """Add entries. While the disk is full it waits, and with it whoever makes the entries."""
        with self._lock:
            self._write(Batch(self.next, cursor, scan_from, pieces))

    def skip_to(self, number: int) -> None:
        """Give the next entry this number: the hub has entries that a crash of the machine took from here."""
        with self._lock:
            if number > self.next:
                self._write(Batch(number, self.cursor, self.scan_from, []))

    def _write(self, batch: Batch) -> None:
        payload = msgspec.msgpack.encode(batch)
        data = _HEADER.pack(len(payload), zlib.crc32(payload)) + payload
        if self._descriptor < 0 or self._end + len(data) > SEGMENT_BYTES:
            wait_for_disk(lambda: self._begin_segment(batch.first), self._folder)
        wait_for_disk(lambda: _write_all(self._descriptor, data, self._end), self._folder)
        self._end += len(data)
        self._remember(batch)

    def _begin_segment(self, first: int) -> None:
        if self._segments and self._segments[-1] == first:
            return  # one record alone may be larger than a segment
        descriptor = os.open(self._path(first), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = descriptor
        self._segments.append(first)
        self._end = 0

    def read(self, position: tuple[int, int] | None, number: int) -> Iterator[tuple[tuple[int, int], Batch]]:
        """Batches that hold entry ``number`` or later ones, each with the position after it.

        Args:
            position: A position that came with a batch before ``number``; None to look for it.
            number: The first entry that is wanted.
        """
        with self._lock:
            segments = list(self._segments)
        if position is None:
            before = [first for first in segments if first <= number]
            position = (before[-1] if before else segments[0] if segments else 0, 0)
        for first in segments:
            if first < position[0]:
                continue
            begin = position[1] if first == position[0] else 0
            for end, batch in _records(self._path(first), begin):
                if batch.first + len(batch.entries) > number:
                    yield (first, end), batch

    def release(self, number: int) -> None:
        """Remove segments whose entries all come before ``number``. The newest stays: it has the cursor."""
        with self._lock:
            while len(self._segments) > 1 and self._segments[1] <= number:
                self._path(self._segments.pop(0)).unlink(missing_ok=True)

    def close(self) -> None:
        """No more entries."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = -1


def _write_all(descriptor: int, data: bytes, offset: int) -> None:
    """Write at ``offset``, so that a write which failed half way is simply written over."""
    view = memoryview(data)
    while view:
        written = os.pwrite(descriptor, view, offset)
        view, offset = view[written:], offset + written


def _records(path: Path, offset: int) -> Iterator[tuple[int, Batch]]:
    """Whole records from ``offset`` on, each with the offset after it. Stops at the first that is torn."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        file.seek(offset)
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            length, checksum = _HEADER.unpack(header)
            payload = file.read(length)
            if len(payload) < length or zlib.crc32(payload) != checksum:
                return
            offset += _HEADER.size + length
            yield offset, msgspec.msgpack.decode(payload, type=Batch)


def entries_of(batch: Batch) -> list[LogEntry]:
    """The batch's entries with their numbers, as they travel."""
    return [
        LogEntry(number, stream, moment, data)
        for number, (stream, moment, data) in enumerate(batch.entries, batch.first)
    ]
