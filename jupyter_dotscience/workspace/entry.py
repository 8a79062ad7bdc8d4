"""One file of a workspace, as a snapshot sees it."""

from __future__ import annotations

import os
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

PLAIN, LARGE, LOOKALIKE = 0, 1, 2
"""How a content is stored: as a blob, as an object for its size, as an object because it looks like a pointer."""

_UNREAD: Final = bytes(32)
_TO_API = {FILE: Mode.FILE, EXECUTABLE: Mode.EXECUTABLE, SYMLINK: Mode.SYMLINK}
_FROM_API = {mode: number for number, mode in _TO_API.items()}


class Entry(NamedTuple):
    """One file's content and what is known of it. Use :meth:`of` to make one.

    The first two fields say whether two versions differ. Ids are raw bytes inside, and the last three fields are there
    for the stat cache: an entry is also its record, for 100,000 of them must load and compare in tenths of a second.

    Attributes:
        mode: 0o100644, 0o100755 or 0o120000, as in git's trees.
        raw_blob: Id of the git blob; for a large file, of its pointer.
        size: Bytes of the content.
        raw_sha256: Of the content; all zero where it was not read.
        modified: Modification time in nanoseconds; 0 where unknown.
        storage: PLAIN, LARGE or LOOKALIKE.
        changed: ``ctime`` in nanoseconds when it was read. Unlike ``modified`` no program can set it back.
        inode: Which file it was.
        st_mode: All of its mode.
    """

    mode: int
    raw_blob: bytes
    size: int
    raw_sha256: bytes = _UNREAD
    modified: int = 0
    storage: int = PLAIN
    changed: int = 0
    inode: int = 0
    st_mode: int = 0

    @classmethod
    def of(
        cls,
        mode: int,
        blob: str,
        size: int,
        sha256: str | None = None,
        modified: int = 0,
        *,
        large: bool = False,
    ) -> Entry:
        """An entry with hexadecimal ids, as in the API and in git's output."""
        raw = bytes.fromhex(sha256) if sha256 else _UNREAD
        return cls(mode, bytes.fromhex(blob), size, raw, modified, LARGE if large else PLAIN)

    @classmethod
    def read(cls, st: os.stat_result, blob: bytes, sha256: bytes = _UNREAD, storage: int = PLAIN) -> Entry:
        """An entry for a file that was just read and has this ``stat``; the ids are raw."""
        st_mode = st.st_mode
        mode = cls.git_mode(st_mode)
        return cls(mode, blob, st.st_size, sha256, st.st_mtime_ns, storage, st.st_ctime_ns, st.st_ino, st_mode)

    @staticmethod
    def git_mode(st_mode: int) -> int:
        """The mode git has for a regular file or a symlink with this ``st_mode``."""
        if stat.S_ISLNK(st_mode):
            return SYMLINK
        return EXECUTABLE if st_mode & stat.S_IXUSR else FILE

    @property
    def blob(self) -> str:
        """Id of the git blob; for a large file, of its pointer."""
        return self.raw_blob.hex()

    @property
    def sha256(self) -> str | None:
        """SHA-256 of the content; None where it was not read (links, and files known from git only)."""
        return None if self.raw_sha256 == _UNREAD else self.raw_sha256.hex()

    @property
    def large(self) -> bool:
        """Whether the tree holds a pointer to the content."""
        return self.storage != PLAIN

    @property
    def kind(self) -> Mode:
        """The mode's name in the API."""
        return _TO_API[self.mode]


def entries_of(tree: Tree) -> dict[bytes, Entry]:
    """The files of a tree that the hub answered, by stored path: a base for :func:`.diff.changes`."""
    return {
        paths.to_bytes(f.path): Entry.of(_FROM_API[f.mode], f.blob, f.size, f.sha256, f.modified, large=f.large)
        for f in tree.items
    }
