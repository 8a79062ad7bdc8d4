"""Names on disk and in a tree, and how to open a file below a folder without ever following a symlink.

A path in a tree (*stored*) differs from the one on disk where a part stands for ``.git``: see
:func:`jupyter_dotscience.api.paths.escape_git`.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import time
from typing import Final

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import BadRequest

FOLDER_FLAGS: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FILE_FLAGS: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
"""For files of users: no symlink is followed, and a FIFO put in a file's place does not block the open."""


_TEMPORARY: Final = re.compile(r"\.dotscience-[0-9a-f]{16}")
_STALE_SECONDS: Final = 600


def temporary() -> bytes:
    """A name for a file that is written before it takes another's place. It is never a part of a workspace."""
    return b".dotscience-" + secrets.token_hex(8).encode()


def is_temporary(name: str) -> bool:
    """Whether a file's name is one of :func:`temporary`: whoever wrote it may have been killed."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_temporaries(root: str | os.PathLike[str]) -> None:
    """Delete what writers who were killed have left below a folder; what was written to a moment ago may be in use."""
    stale = time.time() - _STALE_SECONDS
    for _, _, files, folder in os.fwalk(root):
        for name in filter(is_temporary, files):
            with contextlib.suppress(OSError):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < stale:
                    os.unlink(name, dir_fd=folder)


def stored(path: bytes) -> bytes:
    """The path in a tree of a file whose relative path on disk is ``path``."""
    return b"/".join(map(paths.escape_git, path.split(b"/")))


def on_disk(path: bytes) -> bytes:
    """The relative path on disk of the file that a tree has at ``path``."""
    return b"/".join(map(paths.unescape_git, path.split(b"/")))


def unstorable(path: bytes) -> str | None:
    """Why a stored path cannot stand in a tree; None when it can."""
    if len(path) <= paths.MAX_COMPONENT:  # all other checks of the path are true of what a folder lists, once escaped
        return None
    try:
        paths.check(path)
    except BadRequest:
        return "its name is too long to be stored"
    return None


def open_folder(root: str | os.PathLike[str]) -> int:
    """A descriptor of the folder ``root``. The caller closes it."""
    return os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_parent(root: int, path: bytes) -> tuple[int, bytes]:
    """A descriptor of the folder that holds ``path`` (on disk, relative to ``root``), and the name in it.

    Args:
        root: Descriptor of the folder to start from; it stays open.
        path: Relative, without ``.`` and ``..`` parts.

    Raises:
        OSError: a part is missing, or is a symlink (ELOOP or ENOTDIR).
    """
    *folders, name = path.split(b"/")
    if {b"", b".", b".."} & {*folders, name}:
        raise ValueError(f"{path!r} is not a plain relative path")
    fd = os.dup(root)
    try:
        for folder in folders:
            child = os.open(folder, FOLDER_FLAGS, dir_fd=fd)
            os.close(fd)
            fd = child
    except BaseException:
        os.close(fd)
        raise
    return fd, name


def open_file(root: int, path: bytes) -> int:
    """A descriptor for reading the file ``path`` (on disk, relative to ``root``); no part of it may be a symlink."""
    parent, name = open_parent(root, path)
    try:
        return os.open(name, FILE_FLAGS, dir_fd=parent)
    finally:
        os.close(parent)


def read_link(root: int, path: bytes) -> bytes:
    """The target of the symlink ``path`` (on disk, relative to ``root``)."""
    parent, name = open_parent(root, path)
    try:
        return os.readlink(name, dir_fd=parent)
    finally:
        os.close(parent)


class Nearby:
    """Opens files below a folder, as :func:`open_file` does, and keeps the last file's folder open for its neighbours.

    Args:
        root: Descriptor of the folder; stays open.
    """

    def __init__(self, root: int) -> None:
        self._root = root
        self._folder: tuple[bytes, int] | None = None

    def __enter__(self) -> Nearby:
        return self

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            os.close(self._folder[1])
            self._folder = None

    def open(self, path: bytes) -> int:
        """A descriptor for reading the file ``path`` (on disk); no part of it may be a symlink."""
        parent, name = self._parent(path)
        return os.open(name, FILE_FLAGS, dir_fd=parent)

    def read_link(self, path: bytes) -> bytes:
        """The target of the symlink ``path`` (on disk)."""
        parent, name = self._parent(path)
        return os.readlink(name, dir_fd=parent)

    def _parent(self, path: bytes) -> tuple[int, bytes]:
        folder, _, name = path.rpartition(b"/")
        if self._folder is None or self._folder[0] != folder or name in (b"", b".", b".."):
            parent, name = open_parent(self._root, path)
            self.__exit__()
            self._folder = folder, parent
        return self._folder[1], name
