"""Recording changes: objects first, then the branch, by compare-and-swap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.paths import to_bytes, to_text
from jupyter_dotscience.api.problems import BadRequest, Conflict

from . import trees
from .binary import Git
from .changes import ChangeReader, Changes, Sizes
from .commit_object import CommitObject, seconds, with_trailers
from .limits import Limits
from .lock import writing
from .loose import LooseWriter
from .merging import Merger
from .reader import Reader
from .refs import Moved, Refs, branch_of, ref_of

Recorded = Callable[[str, Changes], None]
"""Called with the commit and its changes before a branch points to it."""

_EMPTY_TREE = b""
_ATTEMPTS = 20


@dataclass(frozen=True)
class Committed:
    """What came of a commit.

    Attributes:
        commit: The commit made; None when nothing changed.
        head: Where the branch is now.
        merged: Whether the branch had moved on, so that both sides were merged.
        merge: The merge commit, when this call made one.
    """

    commit: str | None
    head: str | None
    merged: bool = False
    merge: str | None = None


class Committer:
    """Makes commits in one repository."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Of the repository in `folder`."""
        self._folder = folder
        self._limits = limits
        self._refs = Refs(folder)

    def commit(
        self, request: CommitCreate, author: str, sizes: Sizes, recorded: Recorded, *,
        task: str | None = None, metadata: dict[str, str] | None = None,
    ) -> Committed:  # fmt: skip
        """Record a request as one commit. The same request again makes the same commit, and moves nothing twice.

        Args:
            request: What to record.
            author: Who did it.
            sizes: Which large objects the project has.
            recorded: Called before the branch moves; may be called again by a retry.
            task: The task it is a result of; its branch takes whatever its task sends.
            metadata: Goes into the message, so that git alone tells it.

        Raises:
            BadRequest: a bad path or content, or `parent` is unknown.
            Conflict: the branch moved on, and both sides changed the same; nothing is changed.
        """
        ref = ref_of(request.branch)
        reader = Reader(self._folder)
        if request.parent is not None and not reader.has_commit(request.parent):
            raise BadRequest(f"This project has no commit {request.parent}.", code="unknown_parent")
        made = self._make(reader, request, author, sizes, recorded, task, metadata or {})
        if made is None and request.keep and request.parent is not None:
            made = request.parent  # nothing new, but what is there shall win
        if made is None:
            return Committed(None, self._refs.read(ref))
        return self.integrate(ref, made, replace=task is not None, keep=request.keep)

    def _make(
        self, reader: Reader, request: CommitCreate, author: str, sizes: Sizes, recorded: Recorded,
        task: str | None, metadata: dict[str, str],
    ) -> str | None:  # fmt: skip
        """The commit object of a request, visible and durable but on no branch; None when nothing changed."""
        writer = LooseWriter(self._folder / "objects", reader.exists)
        try:
            changes = ChangeReader(self._folder, reader, writer, sizes, self._limits).read(request)
            old = None if request.parent is None else reader.root(request.parent)
            # An empty tree is an object of its own for git; for `edit` it is none.
            base = None if old is not None and not reader.tree(old) else old
            tree = trees.edit(reader.tree, writer.tree, base, changes.entries)
            root = tree if tree is not None else writer.tree(_EMPTY_TREE)
            if not request.always and (root == old or (tree is None and old is None)):
                return None
            commit = self._write(writer, root, request, author, task, metadata)
            writer.flush()
        finally:
            writer.discard()
        recorded(commit, changes)
        return commit

    def _write(
        self, writer: LooseWriter, root: bytes, request: CommitCreate, author: str, task: str | None,
        metadata: dict[str, str],
    ) -> str:  # fmt: skip
        if "\0" in request.message:
            raise BadRequest("A commit's message cannot hold a NUL byte.", code="bad_message")
        commit = CommitObject(
            tree=root.hex(),
            parents=() if request.parent is None else (request.parent,),
            author=author,
            time=seconds(request.created),
            message=with_trailers(request.message, task, metadata),
        )
        return writer.add(b"commit", commit.serialize()).hex()

    def integrate(self, ref: str, commit: str, *, replace: bool = False, keep: Sequence[str] = ()) -> Committed:
        """Bring a commit into a branch: fast-forward, or a merge commit.

        Args:
            ref: The branch.
            commit: What to bring in.
            replace: When histories part, the commit's files win and the other side stays in the history. For a task's
                branch: the task began anew after its runner was lost, and what counts is its last attempt.
            keep: Paths of which the commit's version stands when both sides changed them.

        Raises:
            Conflict: with the paths in ``detail["paths"]``.
        """
        with writing(self._folder):
            for _ in range(_ATTEMPTS):  # only git, by a push, can come in between
                try:
                    return self._integrate(ref, commit, replace, frozenset(map(to_bytes, keep)))
                except Moved:
                    continue
        raise Conflict("The branch keeps moving; try again.")

    def _integrate(self, ref: str, commit: str, replace: bool, keep: frozenset[bytes]) -> Committed:
        reader = Reader(self._folder)
        head = self._refs.read(ref)
        if head is not None and reader.is_ancestor(commit, head):
            return Committed(commit, head, merged=self.came_by_merge(commit, head))
        if head is None or reader.is_ancestor(head, commit):
            self._refs.update(ref, commit, head, "commit")
            return Committed(commit, commit)
        merge = self._merge(reader, ref, head, commit, replace, keep)
        self._refs.update(ref, merge, head, "merge")
        return Committed(commit, merge, merged=True, merge=merge)

    def _merge(self, reader: Reader, ref: str, head: str, commit: str, replace: bool, keep: frozenset[bytes]) -> str:
        """The merge commit. It depends on its two sides, and what is kept, only."""
        writer = LooseWriter(self._folder / "objects", reader.exists)
        mine, theirs = reader.commit(commit), reader.commit(head)
        if replace:
            tree = mine.tree
        else:
            merged = Merger(self._folder, reader, writer).merge(head, commit, keep)
            if merged.tree is None:
                raise _conflict(ref, head, commit, merged.conflicts)
            tree = merged.tree
        result = CommitObject(
            tree=tree,
            parents=(head, commit),
            author=mine.author,
            time=max(mine.time, theirs.time),
            message=f"Merge {commit[:12]} into {branch_of(ref)}\n",
        )
        oid = writer.add(b"commit", result.serialize())
        writer.flush()
        return oid.hex()

    def came_by_merge(self, commit: str, head: str) -> bool:
        """Whether `commit`, which is in the history of `head`, came in as the second side of a merge."""
        if commit == head:
            return False
        out = Git(self._folder).run("rev-list", "--merges", "--parents", "--ancestry-path", f"{commit}..{head}")
        return any(commit in line.split()[2:] for line in out.decode().splitlines())


def _conflict(ref: str, head: str, commit: str, paths: tuple[bytes, ...]) -> Conflict:
    names = [to_text(path) for path in paths]
    shown = ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
    return Conflict(
        f"The branch {branch_of(ref)!r} moved on, and both sides changed {shown}: "
        "get the newest version and try again.",
        detail={"paths": names, "head": head, "commit": commit},
    )
