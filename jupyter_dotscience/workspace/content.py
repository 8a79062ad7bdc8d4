"""Reading a file once: both of its hashes, and whether it stood still meanwhile.

A single write(2) that was under way before and after does not show in the times: such a file may be taken in a state
between two. It is not remembered as known (see :mod:`.scan`), so that the next snapshot has it as it is then.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import Final

from .entry import LARGE, LOOKALIKE, PLAIN, Entry
from .errors import ContentChanged
from .hashing import CHUNK, MAX_POINTER, blob_header, blob_id, parse_pointer, pointer

_TRIES: Final = 3
_MAX_RETRIED: Final = 64 << 20
"""Bytes up to which a file that changes while it is read is read again; larger ones wait for the next snapshot."""


class NotRegular(Exception):
    """What was a file when the folder was listed is something else now."""


def read_entry(fd: int, threshold: int) -> Entry:
    """Hash an open file.

    Args:
        fd: Its descriptor, at the start of the file; stays open.
        threshold: Files above this many bytes get the id of their LFS pointer instead of a blob's.

    Raises:
        NotRegular: it is no regular file.
        ContentChanged: it was written to all the time.
        OSError: it cannot be read.
    """
    for _ in range(_TRIES):
        before = os.fstat(fd)
        if not stat.S_ISREG(before.st_mode):
            raise NotRegular
        found = _hash(fd, before.st_size, threshold)
        after = os.fstat(fd)
        if found and _still(before, after):
            return Entry.read(after, *found)
        if after.st_size > _MAX_RETRIED:
            break
        os.lseek(fd, 0, os.SEEK_SET)
    raise ContentChanged("It was written to while it was read.")


def _still(before: os.stat_result, after: os.stat_result) -> bool:
    return (before.st_mtime_ns, before.st_ctime_ns, before.st_size) == (
        after.st_mtime_ns,
        after.st_ctime_ns,
        after.st_size,
    )


_Found = tuple[bytes, bytes, int]
"""Blob id, SHA-256, storage."""


def _hash(fd: int, size: int, threshold: int) -> _Found | None:
    """Identify ``size`` bytes; None when the file has not just as many."""
    if size > min(CHUNK, threshold):
        return _hash_stream(fd, size, threshold)
    data = os.read(fd, size + 1)
    if len(data) != size:
        return None
    sha256 = hashlib.sha256(data).digest()
    if size <= MAX_POINTER and parse_pointer(data) is not None:
        # Stored as it is, a checkout would take it for a pointer of ours. So it becomes a large object itself.
        return _pointer_id(sha256, size), sha256, LOOKALIKE
    return hashlib.sha1(blob_header(size) + data, usedforsecurity=False).digest(), sha256, PLAIN


def _hash_stream(fd: int, size: int, threshold: int) -> _Found | None:
    sha256 = hashlib.sha256()
    blob = None if size > threshold else hashlib.sha1(blob_header(size), usedforsecurity=False)
    buffer = memoryview(bytearray(CHUNK))
    read = 0
    while count := os.readv(fd, [buffer]):
        read += count
        if read > size:
            return None
        sha256.update(buffer[:count])
        if blob is not None:
            blob.update(buffer[:count])
    if read != size:
        return None
    if blob is not None:
        return blob.digest(), sha256.digest(), PLAIN
    return _pointer_id(sha256.digest(), size), sha256.digest(), LARGE


def _pointer_id(sha256: bytes, size: int) -> bytes:
    return bytes.fromhex(blob_id(pointer(sha256.hex(), size)))
