"""The repository that a task asks for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from dotscience_runner.repository import Watch, bring
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.tasks import CommandWorkload

from . import secrets
from .journal import Journal
from .patience import insist_for_task
from .spool import Record, TaskFolder
from .wishes import Wishes

if TYPE_CHECKING:
    from .taskloop import Surroundings


def bring_repository(
    around: Surroundings, folder: TaskFolder, record: Record, journal: Journal, wishes: Wishes
) -> str | None:
    """Clone what the task asks for into its workspace; answers the commit, None when it asks for nothing.

    Raises:
        Cancelled: the task shall stop, or the agent ends.
        RepositoryError: it cannot be cloned.
        TaskLost, AgentClosing: while the hub was asked for keys.
    """
    assignment = record.assignment
    workload = assignment.workload
    if not isinstance(workload, CommandWorkload) or workload.repository is None:
        return None

    @contextmanager
    def ssh() -> Iterator[str]:
        with ExitStack() as stack:
            command = insist_for_task(lambda: stack.enter_context(_keys(around, record)), wishes)
            yield command

    watch = Watch(say=lambda text: journal.say(LogStream.AGENT, text), cancelled=lambda: wishes.stop or wishes.final)
    return bring(workload.repository, folder.work, folder.path, rules=around.rules, ssh=ssh, watch=watch)


def _keys(around: Surroundings, record: Record) -> AbstractContextManager[str]:
    assignment = record.assignment
    return secrets.keys(around.client, assignment.task, assignment.fence, around.spool.ssh)
