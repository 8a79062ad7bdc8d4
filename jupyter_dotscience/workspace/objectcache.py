"""Large contents on a runner, by SHA-256: downloaded and verified once, copied into any number of workspaces.

A workspace's file is never a hard link to the cache: writing to it would change what the next task gets. Only folders
that no task can write to have links (:meth:`ObjectCache.link`).
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .download import Download, Source
from .errors import DiskFull, WorkspaceError, named
from .hashing import CHUNK

_COPY: Final = 64 << 20
_NO_LINK: Final = (errno.EMLINK, errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS)
"""A content has as many links as the file system allows, or it knows none."""


@dataclass(frozen=True)
class Held:
    """A content, or the beginning of one, in the cache.

    Attributes:
        used: When it was used last; seconds since 1970.
        size: Bytes.
        path: Its file.
        linked: Whether a folder has a link to it, so that forgetting it would make no room.
    """

    used: float
    size: int
    path: Path
    linked: bool


class ObjectCache:
    """A folder of contents that keeps within a size by forgetting what was not used for longest.

    One process uses it at a time, with any number of threads.

    Args:
        folder: Where it is; made when needed.
        limit: Bytes it may hold. What is being copied stays readable even when it is forgotten meanwhile.
        make_room: Called with a size before so much is downloaded, in place of the limit: for an owner who makes room
            here and elsewhere.
    """

    def __init__(self, folder: Path, limit: int, make_room: Callable[[int], None] | None = None) -> None:
        self.folder, self.limit = folder, limit
        self._room = make_room or self._make_room
        self._lock = threading.Lock()
        self._busy: dict[str, tuple[threading.Lock, int]] = {}

    def copy(self, sha256: str, size: int, target: int, source: Source) -> None:
        """Write a content to an open file, downloading it first if it is not here.

        Args:
            sha256: 64 hexadecimal digits.
            size: Bytes.
            target: Descriptor of an empty file.
            source: Where to download from.

        Raises:
            DiskFull: no space left, for the cache or for the target.
            WorkspaceError: the source has another content than it should, or breaks off again and again.
            DotscienceError: whatever the source raises.
        """
        with self._one_at_a_time(sha256):
            fd = self._open_held(sha256, size)
            if fd is None:
                os.close(self._download(sha256, size, source, target))
                return
        try:
            with named("write a large file of the workspace"):
                _copy(fd, target, size)
        finally:
            os.close(fd)

    def has(self, sha256: str, size: int) -> bool:
        """Whether a content is here."""
        try:
            return self._place(sha256).stat().st_size == size
        except OSError:
            return False

    def _place(self, sha256: str) -> Path:
        if len(sha256) != 64 or not set(sha256) <= set("0123456789abcdef"):
            raise WorkspaceError(f"{sha256[:80]!r} is no SHA-256.")
        return self.folder / sha256[:2] / sha256[2:]

    def _open_held(self, sha256: str, size: int) -> int | None:
        """A descriptor of a content that is here; it stays readable when the name is removed."""
        try:
            fd = os.open(self._place(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        if os.fstat(fd).st_size != size:  # it lost its end in a power cut
            os.close(fd)
            return None
        # The time of reading marks the use: that of writing is seen by those who have a link.
        os.utime(fd, ns=(time.time_ns(), os.fstat(fd).st_mtime_ns))
        return fd

    @contextlib.contextmanager
    def _one_at_a_time(self, sha256: str) -> Iterator[None]:
        """Two tasks that want the same content download it once."""
        with self._lock:
            lock, users = self._busy.get(sha256, (threading.Lock(), 0))
            self._busy[sha256] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._busy[sha256]
                if users == 1:
                    del self._busy[sha256]
                else:
                    self._busy[sha256] = (lock, users - 1)

    def _download(self, sha256: str, size: int, source: Source, target: int | None = None) -> int:
        place = self._place(sha256)
        partial = self.folder / "partial" / sha256
        self._room(size)
        try:
            with named(f"store the large object {sha256[:12]}"):
                place.parent.mkdir(parents=True, exist_ok=True)
                partial.parent.mkdir(parents=True, exist_ok=True)
                return Download(partial, sha256, size, source, target).run(place)
        except DiskFull:
            partial.unlink(missing_ok=True)
            raise

    def _make_room(self, size: int) -> None:
        """Forget the contents that were not used for longest until ``size`` bytes more are within the limit."""
        found = sorted(self.contents(), key=lambda held: held.used)
        excess = sum(held.size for held in found) + size - self.limit
        for held in found:
            if excess <= 0:
                return
            if not held.linked and self.forget(held):
                excess -= held.size

    def contents(self) -> list[Held]:
        """All that is here, what is being downloaded included."""
        return [
            found
            for pattern in ("[0-9a-f][0-9a-f]/*", "partial/*")
            for path in self.folder.glob(pattern)
            if (found := _look(path)) is not None
        ]

    def forget(self, held: Held) -> bool:
        """Remove a content, unless somebody is at it; whether it was removed."""
        path = held.path
        partial = path.parent.name == "partial"
        with self._lock:
            if (path.name if partial else path.parent.name + path.name) in self._busy:
                return False
            path.unlink(missing_ok=True)
        return True

    def forget_files(self, inodes: Collection[int]) -> None:
        """Remove the contents in these files: somebody has written to them by another name."""
        for held in self.contents():
            with contextlib.suppress(FileNotFoundError):
                if held.path.stat().st_ino in inodes:
                    self.forget(held)

    def link(self, sha256: str, size: int, folder: int, name: bytes, source: Source) -> bool:
        """Give a content a name in a folder that nobody writes to, read-only; download it first if it is not here.

        Args:
            sha256: 64 hexadecimal digits.
            size: Bytes.
            folder: Descriptor of the folder.
            name: A free name in it.
            source: Where to download from.

        Returns:
            Whether that was possible: file systems limit links, and some have none. Then a copy has to do.

        Raises:
            DiskFull, WorkspaceError, DotscienceError: as :meth:`copy`.
        """
        with self._one_at_a_time(sha256):
            fd = self._open_held(sha256, size)
            if fd is None:
                fd = self._download(sha256, size, source)
            try:
                os.fchmod(fd, 0o444)
                os.link(self._place(sha256), name, dst_dir_fd=folder)
            except OSError as error:
                if error.errno in _NO_LINK:
                    return False
                raise
            finally:
                os.close(fd)
        return True


def _look(path: Path) -> Held | None:
    try:
        st = path.stat()
    except FileNotFoundError:
        return None
    return Held(st.st_atime, st.st_size, path, st.st_nlink > 1)


def _copy(source: int, target: int, size: int) -> None:
    """Copy a whole file; by reference where the file system can (copy_file_range(2))."""
    at = 0
    if hasattr(os, "copy_file_range"):
        try:
            while at < size and (count := os.copy_file_range(source, target, min(_COPY, size - at), at, at)):
                at += count
        except OSError as error:
            if error.errno not in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM):
                raise
    while at < size:
        chunk = os.pread(source, min(CHUNK, size - at), at)
        if not chunk:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        at += os.pwrite(target, chunk, at)
