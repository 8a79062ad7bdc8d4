"""Files of the spool: written as a whole or not at all, and removed whatever a task did to them."""

from __future__ import annotations

import contextlib
import errno
import itertools
import logging
import os
import secrets
import stat
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

log = logging.getLogger(__name__)
T = TypeVar("T")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_AT_ONCE = 10_000
"""Names of a folder that are listed before they are removed: a task may have made millions."""
_FULL_DISK_SECONDS = 1.0


def wait_for_disk(write: Callable[[], T], what: Path) -> T:
    """Repeat what writes to the spool while the disk is full: what must not get lost can wait.

    Args:
        write: Something that may be repeated.
        what: What is written, for the agent's log.

    Raises:
        OSError: it cannot be written for another reason.
    """
    told = False
    while True:
        try:
            return write()
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
        if not told:
            log.warning("The disk of the spool is full: %s waits until there is room.", what)
        told = True
        time.sleep(_FULL_DISK_SECONDS)


def write_atomically(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Replace ``path`` by ``data`` so that any crash, also of the machine, leaves the old or the new content.

    Args:
        path: The file; its folder exists.
        data: The whole new content.
        mode: Permissions from the first moment on: the content may be secret.
        durable: Wait for the disk. Without it a crash of the machine may leave an empty file.

    While the disk is full, it waits.
    """
    wait_for_disk(lambda: _write(path, data, mode, durable=durable), path)


def _write(path: Path, data: bytes, mode: int, *, durable: bool) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds. A folder that is not there, or goes away meanwhile, is no error.

    A task may have taken all permissions from its folders, or put thousands of them into one another, deeper than a
    path can say or a process can hold open: so each folder is moved to the top before it is looked into.

    Raises:
        OSError: something in it cannot be removed even with permissions restored.
    """
    with contextlib.suppress(FileNotFoundError):
        if folder.is_symlink() or not folder.is_dir():
            folder.unlink()
            return
        folder.chmod(0o700)
        top = os.open(folder, _FOLDER)
        try:
            waiting = _clear(top, top)
            while waiting:
                waiting += _remove_folder(top, waiting.pop())
        finally:
            os.close(top)
        folder.rmdir()


def _remove_folder(top: int, name: str) -> list[str]:
    """Remove one folder of the top; answers the names there of those that it held."""
    try:
        os.chmod(name, 0o700, dir_fd=top)
        descriptor = os.open(name, _FOLDER, dir_fd=top)
    except FileNotFoundError:
        return []
    try:
        below = _clear(descriptor, top)
    finally:
        os.close(descriptor)
    with contextlib.suppress(FileNotFoundError):
        os.rmdir(name, dir_fd=top)
    return below


def _clear(folder: int, top: int) -> list[str]:
    """Remove the files of a folder and move its folders to the top; answers their names there."""
    if folder == top:
        names = os.listdir(top)
        return [name for name in names if not _remove_file(top, name)]
    moved: list[str] = []
    while names := _some_names(folder):
        moved += [_move(folder, name, top) for name in names if not _remove_file(folder, name)]
    return moved


def _some_names(folder: int) -> list[str]:
    with os.scandir(folder) as listing:
        return [item.name for item in itertools.islice(listing, _AT_ONCE)]


def _remove_file(folder: int, name: str) -> bool:
    """Remove what is no folder; whether it was none."""
    try:
        if stat.S_ISDIR(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode):
            return False
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        pass
    return True


def _move(folder: int, name: str, top: int) -> str:
    """Move a folder to the top, where it gets a name that no task can have known."""
    other = f".removed-{secrets.token_hex(16)}"
    # To move a folder is to write into it: its `..` changes.
    os.chmod(name, 0o700, dir_fd=folder)
    os.rename(name, other, src_dir_fd=folder, dst_dir_fd=top)
    return other
