"""Checkouts of datasets, shared by all tasks of a runner.

::

    <spool>/datasets/
        empty/                       what a dataset without versions looks like
        <dataset>/
            <commit>/
                tree/                the files; nobody writes to them
                facts.json           their own size, without those that are links to large objects
                manifest             what they were in the beginning
            .new-<random>/           one that is being made, or was when an agent was killed

A checkout is made in a folder of another name and renamed, so that it is whole or not there. The time of the folder
``<commit>`` is when it was used last.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dotscience_runner.files import remove_tree

from . import manifest

LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class SharedCheckout:
    """One that is there.

    Attributes:
        folder: Its place.
        used: When it was used last; seconds since 1970.
        size: Bytes that are its own.
    """

    folder: Path
    used: float
    size: int


class _Facts(msgspec.Struct):
    size: int


class Checkouts:
    """The folder. One process uses it at a time, with any number of threads.

    Args:
        root: Where it is; made when needed.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.Lock()
        self._busy: dict[Path, tuple[threading.Lock, int]] = {}
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        empty = root / "empty"
        empty.mkdir(exist_ok=True)
        empty.chmod(0o555)
        for torn in root.glob("*/.*"):
            with suppress(OSError):
                remove_tree(torn)

    def tree(self, dataset: str, commit: str | None) -> Path:
        """The folder that tasks see."""
        return self._root / "empty" if commit is None else self._root / dataset / commit / "tree"

    def has(self, dataset: str, commit: str | None) -> bool:
        """Whether it is there; then it counts as used now."""
        if commit is not None:
            with suppress(FileNotFoundError):
                os.utime(self._root / dataset / commit)
        return self.tree(dataset, commit).is_dir()

    def make(self, dataset: str, commit: str, fill: Callable[[Path], object], wait: Callable[[], None]) -> None:
        """Make a checkout, unless it is there, or somebody else makes it meanwhile.

        Args:
            dataset: Its id.
            commit: The version.
            fill: Fills the folder that it is given.
            wait: Called now and then while another task makes it; may raise.

        Raises:
            OSError: it cannot be made.
            Exception: what ``fill`` and ``wait`` raise; nothing is left then.
        """
        place = self._root / dataset / commit
        with self._alone(place, wait):
            if self.has(dataset, commit):
                return
            building = place.with_name(f".new-{secrets.token_hex(8)}")
            try:
                building.mkdir(mode=0o700, parents=True)
                fill(building / "tree")
                facts = _Facts(_seal(building / "tree"))
                manifest.save(building / "manifest", manifest.take(building / "tree"))
                (building / "facts.json").write_bytes(msgspec.json.encode(facts))
                _sync(building)
                building.rename(place)
            finally:
                remove_tree(building)

    def all(self) -> list[SharedCheckout]:
        """Those that are there."""
        found = []
        for facts in self._root.glob("*/*/facts.json"):
            folder = facts.parent
            if folder.name.startswith("."):
                continue
            with suppress(FileNotFoundError):
                size = msgspec.json.decode(facts.read_bytes(), type=_Facts).size
                found.append(SharedCheckout(folder, folder.stat().st_mtime, size))
        return found

    def changed(self, dataset: str, commit: str) -> list[Path]:
        """Files that a task has written to, removed or put there, where nothing could keep it from that."""
        place = self._root / dataset / commit
        try:
            found = manifest.changed(place / "tree", place / "manifest")
        except FileNotFoundError:
            return []
        return [place / "tree" / os.fsdecode(name) for name in found]

    def remove(self, folder: Path, is_used: Callable[[], bool]) -> bool:
        """Remove one, unless it is at work or, once nobody else can take it up, used; whether it was removed."""
        try:
            with self._alone(folder, _give_up):
                if is_used():
                    return False
                grave = folder.with_name(f".removed-{secrets.token_hex(8)}")
                folder.rename(grave)
        except (_Busy, FileNotFoundError):
            return False
        remove_tree(grave)
        with suppress(OSError):
            folder.parent.rmdir()
        return True

    @contextmanager
    def _alone(self, place: Path, wait: Callable[[], None]) -> Iterator[None]:
        """Hold one place alone."""
        with self._lock:
            lock, users = self._busy.get(place, (threading.Lock(), 0))
            self._busy[place] = (lock, users + 1)
        try:
            while not lock.acquire(timeout=LOOK_SECONDS if wait is not _give_up else 0):
                wait()
            try:
                yield
            finally:
                lock.release()
        finally:
            with self._lock:
                lock, users = self._busy.pop(place)
                if users > 1:
                    self._busy[place] = (lock, users - 1)


class _Busy(Exception):
    """Somebody is at it."""


def _give_up() -> None:
    raise _Busy


def _seal(tree: Path) -> int:
    """Take the right to write from all; answers the bytes on the disk that are no links to objects.

    A file that is one has its mode already, and it is another file system's matter whether we may change it.
    """
    size = 0
    for _, _, files, fd in os.fwalk(tree, topdown=False, follow_symlinks=False):
        for name in files:
            st = os.stat(name, dir_fd=fd, follow_symlinks=False)
            if st.st_nlink == 1:
                size += st.st_blocks * 512
                if not stat.S_ISLNK(st.st_mode):
                    os.chmod(name, 0o555 if st.st_mode & 0o100 else 0o444, dir_fd=fd)
        size += os.fstat(fd).st_blocks * 512
        os.fchmod(fd, 0o555)
    return size


def _sync(folder: Path) -> None:
    """Let no crash of the machine leave a checkout that looks whole and is not (syncfs(2))."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        syncfs = getattr(ctypes.CDLL(None), "syncfs", None)
        if syncfs is None or syncfs(fd):
            os.sync()
    finally:
        os.close(fd)
