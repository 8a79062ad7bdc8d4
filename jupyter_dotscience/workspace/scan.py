"""A folder as a snapshot: what each file is now, without reading again what has not changed.

Nothing in the folder is trusted: every open is relative to a descriptor of the folder above and follows no symlink, a
FIFO does not block, and a name that was a file when the folder was listed may be anything when it is opened.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import threading
import time
from collections.abc import Collection, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from jupyter_dotscience.api import paths

from . import names
from .content import NotRegular, read_stamp
from .entry import DEFAULT_THRESHOLD, Entry, git_mode
from .errors import ContentChanged, IgnoreError, named
from .hashing import blob_id
from .ignore import FILE_NAME, MAX_FILE, Ignore
from .statcache import LARGE, LOOKALIKE, PLAIN, Stamp, StatCache, stamp

MAX_DEPTH: Final = 200
"""Folders inside one another. One descriptor is held per level, and trees in git and the hub are walked recursively."""
_THREADS: Final = 2
_IN_THREAD: Final = 1 << 20
"""Bytes above which a file is hashed on a thread; below, handing it over costs more than hashing it."""
_PENDING: Final = 16
TICK: Final = 20_000_000
"""Nanoseconds. A write in the same clock tick as the read need not show in the times (kernels tick each 1-10 ms)."""


@dataclass(frozen=True)
class Snapshot:
    """What a folder holds.

    Attributes:
        entries: Files by stored path.
        skipped: Stored path and reason of what cannot be versioned now, files and whole folders.
        excluded: Stored paths that were not looked at on purpose (mounts of datasets).
        read: How many files were read, the others being known from the last scan.
    """

    entries: Mapping[bytes, Entry]
    skipped: Mapping[bytes, str] = field(default_factory=dict)
    excluded: frozenset[bytes] = frozenset()
    read: int = 0


def scan(
    root: str | os.PathLike[str],
    *,
    cache: StatCache | None = None,
    threshold: int = DEFAULT_THRESHOLD,
    ignore: bool = False,
    exclude: Collection[bytes] = (),
    known: Mapping[bytes, Entry] | None = None,
) -> Snapshot:
    """Take a snapshot of the folder ``root``.

    Args:
        root: The folder; it may itself be reached through symlinks.
        cache: Stamps of the last scan of this folder; replaced (and saved) by those of this one.
        threshold: Files above this many bytes are kept as large objects.
        ignore: Apply ``.dotscience-ignore`` files and leave hidden files out.
        exclude: Stored paths of files or folders not to look at.
        known: What a checkout has just written, by stored path: a file of the same mode and size is taken for it,
            unread.

    Raises:
        IgnoreError: a bad ignore file.
        DiskFull, WorkspaceError: ``root`` cannot be read, or the cache not be saved.
    """
    scanner = _Scanner(cache or StatCache(), threshold, frozenset(exclude), known or {})
    with named(f"read the folder {os.fspath(root)}"):
        top = names.open_folder(root)
    scanner.walk(top, Ignore.hidden_files() if ignore else None)
    if cache is not None:
        cache.replace(scanner.stamps)
    return Snapshot(scanner.entries, scanner.skipped, scanner.exclude, scanner.read)


@dataclass
class _Folder:
    """A folder that is being walked: its descriptor, its path on disk and in the tree, its rules, what is below it."""

    fd: int
    disk: bytes
    stored: bytes
    ignore: Ignore | None
    children: list[str] = field(default_factory=list)

    def disk_path(self, name: str) -> bytes:
        return self.disk + os.fsencode(name)

    def stored_path(self, name: str) -> bytes:
        raw = os.fsencode(name)
        # Names that escape_git could change start with one of these; asking it about each of 100,000 takes long.
        return self.stored + (paths.escape_git(raw) if raw[:1] in b".%gG" or raw[0] > 0x7F else raw)


class _Scanner:
    """One walk over a folder, and what it found."""

    def __init__(
        self, cache: StatCache, threshold: int, exclude: frozenset[bytes], known: Mapping[bytes, Entry]
    ) -> None:
        self.old, self.threshold, self.exclude, self.known = cache.stamps, threshold, exclude, known
        self.entries: dict[bytes, Entry] = {}
        self.skipped: dict[bytes, str] = {}
        self.stamps: dict[bytes, Stamp] = {}
        self.read = 0
        self.settled = time.time_ns() - TICK
        self.pool: ThreadPoolExecutor | None = None
        self.places = threading.BoundedSemaphore(_PENDING)
        self.pending: list[tuple[bytes, bytes, Future[Stamp]]] = []

    def walk(self, top: int, ignore: Ignore | None) -> None:
        """Go through the folder of descriptor ``top``, which is closed, and all below it."""
        stack = [_Folder(top, b"", b"", ignore)]
        try:
            self._list(stack[0])
            while stack:
                if not stack[-1].children:
                    os.close(stack.pop().fd)
                elif child := self._open_child(stack[-1], stack[-1].children.pop(), len(stack)):
                    stack.append(child)
                    self._list(child)
            self._collect()
        finally:
            for folder in stack:
                os.close(folder.fd)
            if self.pool is not None:
                self.pool.shutdown(cancel_futures=False)

    def _open_child(self, folder: _Folder, name: str, depth: int) -> _Folder | None:
        path = folder.stored_path(name)
        if depth >= MAX_DEPTH:
            self.skipped[path] = f"it is more than {MAX_DEPTH} folders deep"
            return None
        try:
            fd = os.open(name, names.FOLDER_FLAGS, dir_fd=folder.fd)
        except OSError as error:
            self._failed(path, error)
            return None
        return _Folder(fd, folder.disk_path(name) + b"/", path + b"/", folder.ignore)

    def _list(self, folder: _Folder) -> None:
        """Take the files of one folder, and note the folders in it."""
        try:
            if folder.ignore is not None:
                folder.ignore = _read_rules(folder)
            with os.scandir(folder.fd) as listing:
                for item in listing:
                    self._item(folder, item)
        except OSError as error:
            if not folder.stored:
                with named("read the folder"):
                    raise
            self._failed(folder.stored[:-1], error)

    def _item(self, folder: _Folder, item: os.DirEntry[str]) -> None:
        name = item.name
        is_folder = item.is_dir(follow_symlinks=False)
        if folder.ignore is not None and folder.ignore.ignores(folder.disk_path(name), folder=is_folder):
            return
        path = folder.stored_path(name)
        if path in self.exclude:
            return
        if (len(name) > 60 or len(path) > 1000) and (reason := names.unstorable(path)):
            self.skipped[path] = reason
        elif is_folder:
            folder.children.append(name)
        else:
            try:
                self._file(folder, name, path, item.stat(follow_symlinks=False))
            except (OSError, NotRegular, ContentChanged) as error:
                self._failed(path, error)

    def _file(self, folder: _Folder, name: str, path: bytes, st: os.stat_result) -> None:
        disk = folder.disk + os.fsencode(name)
        old = self.old.get(disk)
        if (
            old is not None
            and old[:5] == (st.st_mtime_ns, st.st_ctime_ns, st.st_size, st.st_ino, st.st_mode)
            and (old[5] == LOOKALIKE or (old[5] == LARGE) == (st.st_size > self.threshold))
        ):
            self._take(path, disk, old)
        elif stat.S_ISLNK(st.st_mode):
            self._link(folder, name, path, st)
        elif not stat.S_ISREG(st.st_mode):
            self.skipped[path] = f"it is {_kind(st.st_mode)}"
        elif (was := self.known.get(path)) and (was.mode, was.size) == (git_mode(st.st_mode), st.st_size):
            storage = self._storage(was)
            self._take(path, disk, stamp(st, storage, was.blob, was.sha256))
        else:
            self._read(folder, name, path, st.st_size)

    def _storage(self, was: Entry) -> int:
        if not was.large:
            return PLAIN
        return LARGE if was.size > self.threshold else LOOKALIKE

    def _link(self, folder: _Folder, name: str, path: bytes, st: os.stat_result) -> None:
        target = os.fsencode(os.readlink(name, dir_fd=folder.fd))
        self.read += 1
        self._take(path, folder.disk_path(name), stamp(st, PLAIN, blob_id(target), None))

    def _read(self, folder: _Folder, name: str, path: bytes, size: int) -> None:
        disk = folder.disk_path(name)
        self.read += 1
        if size <= _IN_THREAD:
            fd = os.open(name, names.FILE_FLAGS, dir_fd=folder.fd)
            try:
                self._take(path, disk, read_stamp(fd, self.threshold))
            finally:
                os.close(fd)
            return
        if self.pool is None:
            self.pool = ThreadPoolExecutor(_THREADS, "dotscience-hash")
        self.places.acquire()
        try:
            fd = os.open(name, names.FILE_FLAGS, dir_fd=folder.fd)
        except BaseException:
            self.places.release()
            raise
        self.pending.append((path, disk, self.pool.submit(self._read_on_thread, fd)))

    def _read_on_thread(self, fd: int) -> Stamp:
        try:
            return read_stamp(fd, self.threshold)
        finally:
            os.close(fd)
            self.places.release()

    def _collect(self) -> None:
        for path, disk, future in self.pending:
            try:
                self._take(path, disk, future.result())
            except (OSError, NotRegular, ContentChanged) as error:
                self._failed(path, error)

    def _take(self, path: bytes, disk: bytes, s: Stamp) -> None:
        self.entries[path] = Entry(git_mode(s.mode), s.blob.hex(), s.size, s.sha256_hex, s.mtime, s.storage != PLAIN)
        if s.ctime < self.settled:
            self.stamps[disk] = s

    def _failed(self, path: bytes, error: Exception) -> None:
        """Note why a file is not in the snapshot; one that is gone by now needs no reason."""
        if isinstance(error, (NotRegular, ContentChanged)) or (
            isinstance(error, OSError) and error.errno in (errno.ELOOP, errno.ENOTDIR)
        ):
            self.skipped[path] = "it was changed while it was read"
        elif isinstance(error, OSError) and error.errno != errno.ENOENT:
            self.skipped[path] = f"it cannot be read: {os.strerror(error.errno or 0)}"


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")


def _read_rules(folder: _Folder) -> Ignore | None:
    """The rules in a folder: those from above, and its own ignore file's."""
    assert folder.ignore is not None
    source = os.fsdecode(folder.disk) + FILE_NAME
    try:
        fd = os.open(FILE_NAME, names.FILE_FLAGS, dir_fd=folder.fd)
    except FileNotFoundError:
        return folder.ignore
    except OSError as error:
        raise IgnoreError(f"{source}: cannot be read: {os.strerror(error.errno or 0)}.") from None
    with contextlib.closing(os.fdopen(fd, "rb")) as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise IgnoreError(f"{source}: this is no regular file.")
        return folder.ignore.enter(folder.disk[:-1], file.read(MAX_FILE + 1), source)
