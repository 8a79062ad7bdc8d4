"""Bringing a folder from one version to another, file by file."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jupyter_dotscience.api import paths

from . import names
from .entry import EXECUTABLE, SYMLINK, Entry
from .errors import WorkspaceError, named

Read = Callable[[str], Iterable[bytes]]
"""The content of a file of the new version, by its path, in pieces."""
Check = Callable[[bytes, os.stat_result | None], None]
"""Called with a stored path and what is there, right before that is replaced or deleted; raises to leave it alone."""
_FOLDER_MODE: Final = 0o777


@dataclass(frozen=True)
class Way:
    """From one version to another.

    Attributes:
        changed: Files that are new or different, with what they become.
        deleted: Files that are gone.
    """

    changed: Mapping[bytes, Entry]
    deleted: frozenset[bytes]

    @classmethod
    def between(cls, base: Mapping[bytes, Entry], target: Mapping[bytes, Entry]) -> Way:
        """The way from ``base`` to ``target``."""
        changed = {path: entry for path, entry in target.items() if path not in base or base[path][:2] != entry[:2]}
        return cls(changed, frozenset(path for path in base if path not in target))

    def __bool__(self) -> bool:
        return bool(self.changed or self.deleted)


def go(root: Path, way: Way, read: Read, check: Check | None = None) -> None:
    """Write and delete the files of a way. May be repeated after a crash; no symlink in the folder is followed.

    Args:
        root: The folder.
        way: Where it goes.
        read: Brings contents.
        check: Says whether a file may be touched; without it all may.

    Raises:
        WorkspaceError: something that the old version does not know is in the way, or cannot be written.
        DotscienceError: whatever ``read`` raises.
    """
    with named(f"open the folder {root}"):
        top = names.open_folder(root)
    try:
        for path in sorted(way.deleted, reverse=True):
            with named(f"delete {paths.to_text(path)}"):
                _delete(top, path, check)
        for path, entry in sorted(way.changed.items()):
            pieces = read(paths.to_text(path))
            with named(f"write {paths.to_text(path)}"):
                _write(top, path, entry, pieces, check)
    finally:
        os.close(top)


def _delete(top: int, path: bytes, check: Check | None) -> None:
    disk = names.on_disk(path)
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        parent, name = names.open_parent(top, disk)
        try:
            _ask(check, path, parent, name)
            os.unlink(name, dir_fd=parent)
        finally:
            os.close(parent)
        _remove_empty(top, disk)


def _remove_empty(top: int, disk: bytes) -> None:
    """Git knows no folders: one that only the old version filled goes with its last file."""
    while b"/" in disk:
        disk = disk.rpartition(b"/")[0]
        parent, name = names.open_parent(top, disk)
        try:
            os.rmdir(name, dir_fd=parent)
        except OSError:
            return
        finally:
            os.close(parent)


def _write(top: int, path: bytes, entry: Entry, pieces: Iterable[bytes], check: Check | None) -> None:
    parent, name = _open_or_make_parent(top, names.on_disk(path))
    # A name of its own, so that a file is the old one or the new one whatever happens.
    temporary = names.temporary()
    try:
        try:
            _make(parent, temporary, entry, pieces)
            _ask(check, path, parent, name)
            os.replace(temporary, name, src_dir_fd=parent, dst_dir_fd=parent)
        except BaseException:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=parent)
            raise
    finally:
        os.close(parent)


def _make(parent: int, name: bytes, entry: Entry, pieces: Iterable[bytes]) -> None:
    if entry.mode == SYMLINK:
        os.symlink(b"".join(pieces), name, dir_fd=parent)
        return
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    mode = 0o777 if entry.mode == EXECUTABLE else 0o666
    with os.fdopen(os.open(name, flags, mode, dir_fd=parent), "wb") as file:
        for piece in pieces:
            file.write(piece)


def _ask(check: Check | None, path: bytes, parent: int, name: bytes) -> None:
    if check is None:
        return
    there = None
    with contextlib.suppress(FileNotFoundError):
        there = os.stat(name, dir_fd=parent, follow_symlinks=False)
    check(path, there)


def _open_or_make_parent(top: int, disk: bytes) -> tuple[int, bytes]:
    *folders, name = disk.split(b"/")
    if {b"", b".", b".."} & {*folders, name}:
        raise WorkspaceError(f"{paths.to_text(disk)!r} is no path of a workspace.")
    fd = os.dup(top)
    try:
        for folder in folders:
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder, _FOLDER_MODE, dir_fd=fd)
            child = os.open(folder, names.FOLDER_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = child
    except BaseException:
        os.close(fd)
        raise
    return fd, name
