"""What a push may bring: checked while its objects are still in git's quarantine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from jupyter_dotscience.api.paths import MAX_PATH, check, to_text
from jupyter_dotscience.api.problems import BadRequest, TooLarge
from jupyter_dotscience.workspace.hashing import MAX_POINTER, MIN_POINTER, parse_pointer

from . import trees
from .limits import Limits
from .reader import Reader
from .refs import MAIN, branch_of, is_branch_ref

NOTHING = "0" * 40
_FILES = {trees.FILE, 0o100664, trees.EXECUTABLE, trees.SYMLINK}
_SUBMODULE = 0o160000


@dataclass(frozen=True)
class RefChange:
    """One line of a push: a ref with its old and new commit (zeros: none)."""

    old: str
    new: str
    ref: str


def check_ref(change: RefChange, reader: Reader) -> None:
    """Whether people may move this ref so.

    Raises:
        BadRequest: they may not.
    """
    if not is_branch_ref(change.ref):
        raise BadRequest(f"{branch_of(change.ref)!r} cannot be pushed: only branches can, such as main.")
    if change.new == NOTHING:
        if change.ref == MAIN:
            raise BadRequest("The branch main cannot be deleted.")
        return
    if not reader.has_commit(change.new):
        raise BadRequest(f"{branch_of(change.ref)!r} must point to a commit.")


@dataclass(frozen=True)
class _Shape:
    """Of everything below a tree: number of files, length of the longest path, how deep it goes."""

    files: int
    length: int
    depth: int

    def beside(self, other: _Shape) -> _Shape:
        """Both together, in one folder."""
        return _Shape(self.files + other.files, max(self.length, other.length), max(self.depth, other.depth))


class TreeCheck:
    """Checks whole trees, each once, whatever the number of paths that lead to it.

    A few kilobytes of trees that name each other can stand for more files than there are atoms: they are counted, never
    walked.
    """

    def __init__(self, read: trees.Read, limits: Limits) -> None:
        """Args: how to read a tree, and what is too much."""
        self._read = read
        self._limits = limits
        self._seen: dict[bytes, _Shape] = {}

    def check(self, tree: bytes) -> None:
        """Check a commit's tree.

        Raises:
            BadRequest: a name, a mode or a path that may not stand in a workspace.
            TooLarge: too many files.
        """
        shape = self._shape(tree, 0)
        if shape.files > self._limits.files:
            raise TooLarge(f"A version may hold {self._limits.files} files at the most.")
        if shape.length > MAX_PATH or shape.depth > trees.MAX_DEPTH:
            raise BadRequest(f"A path is longer than {MAX_PATH} bytes or deeper than {trees.MAX_DEPTH} folders.")

    def _shape(self, tree: bytes, depth: int) -> _Shape:
        found = self._seen.get(tree)
        if found is None:
            if depth > trees.MAX_DEPTH:
                raise BadRequest(f"A path is deeper than {trees.MAX_DEPTH} folders.")
            found = _Shape(0, 0, 0)
            for name, entry in trees.parse(self._read(tree)).items():
                found = found.beside(self._entry(name, entry, depth))
            self._seen[tree] = found
        return found

    def _entry(self, name: bytes, entry: trees.Entry, depth: int) -> _Shape:
        check(name)
        if entry.mode == trees.TREE:
            below = self._shape(entry.oid, depth + 1)
            return _Shape(below.files, len(name) + 1 + below.length, below.depth + 1)
        if entry.mode == _SUBMODULE:
            raise BadRequest(f"{to_text(name)!r} is a submodule; commit its files instead.")
        if entry.mode not in _FILES:
            raise BadRequest(f"{to_text(name)!r} has the mode {entry.mode:o}, which no file can have.")
        return _Shape(1, len(name), 0)


def check_blobs(
    sizes: Iterable[tuple[str, int]],
    read: Callable[[bytes], bytes],
    limits: Limits,
    objects: Callable[[], Mapping[str, int]],
) -> None:
    """Check the new blobs of a push.

    Args:
        sizes: Their ids and sizes.
        read: Content by id.
        limits: What is too much.
        objects: Sizes of the objects that the project has; asked only when there is a pointer.

    Raises:
        BadRequest: a Git LFS pointer to an object that was not uploaded.
        TooLarge: a blob over the limit.
    """
    for name, size in sizes:
        if size > limits.blob:
            raise TooLarge(f"A file is larger than {limits.blob >> 20} MiB: track it with git-lfs (`git lfs track`).")
        pointer = parse_pointer(read(bytes.fromhex(name))) if MIN_POINTER <= size <= MAX_POINTER else None
        if pointer is not None and objects().get(pointer.sha256) != pointer.size:
            raise BadRequest(f"The large file {pointer.sha256} was not uploaded: run `git lfs push --all` first.")
