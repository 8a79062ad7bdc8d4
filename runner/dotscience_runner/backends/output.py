"""Reads the file of records that the shim writes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from jupyter_dotscience.api.logs import LogStream

from .base import Chunk, Json
from .lines import cut
from .shim import RECORD

READ_BYTES = 1 << 20
SHORTEST_WAIT, LONGEST_WAIT = 0.01, 0.05
_STREAMS = {1: LogStream.STDOUT, 2: LogStream.STDERR}


def read_output(path: Path, cursor: Json | None, ended: Callable[[], bool]) -> Iterator[Chunk]:
    """Chunks after ``cursor`` until the workload has ended and all is read.

    A cursor is ``[offset of a record, bytes of it that are done]``.

    Args:
        path: The file; it may not be there yet.
        cursor: Where to go on, None for the beginning.
        ended: Whether nothing more will be written.
    """
    offset, done = cursor or (0, 0)
    wait = SHORTEST_WAIT
    while True:
        last_pass = ended()
        for at, data, stream, moment in _records(path, offset):
            yield from _chunks(at, done, data, stream, moment)
            offset, done = at + RECORD.size + len(data), 0
            wait = SHORTEST_WAIT
        if last_pass:
            return
        time.sleep(wait)
        wait = min(wait * 1.5, LONGEST_WAIT)


def _records(path: Path, offset: int) -> Iterator[tuple[int, bytes, LogStream, int]]:
    """Whole records from ``offset`` to the end of the file as it is now."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "rb", buffering=READ_BYTES) as file:
        file.seek(offset)
        while len(header := file.read(RECORD.size)) == RECORD.size:
            stream, moment, length = RECORD.unpack(header)
            data = file.read(length)
            if len(data) < length:
                return
            yield offset, data, _STREAMS[stream], moment
            offset += RECORD.size + length


def _chunks(offset: int, done: int, data: bytes, stream: LogStream, moment: int) -> Iterator[Chunk]:
    after = [offset + RECORD.size + len(data), 0]
    end = done
    for piece in cut(data[done:]):
        end += len(piece)
        yield Chunk(stream, moment, piece, after if end == len(data) else [offset, end])
