"""One file of a workspace, as a snapshot sees it."""

from __future__ import annotations

import stat
from typing import Final, NamedTuple

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.commits import Mode
from jupyter_dotscience.api.files import Tree

FILE: Final = 0o100644
EXECUTABLE: Final = 0o100755
SYMLINK: Final = 0o120000

DEFAULT_THRESHOLD: Final = 10 << 20
"""Files above this many bytes are kept as large objects, unless the hub says otherwise."""

_TO_API = {FILE: Mode.FILE, EXECUTABLE: Mode.EXECUTABLE, SYMLINK: Mode.SYMLINK}
_FROM_API = {mode: number for number, mode in _TO_API.items()}


class Entry(NamedTuple):
    """One file's content and what is known of it.

    Attributes:
        mode: 0o100644, 0o100755 or 0o120000, as in git's trees.
        blob: Id of the git blob; for a large file, of its pointer.
        size: Bytes of the content.
        sha256: Of the content; None where it was not read.
        modified: Modification time in nanoseconds; 0 where unknown.
        large: Whether the tree holds a pointer to it.
    """

    mode: int
    blob: str
    size: int
    sha256: str | None = None
    modified: int = 0
    large: bool = False

    @property
    def kind(self) -> Mode:
        """The mode's name in the API."""
        return _TO_API[self.mode]


def git_mode(st_mode: int) -> int:
    """The mode git has for a regular file or a symlink with this ``st_mode``."""
    if stat.S_ISLNK(st_mode):
        return SYMLINK
    return EXECUTABLE if st_mode & stat.S_IXUSR else FILE


def entries_of(tree: Tree) -> dict[bytes, Entry]:
    """The files of a tree that the hub answered, by stored path: a base for :func:`.diff.changes`."""
    return {
        paths.to_bytes(f.path): Entry(_FROM_API[f.mode], f.blob, f.size, f.sha256, f.modified, f.large)
        for f in tree.items
    }
