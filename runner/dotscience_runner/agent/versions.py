"""Versions of the workspace of a task that runs: made on order while it runs, kept in its folder while the hub is away.

See :mod:`.control` for how a jupyter task uses it.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence

import msgspec

from jupyter_dotscience.api import control
from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.problems import BadRequest, LeaseLost, NotFound, TooLarge
from jupyter_dotscience.api.protocol import Assignment, TaskCommit
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.remote import ProjectRemote, ProjectView
from jupyter_dotscience.workspace import Entry
from jupyter_dotscience.workspace.binding import EXCLUDED_NAMES
from jupyter_dotscience.workspace.orders import Orders
from jupyter_dotscience.workspace.queued import Placed, QueuedCommitter

from .datasets import excluded
from .patience import insist_for_task
from .spool import TaskFolder
from .wishes import Wishes

LAST_MESSAGE = "Save what was left when JupyterLab stopped"


class Versions:
    """Makes the versions of one task.

    Args:
        assignment: What the hub said.
        folder: The task's place; what waits for the hub is kept in it.
        client: As the runner. It should not repeat calls for long: orders wait for their answer.
        task_client: As the task.
        wishes: Told when the task is lost.
        base: The files the workspace was filled with, by stored path; asked for once in the life of the folder.

    Raises:
        WorkspaceError: its folder cannot be written.
    """

    def __init__(
        self,
        assignment: Assignment,
        folder: TaskFolder,
        client: Client,
        task_client: Client,
        wishes: Wishes,
        base: Callable[[], Mapping[bytes, Entry]],
    ) -> None:
        self._assignment, self._wishes, self._client = assignment, wishes, client
        self._committer = QueuedCommitter(
            folder.work,
            folder.path / "versions",
            remote=ProjectRemote(task_client, assignment.project),
            record=self._record,
            threshold=assignment.large_file_threshold,
            exclude=excluded(assignment.datasets),
            exclude_names=EXCLUDED_NAMES,
        )
        if not self._committer.started:
            branch = self._branch if assignment.conflicts else "main"
            self._committer.start(assignment.commit, base(), branch, assignment.conflicts)
        self._orders = Orders(
            self._committer,
            ProjectView(task_client, assignment.project, f"tasks/{assignment.task}"),
            project_id=assignment.project,
            project_name=assignment.project_name,
        )

    def answer(self, order: control.Order) -> control.Result:
        """Carry out an order that came over the control socket."""
        return self._orders.answer(order)

    def close(self) -> None:
        """Send nothing more; what waits stays in the task's folder."""
        self._orders.close()

    @property
    def carried(self) -> Sequence[RunReport]:
        """Runs of versions that the hub did not take, for ``finish``; known after :meth:`results`."""
        return self._committer.carried

    def results(self, ended: dt.datetime) -> CommitCreate | None:
        """Bring all that waits to the hub; answers the changes since, for ``finish``. May be repeated.

        Args:
            ended: The time of the end, which makes a repeated commit the same one.

        Raises:
            TaskLost, AgentClosing: as `insist_for_task`.
            WorkspaceError: the folder cannot be read.
            DotscienceError: the hub refuses a version.
        """
        self._orders.finish()
        # What the hub refuses becomes part of the changes since; its runs are `carried`.
        with contextlib.suppress(BadRequest, TooLarge):
            insist_for_task(self._committer.ship, self._wishes)
        request = insist_for_task(lambda: self._committer.prepare(LAST_MESSAGE), self._wishes)
        if request is None:
            return None
        parent = self._committer.standing.commit
        return msgspec.structs.replace(request, branch=self._branch, parent=parent, created=ended)

    @property
    def _branch(self) -> str:
        return f"tasks/{self._assignment.task}"

    def _record(self, commit: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        order = TaskCommit(fence=self._assignment.fence, commit=commit, runs=list(runs))
        try:
            done = self._client.commit_task(order, task=self._assignment.task)
        except (LeaseLost, NotFound):
            self._wishes.lose()
            raise LeaseLost("This JupyterLab's task was given to another runner; nothing more can be saved.") from None
        return Placed(done.commit, self._branch, done.conflicts)
