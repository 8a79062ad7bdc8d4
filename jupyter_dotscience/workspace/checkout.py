"""A commit as files in a fresh folder, on a runner, before any program of a user can be at work there."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import BadRequest

from . import names
from .download import Source
from .entry import DEFAULT_THRESHOLD, EXECUTABLE, FILE, SYMLINK, Entry
from .errors import DiskFull, GitFailed, WorkspaceError, named
from .hashing import MAX_POINTER, MIN_POINTER, parse_pointer
from .mirror import Mirror
from .objectcache import ObjectCache
from .scan import TICK, scan
from .statcache import StatCache
from .threads import Threads

_GITLINK: Final = 0o160000
_STREAMS: Final = 3
"""Large files that are brought at a time."""


@dataclass(frozen=True)
class Checkout:
    """What a folder was filled with.

    Attributes:
        commit: The commit; None for an empty folder.
        base: Its files by stored path: the base for :func:`.diff.changes`.
    """

    commit: str | None
    base: Mapping[bytes, Entry]


def checkout(
    mirror: Mirror,
    commit: str | None,
    target: Path,
    *,
    objects: ObjectCache,
    source: Source,
    cache: StatCache | None = None,
    threshold: int = DEFAULT_THRESHOLD,
    owner: tuple[int, int] | None = None,
    room: Callable[[int], None] | None = None,
    linked: bool = False,
) -> Checkout:
    """Fill a new folder with the files of a commit.

    Args:
        mirror: The project's repository, which has the commit.
        commit: 40 hexadecimal digits, or None for an empty folder.
        target: The folder; it must not exist, or be empty, and nobody else may write to it meanwhile.
        objects: The runner's large contents.
        source: Where those come from that are not there.
        cache: Takes the stamps of all files, so that the next scan reads none of them.
        threshold: As the next scan will have it.
        owner: User and group id to give everything to (needs root).
        room: Called with the bytes of all files before any is written; may raise.
        linked: Large contents are hard links to the objects, read-only: for a folder that nobody will write to.

    Raises:
        DiskFull: no space left; what was written is still there.
        WorkspaceError: the folder is not empty, or the commit has paths that may not be.
        DotscienceError: whatever the source raises.
    """
    with named(f"create the folder {target}"):
        target.mkdir(parents=True, exist_ok=True)
        if any(target.iterdir()):
            raise WorkspaceError(f"The folder {target} is not empty.")
        root = names.open_folder(target)
    try:
        base = list_tree(mirror, commit) if commit else {}
        if room is not None:
            room(sum(entry.size for entry in base.values()))
        if commit:
            _fill(mirror, commit, target, root, base, _Large(root, objects, source, linked))
        if owner is not None:
            _give(root, owner)
    finally:
        os.close(root)
    if cache is not None:
        # All times lie a clock tick back then, and the stamps are good for the next scan.
        time.sleep(2 * TICK / 1e9)
        scan(target, cache=cache, threshold=threshold, known=base)
    return Checkout(commit, base)


def _fill(mirror: Mirror, commit: str, target: Path, root: int, listed: Mapping[bytes, Entry], large: _Large) -> None:
    _write_files(mirror, commit, target, sum(0 if entry.large else entry.size for entry in listed.values()))
    large.write({path: entry for path, entry in listed.items() if entry.large})
    for path in _escaped(listed):
        _unescape(root, path)


def _write_files(mirror: Mirror, commit: str, target: Path, size: int) -> None:
    with tempfile.TemporaryDirectory(prefix="dotscience-index-") as folder:
        index = Path(folder) / "index"
        try:
            mirror.git.run("read-tree", "-m", "-u", commit, work_tree=target, index=index, timeout=3600)
        except GitFailed as error:
            # Git does not say why it is "unable to write file x".
            if "unable to" in str(error) and shutil.disk_usage(target).free < size:
                raise DiskFull(f"There is no space left for the {size} bytes of the workspace {target}.") from error
            raise


def list_tree(mirror: Mirror, commit: str) -> dict[bytes, Entry]:
    """The files of a commit by stored path, large ones with hash and size of their content. Submodules are left out.

    Raises:
        WorkspaceError: a path in it may not stand in a workspace, or the commit is not there.
    """
    listed: dict[bytes, Entry] = {}
    suspects: dict[bytes, Entry] = {}
    for line in mirror.git.run("ls-tree", "-r", "-z", "--long", "--full-tree", commit).split(b"\0"):
        if not line:
            continue
        facts, _, path = line.partition(b"\t")
        mode, _, blob, size = facts.split()
        if int(mode, 8) == _GITLINK:
            continue
        entry = Entry.of(_mode(int(mode, 8)), blob.decode(), int(size))
        listed[_checked(path)] = entry
        if entry.mode != SYMLINK and MIN_POINTER <= entry.size <= MAX_POINTER:
            suspects[path] = entry
    return listed | _pointers(mirror, suspects)


def _mode(mode: int) -> int:
    """Git once had modes such as 0o100664, and reads them still."""
    if mode in (FILE, EXECUTABLE, SYMLINK):
        return mode
    return EXECUTABLE if mode & 0o100 else FILE


def _checked(path: bytes) -> bytes:
    try:
        return paths.check(path)
    except BadRequest as error:
        raise WorkspaceError(f"The commit cannot be checked out: {error}") from None


def _pointers(mirror: Mirror, suspects: Mapping[bytes, Entry]) -> dict[bytes, Entry]:
    if not suspects:
        return {}
    out = mirror.git.run("cat-file", "--batch", data="".join(f"{e.blob}\n" for e in suspects.values()).encode())
    found, at = {}, 0
    for path, entry in suspects.items():
        start = out.index(b"\n", at) + 1
        at = start + entry.size + 1
        if pointed := parse_pointer(out[start : at - 1]):
            found[path] = Entry.of(entry.mode, entry.blob, pointed.size, pointed.sha256, large=True)
    return found


@dataclass(frozen=True)
class _Large:
    """Puts contents of large files where git has put their pointers."""

    root: int
    objects: ObjectCache
    source: Source
    linked: bool

    def write(self, large: Mapping[bytes, Entry]) -> None:
        """All of them, some at a time."""
        if not large:
            return
        # All of them have ended with the block, also after an error: nobody may write into the folder after it.
        with Threads(_STREAMS, "dotscience-checkout") as threads:
            for future in [threads.submit(self._materialise, path, entry) for path, entry in large.items()]:
                future.result()

    def _materialise(self, path: bytes, entry: Entry) -> None:
        assert entry.sha256 is not None
        parent, name = names.open_parent(self.root, path)
        try:
            with named(f"write the file {paths.to_text(path)}"):
                st = os.stat(name, dir_fd=parent, follow_symlinks=False)
                os.unlink(name, dir_fd=parent)
                # An executable one would make executables of all its links.
                if self.linked and entry.mode == FILE and self._link(entry, parent, name):
                    return
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                fd = os.open(name, flags, 0o600, dir_fd=parent)
            try:
                self.objects.copy(entry.sha256, entry.size, fd, self.source)
                os.fchmod(fd, st.st_mode & 0o777)
            finally:
                os.close(fd)
        finally:
            os.close(parent)

    def _link(self, entry: Entry, parent: int, name: bytes) -> bool:
        assert entry.sha256 is not None
        return self.objects.link(entry.sha256, entry.size, parent, name, self.source)


def _escaped(listed: Mapping[bytes, Entry]) -> list[bytes]:
    """Files and folders whose last part has another name on disk, in the order in which they can be renamed.

    Deepest first, so that each is still found; in one folder ``%2Egit`` before ``%252Egit``, which takes its name.
    """
    found = set()
    for path in listed:
        if not (path.startswith(b"%") or b"/%" in path):
            continue
        parts = path.split(b"/")
        found |= {b"/".join(parts[: i + 1]) for i, p in enumerate(parts) if paths.unescape_git(p) != p}
    return sorted(found, key=lambda path: (-path.count(b"/"), len(path)))


def _unescape(root: int, path: bytes) -> None:
    parent, name = names.open_parent(root, path)
    try:
        with named(f"write {paths.to_text(path)}"):
            os.rename(name, paths.unescape_git(name), src_dir_fd=parent, dst_dir_fd=parent)
    finally:
        os.close(parent)


def _give(root: int, owner: tuple[int, int]) -> None:
    with named("give the workspace to its user"):
        for _, folders, files, fd in os.fwalk(".", dir_fd=root, follow_symlinks=False):
            for name in [*folders, *files]:
                os.chown(name, *owner, dir_fd=fd, follow_symlinks=False)
        os.chown(root, *owner)
