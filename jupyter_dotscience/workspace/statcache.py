"""What the last scan found, so that the next one reads only what has changed.

A cache that is missing, cut short, of another version or damaged in any other way is an empty cache: it costs time,
never correctness. Layout of the file, all integers little-endian: the magic bytes, SHA-256 of the rest, the number of
entries, the entries (see ``_RECORD``) one after the other, the paths in the same order, a NUL after each.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import os
import struct
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from .entry import Entry
from .errors import named

_MAGIC: Final = b"dotscience stat cache 1\n"
_RECORD: Final = struct.Struct("<I20sQ32sqBqQI")
"""The fields of Entry."""
_COUNT: Final = struct.Struct("<Q")


class StatCache:
    """Entries by path on disk, kept in one file.

    Args:
        path: The file; its folder is made when it is first saved. None keeps the entries in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.entries: Mapping[bytes, Entry] = _load(path) if path else {}

    def replace(self, entries: Mapping[bytes, Entry]) -> None:
        """Take what a newer scan found, and save it.

        Raises:
            DiskFull, WorkspaceError: the file cannot be written; the entries serve in memory all the same.
        """
        self.entries = entries
        if self.path is not None:
            with named(f"save the stat cache {self.path}"):
                _save(self.path, entries)


def _save(path: Path, entries: Mapping[bytes, Entry]) -> None:
    body = b"".join(
        (
            _COUNT.pack(len(entries)),
            b"".join([_RECORD.pack(*e) for e in entries.values()]),
            b"".join([p + b"\0" for p in entries]),
        )
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    # A reader sees the old file or the new one, also after a kill; no fsync, for a torn file is found by its hash.
    fd, temporary = tempfile.mkstemp(prefix=path.name + ".", suffix=".tmp", dir=path.parent)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(_MAGIC + hashlib.sha256(body).digest())
            file.write(body)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise


def _load(path: Path) -> dict[bytes, Entry]:
    try:
        data = path.read_bytes()
    except OSError:
        return {}
    start = len(_MAGIC) + 32
    body = memoryview(data)[start:]
    if not data.startswith(_MAGIC) or hashlib.sha256(body).digest() != data[len(_MAGIC) : start]:
        return {}
    count = _COUNT.unpack_from(body)[0]
    end = _COUNT.size + count * _RECORD.size
    paths = bytes(body[end:]).split(b"\0")
    with _collector_at_rest():
        records = map(Entry._make, _RECORD.iter_unpack(body[_COUNT.size : end]))
        return dict(zip(paths, records, strict=False))


@contextlib.contextmanager
def _collector_at_rest() -> Iterator[None]:
    """Keep the garbage collector from looking through 100,000 new tuples again and again: a third of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
