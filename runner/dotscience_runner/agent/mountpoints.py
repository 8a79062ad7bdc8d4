"""Where datasets stand in a workspace.

Nobody but the agent is in there while this works; but a commit made the folders, so no symlink in them is followed.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import Final

from dotscience_runner.files import remove_tree
from jupyter_dotscience.api import paths
from jupyter_dotscience.workspace import WorkspaceError

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def make_folder(workspace: Path, path: str) -> bool:
    """Make the folder that a mount covers; whether it hides files of the workspace.

    Raises:
        WorkspaceError: a file or symlink is there, or on the way.
    """
    fd = _open(workspace, paths.to_bytes(path).split(b"/"), path)
    try:
        with os.scandir(fd) as listing:
            return any(listing)
    finally:
        os.close(fd)


def make_link(workspace: Path, path: str, target: Path) -> bool:
    """Put a symlink to ``target``, where nothing can be mounted; whether it hides files of the workspace.

    The files that it hides are removed from this workspace: its commit has them, and keeps them.

    Raises:
        WorkspaceError: a file or another symlink is there, or on the way.
    """
    *above, name = paths.to_bytes(path).split(b"/")
    fd = _open(workspace, above, path)
    try:
        hidden = _clear(fd, name, workspace, path, target)
        if hidden is not None:
            os.symlink(target, name, dir_fd=fd)
    finally:
        os.close(fd)
    return bool(hidden)


def is_link(workspace: Path, path: str, target: Path) -> bool:
    """Whether the symlink is still what :func:`make_link` made."""
    try:
        return (workspace / os.fsdecode(paths.to_bytes(path))).readlink() == target
    except OSError:
        return False


def _clear(fd: int, name: bytes, workspace: Path, path: str, target: Path) -> bool | None:
    """Make the name free; whether there were files, None when our link is there already."""
    try:
        mode = os.stat(name, dir_fd=fd, follow_symlinks=False).st_mode
    except FileNotFoundError:
        return False
    if stat.S_ISLNK(mode) and os.readlink(name, dir_fd=fd) == os.fsencode(target):
        return None
    if not stat.S_ISDIR(mode):
        raise _in_the_way(path, path, mode)
    place = workspace / os.fsdecode(paths.to_bytes(path))
    hidden = any(place.iterdir())
    remove_tree(place)
    return hidden


def _open(workspace: Path, parts: list[bytes], path: str) -> int:
    """A descriptor of the folder below the workspace, which is made as far as it is not there."""
    fd = os.open(workspace, _FOLDER)
    for number, part in enumerate(parts, 1):
        try:
            below = _enter(fd, part)
        except OSError as error:
            if error.errno not in (errno.ENOTDIR, errno.ELOOP):
                raise WorkspaceError(
                    f"The folder for the dataset at {path} cannot be made: {error.strerror}."
                ) from error
            mode = os.stat(part, dir_fd=fd, follow_symlinks=False).st_mode
            raise _in_the_way(path, paths.to_text(b"/".join(parts[:number])), mode) from None
        finally:
            os.close(fd)
        fd = below
    return fd


def _enter(fd: int, part: bytes) -> int:
    try:
        return os.open(part, _FOLDER, dir_fd=fd)
    except FileNotFoundError:
        os.mkdir(part, dir_fd=fd)
        return os.open(part, _FOLDER, dir_fd=fd)


def _in_the_way(path: str, place: str, mode: int) -> WorkspaceError:
    kind = "symlink" if stat.S_ISLNK(mode) else "file"
    return WorkspaceError(
        f"The workspace has a {kind} {place!r} where the dataset at {path!r} goes: give it another name, or link the "
        "dataset at another path."
    )
