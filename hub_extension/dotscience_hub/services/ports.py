"""What the services about projects and tasks need of others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from jupyter_dotscience.api.commits import CommitCreate, CommitResult
from jupyter_dotscience.api.datasets import S3Create, TaskDataset
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.api.tasks import MergeState

FileVersionOf = tuple[str | None, str | None, str | None]
"""(commit that last changed it, sha256, blob) of a file."""


class Workspaces(Protocol):
    """The versioned files of projects. All methods block."""

    def delete_project(self, project: str) -> None:
        """Remove a workspace; nothing happens when there is none."""
        ...

    def head(self, project: str) -> str | None:
        """Main's newest commit, None while it is empty."""
        ...

    def resolve(self, project: str, revision: str) -> str | None:
        """The commit that a revision names. None or NotFound when there is none."""
        ...

    def record_task(
        self, project: str, task: str, author: str, commit: CommitCreate, metadata: Mapping[str, str]
    ) -> CommitResult:
        """Record a task's changes on its own branch; the same call again makes the same commit."""
        ...

    def merge_task(
        self, project: str, task: str, author: str, keep: Sequence[str] = ()
    ) -> tuple[MergeState, list[str], str | None]:
        """Bring a task's branch into main, its version winning for paths in ``keep``; repeated, it changes nothing.

        Returns:
            What became of it, the paths that both sides changed, and main's newest commit.
        """
        ...

    def kind_at(self, project: str, commit: str, path: str) -> str | None:
        """What stands at a path of a commit: `file`, `symlink`, `folder`, or None."""
        ...

    def versions_at(self, project: str, commit: str, paths: Sequence[str]) -> Mapping[str, FileVersionOf]:
        """Versions of those of the files that are there at a commit."""
        ...


class People(Protocol):
    """The hub's users, and who of them may open whose server. All methods block.

    All raise `Unavailable` while the hub does not answer.
    """

    def is_known(self, user: str) -> bool:
        """Whether the hub has a user of this name."""
        ...

    def find(self, text: str, limit: int) -> list[str]:
        """Names of users that hold a text, in upper or lower case, in alphabetical order."""
        ...

    def guests(self, owner: str, server: str) -> list[str]:
        """Whom a user's server is shared with; nobody when there is no such server."""
        ...

    def let_in(self, owner: str, server: str, user: str) -> None:
        """Let a user open another's server; one who may already still may.

        Raises:
            NotFound: The hub has no such server, or no such user.
        """
        ...

    def put_out(self, owner: str, server: str, user: str) -> None:
        """End that; nothing happens when it was not so."""
        ...


class Syncs(Protocol):
    """Keeps datasets that are copies of buckets like their buckets."""

    def request(self, dataset: str) -> None:
        """Look at a dataset's bucket as soon as may be, with an attempt that begins after this call.

        Inside a transaction it is asked for together with all else, or not at all.
        """
        ...

    def forget(self, dataset: str) -> None:
        """End what goes on for a dataset that was just deleted."""
        ...

    def check(self, source: S3Create) -> None:
        """Try whether a bucket can be read.

        Raises:
            BadRequest: It cannot, and why.
        """
        ...


class TaskRuns(Protocol):
    """Runs, as far as tasks have to do with them."""

    def record_task_runs(
        self,
        session: Session,
        *,
        project: str,
        task: str | None,
        author: str,
        runs: Sequence[RunReport],
        commit: str | None,
        inputs: Mapping[str, FileVersionOf],
        outputs: Mapping[str, FileVersionOf],
        mounts: Sequence[TaskDataset] = (),
    ) -> int:
        """Record runs within the transaction; files below a mount are a dataset's."""
        ...

    def fail_open_runs(self, session: Session, tasks: Sequence[str], error: str) -> None:
        """Mark the live runs of tasks that ended without publishing them."""
        ...


class TaskLogs(Protocol):
    """Logs, as far as tasks have to do with them."""

    def next(self, task: str) -> int:
        """The sequence number that comes next."""
        ...

    def seal(self, task: str) -> None:
        """Make a task's log durable."""
        ...

    def delete(self, task: str) -> None:
        """Remove a task's log; nothing happens when there is none."""
        ...
