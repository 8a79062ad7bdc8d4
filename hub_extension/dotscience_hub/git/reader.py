"""Reading a repository with libgit2: fast for small things, on worker threads only, since it holds the GIL."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from pathlib import Path

import pygit2
from pygit2.enums import ConfigLevel, ObjectType

from jupyter_dotscience.api.problems import NotFound

from . import trees
from .binary import Git
from .commit_object import CommitObject
from .trees import Entry

# Neither the machine's configuration nor a user's may say anything about the hub's repositories.
for _level in (ConfigLevel.SYSTEM, ConfigLevel.GLOBAL, ConfigLevel.XDG, ConfigLevel.PROGRAMDATA):
    pygit2.settings.search_path[_level] = ""
pygit2.settings.owner_validation = False

_READ_BY_GIT = 1 << 20
"""Above this many bytes the git binary reads: libgit2 would stop all other threads meanwhile."""


class Reader:
    """One look into a repository. Make a new one per call: it is cheap, and not for several threads."""

    def __init__(self, folder: Path, extra: Path | None = None) -> None:
        """Open the objects.

        Args:
            folder: The repository.
            extra: Another folder of objects, such as the quarantine of a push.
        """
        self._folder = folder
        self._odb = pygit2.Odb(str(folder / "objects"))
        if extra is not None:
            self._odb.add_disk_alternate(str(extra))

    @functools.cached_property
    def _repository(self) -> pygit2.Repository:
        return pygit2.Repository(str(self._folder))

    def exists(self, oid: bytes) -> bool:
        """Whether there is such an object, of any kind."""
        return pygit2.Oid(raw=oid) in self._odb

    def header(self, oid: bytes) -> tuple[str, int] | None:
        """Kind (`blob`, `tree`, `commit`, `tag`) and size in bytes of an object, or None."""
        try:
            kind, size = self._odb.read_header(pygit2.Oid(raw=oid))
        except KeyError:
            return None
        return ObjectType(kind).name.lower(), size

    def tree(self, oid: bytes) -> bytes:
        """Content of a tree.

        Raises:
            NotFound: there is none.
        """
        return self._read(oid, ObjectType.TREE)

    def commit(self, commit: str) -> CommitObject:
        """A commit by its id.

        Raises:
            NotFound: there is none.
        """
        return CommitObject.parse(self._read(bytes.fromhex(commit), ObjectType.COMMIT))

    def root(self, commit: str) -> bytes:
        """The id of a commit's tree.

        Raises:
            NotFound: there is no such commit.
        """
        return bytes.fromhex(self.commit(commit).tree)

    def has_commit(self, commit: str) -> bool:
        """Whether there is such a commit."""
        found = self.header(bytes.fromhex(commit))
        return found is not None and found[0] == "commit"

    def blob(self, oid: bytes) -> bytes:
        """Content of a blob.

        Raises:
            NotFound: there is none.
        """
        found = self.header(oid)
        if found is not None and found[0] == "blob" and found[1] > _READ_BY_GIT:
            return Git(self._folder).run("cat-file", "blob", oid.hex())
        return self._read(oid, ObjectType.BLOB)

    def entry(self, commit: str, path: bytes) -> Entry | None:
        """What stands at a path of a commit, file or folder, or None."""
        return trees.find(self.tree, self.root(commit), path)

    def files(self, commit: str, prefix: bytes = b"") -> Iterator[tuple[bytes, Entry]]:
        """All files of a commit, or of one folder of it, sorted by path."""
        root = self.root(commit)
        folder = prefix.rstrip(b"/")
        if folder:
            found = trees.find(self.tree, root, folder)
            if found is None:
                return
            if found.mode != trees.TREE:
                yield folder, found
                return
            yield from trees.walk(self.tree, found.oid, folder + b"/")
            return
        yield from trees.walk(self.tree, root)

    def changed(self, base: str | None, commit: str) -> Iterator[tuple[bytes, Entry | None]]:
        """Files that differ between two commits; None where `commit` has none. Without a base, all files."""
        bases = [] if base is None else [self.root(base)]
        yield from trees.difference(self.tree, self.root(commit), bases)

    def introduced(self, commit: str) -> Iterator[tuple[bytes, Entry]]:
        """Files that `commit` brought: that none of its parents has the same."""
        found = self.commit(commit)
        bases = [self.root(parent) for parent in found.parents]
        for path, entry in trees.difference(self.tree, bytes.fromhex(found.tree), bases):
            if entry is not None:
                yield path, entry

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether `commit` is `of`, or is in its history."""
        return commit == of or bool(self._repository.descendant_of(of, commit))

    def merge_base(self, one: str, other: str) -> str | None:
        """A best common ancestor, or None for unrelated histories."""
        found = self._repository.merge_base(one, other)
        return None if found is None else str(found)

    def missing(self, oids: Iterable[str]) -> list[str]:
        """Those ids that are no blob here."""
        return [oid for oid in oids if not self._is_blob(bytes.fromhex(oid))]

    def _is_blob(self, oid: bytes) -> bool:
        found = self.header(oid)
        return found is not None and found[0] == "blob"

    def _read(self, oid: bytes, kind: ObjectType) -> bytes:
        try:
            found, content = self._odb.read(pygit2.Oid(raw=oid))
        except KeyError:
            found, content = None, b""
        if found != kind:
            raise NotFound(f"This project has no {kind.name.lower()} {oid.hex()}.")
        return bytes(content)
