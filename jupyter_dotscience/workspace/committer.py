"""Who makes versions of a workspace: on a runner the agent, in a JupyterLab that no hub started its extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from jupyter_dotscience.api import paths
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import CommitCreate, CommitResult, SkippedFile

from .diff import Changes, changes
from .entry import DEFAULT_THRESHOLD, Entry
from .scan import Snapshot, scan
from .statcache import StatCache
from .transfer import Remote, Sent, send

Record = Callable[[CommitCreate], CommitResult]
"""Hands a commit to the hub."""


class Committer(Protocol):
    """Makes versions of one workspace."""

    def commit(self, message: str) -> CommitResult | None:
        """Record the workspace as it is now; None when nothing has changed since the last commit."""


@dataclass
class WorkspaceCommitter:
    """A committer that scans a folder and sends what has changed.

    Attributes:
        root: The folder.
        remote: Where contents go.
        record: Where commits go.
        parent: The commit that ``base`` is; None for an empty tree.
        base: The files of ``parent`` by stored path.
        cache: Stamps of the last scan.
        branch: Where the commits go.
        threshold: Files above this many bytes are kept as large objects.
        exclude: Stored paths not to look at.
    """

    root: Path
    remote: Remote
    record: Record
    parent: str | None
    base: Mapping[bytes, Entry]
    cache: StatCache
    branch: str = "main"
    threshold: int = DEFAULT_THRESHOLD
    exclude: frozenset[bytes] = frozenset()

    def commit(self, message: str) -> CommitResult | None:
        """Record the workspace as it is now; None when nothing has changed since the last commit.

        Raises:
            WorkspaceError: the folder cannot be read.
            DotscienceError: whatever the hub answered.
        """
        request, base = self.prepare(message)
        if not (request.changes or request.deletes):
            return None
        result = self.record(request)
        # Merged with others' changes, the branch's files are not this folder's: the next commit is again relative to
        # the old parent, so that it is merged again and nothing of theirs is overwritten.
        if result.commit is not None and not result.merged:
            self.parent, self.base = result.commit, base
        return result

    def prepare(self, message: str) -> tuple[CommitCreate, Mapping[bytes, Entry]]:
        """Send all contents, and make the request that turns them into a commit.

        Returns:
            The request, and the files that the workspace has once it is recorded.
        """
        snapshot = scan(self.root, cache=self.cache, threshold=self.threshold, exclude=self.exclude)
        found = changes(self.base, snapshot)
        sent = send(self.root, found, self.remote)
        request = commit_request(found, sent, branch=self.branch, parent=self.parent, message=message)
        return request, _after(self.base, snapshot, found, sent)


def commit_request(
    found: Changes, sent: Sent, *, branch: str, parent: str | None, message: str, keep: Sequence[str] = ()
) -> CommitCreate:
    """The request that makes a commit of what was sent."""
    reasons = {**found.skipped, **sent.left}
    return CommitCreate(
        branch=branch,
        parent=parent,
        message=message,
        created=now(),
        changes=sent.changes,
        deletes=[paths.to_text(path) for path in found.deleted],
        skipped=[SkippedFile(path=paths.to_text(path), reason=reason) for path, reason in sorted(reasons.items())],
        keep=list(keep),
    )


def _after(base: Mapping[bytes, Entry], snapshot: Snapshot, found: Changes, sent: Sent) -> dict[bytes, Entry]:
    deleted = set(found.deleted)
    kept = {path: entry for path, entry in base.items() if path not in deleted}
    return {**kept, **{path: entry for path, entry in snapshot.entries.items() if path not in sent.left}}
