"""The folder of a repository in a workspace. Nobody but the agent is in there while this works."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from dotscience_runner.files import remove_tree

from .address import RepositoryError


def check(target: Path) -> bool:
    """Whether a clone can be put there; answers whether it replaces an earlier one.

    Raises:
        RepositoryError: what is there is no clone, so it is somebody's work and stays.
    """
    try:
        mode = target.lstat().st_mode
    except FileNotFoundError:
        return False
    kind = "symlink" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "file"
    if kind == "folder" and os.path.lexists(target / ".git"):
        return True
    raise RepositoryError(
        f"The workspace has a {kind} {target.name!r} that is no clone of a repository, where the clone would go: give "
        "it another name first."
    )


def put(files: Path, target: Path, aside: Path) -> None:
    """Put a clone into the workspace, in place of an earlier one.

    Args:
        files: The clone.
        target: Its place.
        aside: A free name outside the workspace, on the same file system, where an earlier one goes and is removed.

    Raises:
        RepositoryError: as for :func:`check`.
    """
    if check(target):
        target.rename(aside)
    files.rename(target)
    remove_tree(aside)
