"""Large objects come in parts, several at once, into a file that outlives a kill with a note of the parts it has."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .listing import Listed

PART_BYTES = 32 << 20
"""Large enough that a request's cost does not count, small enough that a kill loses little."""
_READ = 1 << 20


class Partial:
    """A large object on its way in. Its parts may be written by several threads.

    Attributes:
        listed: Which object; another version of it is another file.
        path: Where its content gathers.
    """

    def __init__(self, folder: Path, listed: Listed) -> None:
        """Nothing is opened yet."""
        self.listed = listed
        self.path = folder / f"{stem(listed)}.part"
        self._note = folder / f"{stem(listed)}.done"
        self._lock = threading.Lock()
        self._done: set[int] = set()
        self._digest, self._hashed, self._hashing = hashlib.sha256(), 0, False
        self._handle = self._notes = -1
        self.version_id: str | None = None

    @property
    def count(self) -> int:
        """Parts of the whole."""
        return -(-self.listed.size // PART_BYTES)

    def open(self) -> list[int]:
        """Open it; the parts that are missing."""
        self._done = self._noted()
        missing = [part for part in range(self.count) if part not in self._done]
        if missing and self.path.exists() and self.path.stat().st_nlink > 1:
            # It is an object already, and its notes were lost: an object is never written to.
            self.remove()
            self._done, missing = set(), list(range(self.count))
        flags = os.O_RDWR | os.O_CREAT if missing else os.O_RDONLY
        self._handle = os.open(self.path, flags | os.O_CLOEXEC, 0o600)
        if missing:
            # A full disk shows now, and not after an hour.
            os.posix_fallocate(self._handle, 0, self.listed.size)
        self._notes = os.open(self._note, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        return missing

    def _noted(self) -> set[int]:
        if not self.path.exists() or not self._note.exists():
            self._note.unlink(missing_ok=True)
            return set()
        lines = self._note.read_bytes().split(b"\n")[:-1]  # a kill may have cut the last line
        return {int(line) for line in lines if line.isdigit() and int(line) < self.count}

    def span(self, part: int) -> tuple[int, int]:
        """First byte and length of a part."""
        start = part * PART_BYTES
        return start, min(PART_BYTES, self.listed.size - start)

    def write(self, start: int, data: bytes) -> None:
        """Put bytes in their place."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._handle, view, start)
            view, start = view[written:], start + written

    def finish_part(self, part: int) -> None:
        """All of a part was written: note it, once it is on the disk."""
        os.fdatasync(self._handle)
        os.write(self._notes, b"%d\n" % part)
        with self._lock:
            self._done.add(part)

    def hash_on(self) -> str | None:
        """Hash what is there in one piece from the beginning; the digest in the one call that comes to the end."""
        while (part := self._next_to_hash()) is not None:
            start, length = self.span(part)
            for offset in range(start, start + length, _READ):
                self._digest.update(os.pread(self._handle, min(_READ, start + length - offset), offset))
            with self._lock:
                self._hashed, self._hashing = part + 1, False
                if self._hashed == self.count:
                    return self._digest.hexdigest()
        return None

    def _next_to_hash(self) -> int | None:
        """The part to hash now; None when it is not there yet, or another thread is at it and will see to the rest."""
        with self._lock:
            if self._hashing or self._hashed not in self._done:
                return None
            self._hashing = True
            return self._hashed

    def close(self) -> None:
        """Close its files; they stay."""
        for handle in (self._handle, self._notes):
            if handle >= 0:
                os.close(handle)
        self._handle = self._notes = -1

    def remove(self) -> None:
        """Remove its files."""
        self.close()
        self.path.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def stem(listed: Listed) -> str:
    """A name for the files of one version of an object."""
    return hashlib.sha256(f"{listed.etag}\0{listed.size}\0{listed.modified}\0{listed.key}".encode()).hexdigest()


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """A dataset's folder for unfinished downloads, for this process alone: the lock ends with it, however it ends.

    Raises:
        BlockingIOError: another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        os.close(handle)


def sweep(folder: Path, wanted: set[str]) -> None:
    """Remove files of versions that nobody wants any more."""
    for path in folder.iterdir():
        if path.name != "lock" and path.stem not in wanted:
            path.unlink(missing_ok=True)
