"""Three-way merges of commits."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from . import notebooks, trees
from .binary import Git, GitError
from .loose import LooseWriter
from .reader import Reader
from .trees import Entry

_CLEAN, _CONFLICT = 0, 1


@dataclass(frozen=True)
class Merge:
    """What came of a merge.

    Attributes:
        tree: Id of the merged tree; None with conflicts.
        conflicts: Paths that both sides changed in ways that do not fit.
    """

    tree: str | None
    conflicts: tuple[bytes, ...] = ()


class Merger:
    """Merges within one repository. Nothing moves: the result is a tree."""

    def __init__(self, folder: Path, reader: Reader, writer: LooseWriter) -> None:
        """Make it.

        Args:
            folder: The repository.
            reader: Reads it.
            writer: Stores merged notebooks and their trees.
        """
        self._git = Git(folder)
        self._reader = reader
        self._writer = writer

    def merge(self, ours: str, theirs: str, keep: Collection[bytes] = ()) -> Merge:
        """Merge two commits; notebooks that both changed always by cells, also where their lines would fit.

        Args:
            ours: The one side.
            theirs: The other.
            keep: Paths of which their version stands, where the two do not fit.
        """
        tree, conflicts = self._by_lines(ours, theirs)
        merged, refused = self._by_cells(ours, theirs)
        left = (conflicts - set(merged)) | refused
        kept = {path for path in left if path in keep}
        merged.update({path: self._reader.entry(theirs, path) for path in kept})
        left -= kept
        if left:
            return Merge(None, tuple(sorted(left)))
        if not merged:
            return Merge(tree)
        root = trees.edit(self._reader.tree, self._writer.tree, bytes.fromhex(tree), merged)
        assert root is not None
        self._writer.flush()
        return Merge(root.hex())

    def _by_lines(self, ours: str, theirs: str) -> tuple[str, set[bytes]]:
        """Git's own merge: tree and conflicting paths (git-merge-tree(1), OUTPUT).

        Renames are not guessed: a path is a file's identity here.
        """
        done = self._git.call(
            "-c", "merge.renames=false", "-c", "merge.directoryRenames=false",
            "merge-tree", "--write-tree", "-z", "--no-messages", "--allow-unrelated-histories", ours, theirs,
        )  # fmt: skip
        if done.returncode not in (_CLEAN, _CONFLICT):
            raise GitError(f"git merge-tree failed: {done.stderr.decode(errors='replace')[-2000:]}")
        tree, *rest = done.stdout.split(b"\0")
        return tree.decode(), {line.partition(b"\t")[2] for line in rest if b"\t" in line}

    def _by_cells(self, ours: str, theirs: str) -> tuple[dict[bytes, Entry | None], set[bytes]]:
        base = self._reader.merge_base(ours, theirs)
        mine, others = self._notebooks(base, ours), self._notebooks(base, theirs)
        merged: dict[bytes, Entry | None] = {}
        refused = set()
        for path in mine.keys() & others.keys():
            if mine[path] == others[path]:
                continue
            old = None if base is None else self._reader.entry(base, path)
            entry = self._merge_notebook(old, mine[path], others[path])
            if entry is None:
                refused.add(path)
            else:
                merged[path] = entry
        return merged, refused

    def _notebooks(self, base: str | None, side: str) -> dict[bytes, Entry | None]:
        return {path: entry for path, entry in self._reader.changed(base, side) if path.endswith(b".ipynb")}

    def _merge_notebook(self, old: Entry | None, mine: Entry | None, other: Entry | None) -> Entry | None:
        """The merged notebook; None for one that a side deleted, and for what nbdime leaves to a person."""
        if old is None or mine is None or other is None or old.mode == trees.TREE:
            return None
        content = notebooks.merge(*(self._reader.blob(entry.oid) for entry in (old, mine, other)))
        return None if content is None else Entry(mine.mode, self._writer.add(b"blob", content))
