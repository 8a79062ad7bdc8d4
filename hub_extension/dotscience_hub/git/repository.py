"""One project's bare git repository: the facade over what reads and writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.problems import NotFound

from . import maintenance
from .binary import Git
from .changes import Sizes
from .commit_object import CommitObject
from .committer import Committed, Committer, Recorded
from .history import History
from .limits import Limits
from .packs import PackReceiver
from .reader import Reader
from .refs import MAIN, Refs, branch_of, ref_of

_ABBREVIATED = re.compile(r"[0-9a-f]{7,39}")


class Repository:
    """The commit graph of one project. All methods block: call them on worker threads.

    Attributes:
        folder: Where it is.
        refs: Its branches.
        history: Walks commits.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Of an existing repository."""
        self.folder = folder
        self.limits = limits
        self.refs = Refs(folder)
        self.history = History(folder)
        self._committer = Committer(folder, limits)

    def reader(self) -> Reader:
        """A look into it, for this thread."""
        return Reader(self.folder)

    def head(self, branch: str = "main") -> str | None:
        """A branch's newest commit, or None.

        Raises:
            BadRequest: no branch can have this name.
        """
        return self.refs.read(ref_of(branch))

    def resolve(self, revision: str) -> str | None:
        """The commit a revision names; None for `main` (or a task's branch) while it is empty.

        Raises:
            NotFound: there is no such commit or branch.
        """
        commit = self._abbreviated(revision) if _ABBREVIATED.fullmatch(revision) else self.refs.resolve(revision)
        if commit is None:
            if revision.startswith("heads/"):
                raise NotFound(f"There is no branch {revision!r}.")
            return None
        if not self.reader().has_commit(commit):
            raise NotFound(f"This project has no commit {commit}.")
        return commit

    def _abbreviated(self, prefix: str) -> str:
        """The one commit whose id begins so, as `git log --oneline` shows it."""
        found = Git(self.folder).run(
            "rev-parse", "--verify", "--quiet", "--end-of-options", prefix + "^{commit}", codes=(0, 1, 128)
        )
        if not found:
            raise NotFound(f"No commit of this project, or more than one, begins with {prefix}.")
        return found.decode().strip()

    def commit_object(self, commit: str) -> CommitObject:
        """A commit as git stores it.

        Raises:
            NotFound: there is none.
        """
        return self.reader().commit(commit)

    def branches(self) -> dict[str, str]:
        """Branches and their commits, by our names."""
        return {
            branch_of(ref): commit
            for ref, commit in sorted(self.refs.all().items())
            if ref.startswith(("refs/heads/", "refs/tasks/"))
        }

    def missing(self, blobs: Iterable[str]) -> list[str]:
        """Which of these contents are not here."""
        return self.reader().missing(blobs)

    def commit(
        self, request: CommitCreate, author: str, sizes: Sizes, recorded: Recorded, *,
        task: str | None = None, metadata: dict[str, str] | None = None,
    ) -> Committed:  # fmt: skip
        """See :meth:`Committer.commit`."""
        return self._committer.commit(request, author, sizes, recorded, task=task, metadata=metadata)

    def integrate(self, branch: str, commit: str, keep: Sequence[str] = ()) -> Committed:
        """Bring a commit into a branch; see :meth:`Committer.integrate`."""
        return self._committer.integrate(ref_of(branch), commit, keep=keep)

    def contains(self, branch_head: str | None, commit: str) -> bool:
        """Whether a branch's history holds a commit."""
        return branch_head is not None and self.reader().is_ancestor(commit, branch_head)

    def ingest_pack(self, pack: Path) -> int:
        """See :meth:`PackReceiver.ingest`."""
        return PackReceiver(self.folder, self.limits).ingest(pack)

    def maintain(self) -> bool:
        """Pack loose objects when there are many; whether it did."""
        return maintenance.repack_if_needed(self.folder)

    @property
    def has_main(self) -> bool:
        """Whether anything was ever committed to main."""
        return self.refs.read(MAIN) is not None
