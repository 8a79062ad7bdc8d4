"""What the last scan found, so that the next one reads only what has changed.

A cache that is missing, cut short, of another version or damaged in any other way is an empty cache: it costs time,
never correctness. Layout of the file, all integers little-endian: the magic bytes, SHA-256 of the rest, the number of
records, the records (see ``_RECORD``) one after the other, the paths in the same order, a NUL after each.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from .errors import named

_MAGIC: Final = b"dotscience stat cache 1\n"
_RECORD: Final = struct.Struct("<qqQQIB20s32s")
_COUNT: Final = struct.Struct("<Q")
_NO_SHA256: Final = bytes(32)

PLAIN, LARGE, LOOKALIKE = 0, 1, 2
"""How a content is stored: as a blob, as an object for its size, as an object because it looks like a pointer."""


class Stamp(NamedTuple):
    """A file's identity and content when it was last read. The first five fields change when it is written to.

    ``ctime`` cannot be set back by a program, so that ``touch -d`` and archives with old times are no trap. The ids are
    raw bytes here: a cache of 100,000 files must load in a tenth of a second.
    """

    mtime: int
    ctime: int
    size: int
    inode: int
    mode: int
    storage: int
    blob: bytes
    sha256: bytes

    @property
    def sha256_hex(self) -> str | None:
        """SHA-256 of the content, None if it was never read (a checkout knows git's id only)."""
        return None if self.sha256 == _NO_SHA256 else self.sha256.hex()


def stamp(st: os.stat_result, storage: int, blob: str, sha256: str | None) -> Stamp:
    """The stamp of a file with this ``stat`` and this content."""
    raw = bytes.fromhex(sha256) if sha256 else _NO_SHA256
    return Stamp(st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_ino, st.st_mode, storage, bytes.fromhex(blob), raw)


class StatCache:
    """Stamps by path on disk, kept in one file.

    Args:
        path: The file; its folder is made when it is first saved. None keeps the stamps in memory only.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self.stamps: Mapping[bytes, Stamp] = _load(path) if path else {}

    def replace(self, stamps: Mapping[bytes, Stamp]) -> None:
        """Take what a newer scan found, and save it.

        Raises:
            DiskFull, WorkspaceError: the file cannot be written; the stamps serve in memory all the same.
        """
        self.stamps = stamps
        if self.path is not None:
            with named(f"save the stat cache {self.path}"):
                _save(self.path, stamps)


def _save(path: Path, stamps: Mapping[bytes, Stamp]) -> None:
    body = b"".join(
        (
            _COUNT.pack(len(stamps)),
            b"".join([_RECORD.pack(*s) for s in stamps.values()]),
            b"".join([p + b"\0" for p in stamps]),
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


def _load(path: Path) -> dict[bytes, Stamp]:
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
    records = map(Stamp._make, _RECORD.iter_unpack(body[_COUNT.size : end]))
    return dict(zip(paths, records, strict=False))
