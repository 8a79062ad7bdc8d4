"""The end of a task: its changed files, its runs, the rest of its log, and then its outcome, in this order."""

from __future__ import annotations

import logging
import signal
from functools import partial

import msgspec

from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.problems import ApiError, BadRequest, Conflict, TooLarge
from jupyter_dotscience.api.protocol import Finish, Outcome
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.api.tasks import Execution
from jupyter_dotscience.client import Client
from jupyter_dotscience.workspace import WorkspaceError

from .journal import Journal
from .patience import insist_for_task
from .points import PointsFollower
from .shipper import Shipper
from .spool import Record
from .versions import Versions
from .wishes import Wishes
from .workspace import Workspace

log = logging.getLogger(__name__)
LONGEST_MESSAGE = 10_000


class Finishing:
    """Brings home what one task made. May be repeated: the commit depends on the files and the time of the end only."""

    def __init__(
        self,
        client: Client,
        record: Record,
        workspace: Workspace,
        journal: Journal,
        points: PointsFollower,
        shipper: Shipper,
        wishes: Wishes,
        versions: Versions | None = None,
    ) -> None:
        self._client, self._record, self._workspace = client, record, workspace
        self._journal, self._points, self._shipper, self._wishes = journal, points, shipper, wishes
        self._versions = versions

    def run(self, execution: Execution) -> None:
        """Do it.

        Raises:
            TaskLost: the task is lost.
            AgentClosing: the agent ends.
        """
        commit = self._commit() if self._record.ran else None
        self._shipper.drain()
        finish = Finish(
            fence=self._record.assignment.fence,
            outcome=self._record.outcome,
            exit_code=self._record.exit_code,
            message=(self._record.message or self._sentence())[:LONGEST_MESSAGE],
            execution=execution,
            commit=commit,
            runs=self._runs(),
        )
        self._send(finish)

    def _commit(self) -> CommitCreate | None:
        """The changes, sent. A workspace that cannot be saved must not look like one where nothing changed."""
        assert self._record.ended is not None
        try:
            commit = (self._versions or self._workspace).results(self._record.ended)
        except (WorkspaceError, BadRequest, TooLarge, Conflict) as error:
            self._not_saved(str(error))
            return None
        for skipped in commit.skipped if commit else ():
            self._journal.say(LogStream.COMMITTER, f"Not saved: {skipped.path}: {skipped.reason}.")
        return commit

    def _not_saved(self, reason: str) -> None:
        text = f"The results could not be saved: {reason}"
        self._journal.say(LogStream.COMMITTER, text)
        self._record.outcome, self._record.message = Outcome.LOST, text

    def _runs(self) -> list[RunReport]:
        published = list(self._journal.runs.reports())
        if self._versions is not None:
            published += self._versions.carried
        return published + self._points.unpublished({run.id for run in published})

    def _sentence(self) -> str:
        code = self._record.exit_code
        if self._record.outcome is not Outcome.EXITED or not code:
            return ""
        if code > 128 and code - 128 in set(signal.Signals):
            return f"{self._subject} was ended by {signal.Signals(code - 128).name}."
        return f"{self._subject} exited with {code}."

    @property
    def _subject(self) -> str:
        return "The command" if self._versions is None else "JupyterLab"

    def _send(self, finish: Finish) -> None:
        task = self._record.assignment.task
        try:
            insist_for_task(lambda: self._client.finish(finish, task=task), self._wishes)
        except ApiError as error:
            # The hub has refused the commit or the runs. The other, or at least the outcome, gets known.
            log.error("Task %s: the hub refuses the results: %s", task, error)  # noqa: TRY400
            smaller = _less(finish)
            if smaller is None:
                raise
            text = f"The hub refused the results: {error}"[:LONGEST_MESSAGE]
            self._send_less([msgspec.structs.replace(one, outcome=Outcome.LOST, message=text) for one in smaller])

    def _send_less(self, smaller: list[Finish]) -> None:
        """Send the first that the hub takes."""
        task = self._record.assignment.task
        for finish in smaller[:-1]:
            try:
                insist_for_task(partial(self._client.finish, finish, task=task), self._wishes)
            except ApiError:
                continue
            return
        insist_for_task(lambda: self._client.finish(smaller[-1], task=task), self._wishes)


def _less(finish: Finish) -> list[Finish] | None:
    """The same end with less and less to it; None when there is nothing to leave out."""
    if finish.commit is None and not finish.runs:
        return None
    bare = msgspec.structs.replace(finish, commit=None, runs=[])
    if finish.commit is None or not finish.runs:
        return [bare]
    return [msgspec.structs.replace(bare, commit=finish.commit), msgspec.structs.replace(bare, runs=finish.runs), bare]
