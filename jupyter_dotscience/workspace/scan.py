"""A folder as a snapshot: what each file is now, without reading again what has not changed.

Nothing in the folder is trusted: every open is relative to a descriptor of the folder above and follows no symlink, a
FIFO does not block, and a name that was a file when the folder was listed may be anything when it is opened.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final

from . import names
from .entry import DEFAULT_THRESHOLD, LARGE, LOOKALIKE, PLAIN, Entry
from .errors import WorkspaceError, named
from .folder import Folder
from .hashing import blob_id
from .ignore import Ignore
from .reader import AT_ONCE, UNREADABLE, Reader, reason
from .statcache import StatCache

MAX_DEPTH: Final = 128
"""Folders inside one another. One descriptor is held per level, and trees in git and the hub are walked recursively."""
TICK: Final = 20_000_000
"""Nanoseconds. A write in the same clock tick as the read need not show in the times (kernels tick each 1-10 ms)."""
BEING_WRITTEN: Final = "it is being written; a later version will have it"
_WRITE: Final = 10
"""Nanoseconds a byte may take to be written. The times are set when a write(2) starts: what was read while a long one
was under way has the same times, and another content, later."""


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
    exclude_names: Collection[str] = (),
    known: Mapping[bytes, Entry] | None = None,
    patience: float = 0.0,
) -> Snapshot:
    """Take a snapshot of the folder ``root``.

    Args:
        root: The folder; it may itself be reached through symlinks.
        cache: Entries of the last scan of this folder; replaced by those of this one, and saved if that can be done.
        threshold: Files above this many bytes are kept as large objects.
        ignore: Apply ``.dotscience-ignore`` files and leave hidden files out.
        exclude: Stored paths of files or folders not to look at.
        exclude_names: Names of files or folders not to look at, wherever they are.
        known: What a checkout has just written, by stored path, while nobody else can write: a file of the same mode
            and size is taken for it, unread.
        patience: Large files that were written to in the last so many seconds are skipped, as :data:`BEING_WRITTEN`:
            half of what is uploaded is worth nobody's storage.

    Raises:
        IgnoreError: a bad ignore file.
        WorkspaceError: ``root`` cannot be read.
    """
    with named(f"read the folder {os.fspath(root)}"):
        top = Folder(names.open_folder(root), b"", b"", Ignore.hidden_files() if ignore else None)
        scanner = _Scanner(
            cache.entries if cache else {}, threshold, frozenset(exclude), frozenset(exclude_names), known or {}
        )
        scanner.patience = int(patience * 1e9)
        scanner.walk(top)
    if cache is not None and not scanner.is_as_before():
        # A disk that the task has filled must not keep its results back: the cache then serves in memory only.
        with contextlib.suppress(WorkspaceError):
            cache.replace(scanner.to_keep())
    return Snapshot(scanner.found, scanner.skipped, frozenset(scanner.excluded), scanner.read)


class _Scanner:
    """One walk over a folder, and what it found."""

    def __init__(
        self,
        old: Mapping[bytes, Entry],
        threshold: int,
        exclude: frozenset[bytes],
        names: frozenset[str],
        known: Mapping[bytes, Entry],
    ) -> None:
        self.old, self.threshold, self.exclude, self.names, self.known = old, threshold, exclude, names, known
        self.excluded = set(exclude)
        self.found: dict[bytes, Entry] = {}
        self.disk_paths: dict[bytes, bytes] = {}
        self.unsettled: set[bytes] = set()
        self.skipped: dict[bytes, str] = {}
        self.read = self.taken = 0
        self.now = time.time_ns()
        self.settled = self.now - TICK
        self.patience = 0
        self.reader = Reader(threshold)

    def walk(self, top: Folder) -> None:
        """Go through the folder ``top``, which is closed, and all below it."""
        stack = [top]
        try:
            self._list(top)
            while stack:
                if not stack[-1].children:
                    stack.pop().close()
                elif child := self._open_child(stack[-1], stack[-1].children.pop(), len(stack)):
                    stack.append(child)
                    self._list_child(child)
            self.reader.finish()
        finally:
            for folder in stack:
                folder.close()
            self.reader.close()

    def is_as_before(self) -> bool:
        """Whether the cache has all of what was found already, and nothing else."""
        return not self.read and not self.taken and len(self.found) == len(self.old)

    def to_keep(self) -> dict[bytes, Entry]:
        """For the cache: the entries by path on disk, without those whose file could change unseen."""
        disk = self.disk_paths
        return {disk.get(path, path): e for path, e in self.found.items() if path not in self.unsettled}

    def _open_child(self, folder: Folder, name: str, depth: int) -> Folder | None:
        path = folder.stored_path(name, folder.disk_path(name))
        if depth >= MAX_DEPTH:
            self.skipped[path] = f"it is more than {MAX_DEPTH} folders deep"
            return None
        try:
            return folder.open_child(name)
        except OSError as error:
            self._failed(path, error)
            return None

    def _list_child(self, folder: Folder) -> None:
        try:
            self._list(folder)
        except OSError as error:
            self._failed(folder.stored[:-1], error)

    def _list(self, folder: Folder) -> None:
        """Take the files of one folder, and note the folders in it."""
        folder.read_rules()
        with os.scandir(folder.fd) as listing:
            for item in listing:
                try:
                    self._item(folder, item)
                except UNREADABLE as error:
                    self._failed(folder.stored_path(item.name, folder.disk_path(item.name)), error)

    def _item(self, folder: Folder, item: os.DirEntry[str]) -> None:
        name = item.name
        disk = folder.disk_path(name)
        if folder.ignore is not None and folder.ignore.ignores(disk, folder=item.is_dir(follow_symlinks=False)):
            return
        path = folder.stored_path(name, disk)
        if path in self.exclude or name in self.names or (name[0] == "." and names.is_temporary(name)):
            self.excluded.add(path)
            return
        was = self.old.get(disk)
        if was is not None and same(was, item.stat(follow_symlinks=False), self.threshold):
            self.found[path] = was
            if path is not disk:
                self.disk_paths[path] = disk
        elif why := names.unstorable(path):
            self.skipped[path] = why
        elif item.is_dir(follow_symlinks=False):
            folder.children.append(name)
        else:
            self._file(folder, name, path, item.stat(follow_symlinks=False))

    def _file(self, folder: Folder, name: str, path: bytes, st: os.stat_result) -> None:
        """Take a file that was not there before, or is not the same."""
        disk = folder.disk_path(name)
        if stat.S_ISLNK(st.st_mode):
            target = os.fsencode(os.readlink(name, dir_fd=folder.fd))
            self.read += 1
            self._take(path, disk, Entry.read(st, bytes.fromhex(blob_id(target))))
        elif not stat.S_ISREG(st.st_mode):
            self.skipped[path] = f"it is {_kind(st.st_mode)}"
        elif st.st_size > self.threshold and abs(self.now - st.st_mtime_ns) < self.patience:
            self.skipped[path] = BEING_WRITTEN
        elif (was := self.known.get(path)) and (was.mode, was.size) == (Entry.git_mode(st.st_mode), st.st_size):
            storage = PLAIN if not was.large else LARGE if was.size > self.threshold else LOOKALIKE
            self.found[path] = Entry.read(st, was.raw_blob, was.raw_sha256, storage)
            self.disk_paths[path] = disk
            self.taken += 1
        else:
            self._read(folder, name, path, st.st_size)

    def _read(self, folder: Folder, name: str, path: bytes, size: int) -> None:
        disk = folder.disk_path(name)
        self.read += 1
        if size <= AT_ONCE:
            self._take(path, disk, self.reader.read(name, folder.fd))
            return
        self.reader.read_later(
            name,
            folder.fd,
            found=lambda entry: self._take(path, disk, entry),
            failed=lambda error: self._failed(path, error),
        )

    def _take(self, path: bytes, disk: bytes, entry: Entry) -> None:
        self.found[path] = entry
        self.disk_paths[path] = disk
        if entry.changed >= self.settled - entry.size * _WRITE:
            self.unsettled.add(path)

    def _failed(self, path: bytes, error: Exception) -> None:
        if why := reason(error):
            self.skipped[path] = why


def same(was: Entry, st: os.stat_result, threshold: int) -> bool:
    """Whether a file is what it was, and is stored as it was."""
    return (
        was.changed == st.st_ctime_ns
        and was.modified == st.st_mtime_ns
        and was.size == st.st_size
        and was.inode == st.st_ino
        and was.st_mode == st.st_mode
        and (was.storage == LOOKALIKE or (was.storage == LARGE) == (was.size > threshold))
    )


def _kind(mode: int) -> str:
    kinds = {stat.S_IFIFO: "a named pipe", stat.S_IFSOCK: "a socket"}
    return kinds.get(stat.S_IFMT(mode), "a device")
