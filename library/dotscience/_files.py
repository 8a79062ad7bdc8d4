"""File names as runs record them: relative to the root of the workspace, folders replaced by what is in them."""

from __future__ import annotations

import os


def root() -> str:
    """The root of the workspace: ``DOTSCIENCE_PROJECT_DOT_ROOT``, else the current folder."""
    named = os.environ.get("DOTSCIENCE_PROJECT_DOT_ROOT")
    if named:
        return named
    try:
        return os.getcwd()
    except FileNotFoundError:  # somebody removed the current folder: still no reason for `import` to fail
        return os.sep


def relative(path: object, start: str) -> str:
    """``path`` (text or path-like, relative to the current folder) as seen from ``start``."""
    return os.path.relpath(_text(path), start=start)


def expand(path: object, base: str = "") -> set[str]:
    """The files below ``path`` if it is a folder, at any depth, else ``path`` itself.

    Symbolic links to folders are followed, but not in circles. A path that does not exist (yet) stays as it
    is, an empty folder vanishes.

    Args:
        path: text or path-like.
        base: the folder that a relative ``path`` is seen from; empty for the current folder.
    """
    found: set[str] = set()
    _collect(_text(path), base, (), found)
    return found


def _collect(path: str, base: str, above: tuple[tuple[int, int], ...], found: set[str]) -> None:
    full = os.path.join(base, path)
    if not os.path.isdir(full):
        found.add(path)
        return
    status = os.stat(full)
    here = (status.st_dev, status.st_ino)
    if here in above:
        return
    with os.scandir(full) as entries:
        for entry in entries:
            name = entry.name if path == os.curdir else os.path.join(path, entry.name)
            if entry.is_dir():
                _collect(name, base, (*above, here), found)
            else:
                found.add(name)


def _text(path: object) -> str:
    return os.fsdecode(path) if isinstance(path, (bytes, os.PathLike)) else str(path)
