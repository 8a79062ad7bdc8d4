"""Tasks: queued, watched, stopped and removed by people."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.matching import demand_of
from dotscience_hub.pubsub import Notifier, task_topic
from dotscience_hub.queue.queue import Queue
from dotscience_hub.store import paging
from dotscience_hub.store import tasks as store
from dotscience_hub.store.database import Database, after_commit
from dotscience_hub.store.labs import doors
from dotscience_hub.store.projects import ProjectRow, hold_writer, visible_ids
from jupyter_dotscience.api import tasks as api
from jupyter_dotscience.api.datasets import TaskDataset
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, NotFound

from .access import NO_PROJECT, NO_TASK
from .caller import Caller
from .dataset_links import check_free
from .dataset_waits import DatasetWaits
from .environments import Environments
from .ports import TaskLogs, Workspaces
from .recipes import keep_recipes
from .task_views import TaskViews

_AT_ONCE = 100
MAX_COMMAND = 1 << 20
"""Bytes of a command with its environment; Linux takes about two million (execve(2), "Limits on size")."""


@dataclass(frozen=True)
class Again:
    """What a task runs again.

    Attributes:
        run: A run that it recorded.
        task: The task.
        datasets: What it saw, in which version.
    """

    run: str
    task: str
    datasets: Sequence[TaskDataset]


class Tasks:
    """Serves the routes about tasks."""

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        queue: Queue,
        workspaces: Workspaces,
        logs: TaskLogs,
        views: TaskViews,
        datasets: DatasetWaits,
        environments: Environments,
    ) -> None:
        """Make the service.

        Args:
            database: Where tasks are.
            notifier: Tells of changes.
            queue: Where new tasks go.
            workspaces: Tells the commit that a task starts from.
            logs: Removed with their tasks.
            views: Makes what is answered.
            datasets: Fixes the versions of datasets that a task sees.
            environments: Keeps variables that are never shown.
        """
        self._database = database
        self._notifier = notifier
        self._queue = queue
        self._workspaces = workspaces
        self._logs = logs
        self._views = views
        self._environments = environments
        self._datasets = datasets

    def prepare_create_task(self, caller: Caller, *, project: str, body: api.TaskCreate) -> None:
        """Look which versions the project's datasets have, before a transaction is begun."""
        self._datasets.refresh(project)

    def create_task(self, caller: Caller, *, project: str, body: api.TaskCreate) -> api.Task:
        """Queue a task. The version it starts from is fixed now, and those of its datasets now or soon.

        Raises:
            Conflict: A dataset is linked where that version has something of its own.
            Forbidden: The caller's role has just ended.
            BadRequest: The project has no such commit, or a text that no program can be given holds a NUL byte.
        """
        return self._queue_task(caller, project, body, self._start(project, body.commit))

    def queue_again(self, caller: Caller, project: str, body: api.TaskCreate, again: Again) -> api.Task:
        """Queue what a task did, from exactly the versions that it had; with ``body.commit`` null an empty workspace.

        Raises:
            Conflict: A dataset is gone.
        """
        return self._queue_task(caller, project, body, body.commit, again)

    def _queue_task(
        self, caller: Caller, project: str, body: api.TaskCreate, commit: str | None, again: Again | None = None
    ) -> api.Task:
        _check_texts(body.workload, body.sealed_environment)
        with self._database.write() as session:
            owner = session.get(ProjectRow, project)
            if owner is None:
                raise NotFound(NO_PROJECT)
            row = store.TaskRow(
                id=new_id(),
                project_id=project,
                project_owner=owner.owner,
                creator=caller.name,
                message="Queued.",
                version=0,
                workload=body.workload,
                labels=dict(body.labels),
                resources=body.resources,
                demand=demand_of(body.labels, body.resources).key,
                created=self._queue.clock(),
                commit=commit,
                repeats=None if again is None else again.run,
                repeats_task=None if again is None else again.task,
                by_admin=_check_may_run(session, project, caller),
                sealed=len(body.sealed_environment),
            )
            datasets = self._datasets.fix(session, row, None if again is None else again.datasets)
            if commit is not None:
                for dataset in datasets:
                    check_free(self._workspaces, project, commit, dataset.path)
            self._queue.transitions.enqueue(session, row)
            session.add_all(datasets)
            session.flush()
            self._environments.keep(session, row.id, body.sealed_environment)
            return self._views.of(session, [row])[0]

    def get_door(self, caller: Caller, *, task: str) -> api.Door:
        """The loopback port at which the gateway listens for a task's JupyterLab."""
        with self._database.read() as session:
            return api.Door(port=doors(session).get(task))

    def list_tasks(self, caller: Caller, *, query: api.TaskListQuery) -> api.TaskList:
        """Tasks of the caller's projects, newest first; by `ref` or `project` an admin finds any."""
        with self._database.read() as session:
            visible = store.TaskRow.project_id.in_(visible_ids(caller.name))
            rows, following = _page(session, select(store.TaskRow).where(visible), query)
            if not rows and caller.admin and (query.ref is not None or query.project is not None):
                rows, following = _page(session, select(store.TaskRow), query)
            return api.TaskList(items=self._views.of(session, rows), next=following)

    async def get_task(self, caller: Caller, *, task: str, query: api.TaskQuery) -> api.Task:
        """A task; when asked to, once it has changed."""
        deadline = asyncio.get_running_loop().time() + query.wait
        with self._notifier.subscribe(task_topic(task)) as changes:
            while True:
                found = await asyncio.to_thread(self._get, task)
                remaining = deadline - asyncio.get_running_loop().time()
                if found.version > query.after or found.status.terminal or remaining <= 0:
                    return found
                await changes.wait(remaining)

    def stop_task(self, caller: Caller, *, task: str) -> api.Task:
        """Stop a queued task at once; ask the runner of a running one to. One that has ended stays as it is."""
        with self._database.write() as session:
            row = _find(session, task)
            if row.status == store.QUEUED:
                message = f"Stopped by {caller.name} before it was started."
                self._queue.transitions.end(session, row, api.TaskStatus.STOPPED, message)
            elif row.status not in store.TERMINAL and not row.stop_requested:
                self._queue.transitions.request_stop(session, row)
            session.flush()
            return self._views.of(session, [row])[0]

    def delete_task(self, caller: Caller, *, task: str) -> None:
        """Remove an ended task and its log. Its runs and commits stay.

        Raises:
            Conflict: It has not ended.
        """
        with self._database.write() as session:
            if _find(session, task).status not in store.TERMINAL:
                raise Conflict("The task has not ended; stop it first (`ds task stop`).", code="task_active")
            self._remove(session, [task])

    def remove_old(self, older_than: dt.timedelta) -> int:
        """Remove tasks that ended longer ago than this; how many."""
        before, removed = self._queue.clock() - older_than, 0
        while True:
            with self._database.write() as session:
                found = session.scalars(store.ended_before(before, _AT_ONCE)).all()
                self._remove(session, found)
            removed += len(found)
            if len(found) < _AT_ONCE:
                return removed

    def has_ended(self, task: str) -> bool:
        """Whether a task has ended; also true for one that is gone."""
        with self._database.read() as session:
            row = session.get(store.TaskRow, task)
            return row is None or row.status in store.TERMINAL

    def project_of(self, task: str) -> tuple[str, str]:
        """Id of a task's project, and who created the task.

        Raises:
            NotFound: There is no such task.
        """
        with self._database.read() as session:
            row = session.get(store.TaskRow, task)
            if row is None:
                raise NotFound(NO_TASK)
            return row.project_id, row.creator

    def _get(self, task: str) -> api.Task:
        with self._database.read() as session:
            row = session.get(store.TaskRow, task)
            if row is None:
                raise NotFound(NO_TASK)
            return self._views.of(session, [row])[0]

    def _remove(self, session: Session, tasks: Sequence[str]) -> None:
        def clear() -> None:
            for task in tasks:
                self._logs.delete(task)

        keep_recipes(session, tasks)
        store.delete_tasks(session, tasks)
        after_commit(session, clear)

    def _start(self, project: str, commit: str | None) -> str | None:
        if commit is None:
            return self._workspaces.head(project)
        try:
            found = self._workspaces.resolve(project, commit)
        except NotFound:
            found = None
        if found is None:
            raise BadRequest(f"The project has no commit {commit}.", code="unknown_commit")
        return found


def _page(
    session: Session, rows: store.TaskSelect, query: api.TaskListQuery
) -> tuple[Sequence[store.TaskRow], str | None]:
    if query.project is not None:
        rows = rows.where(store.TaskRow.project_id == query.project)
    if query.status is not None:
        rows = rows.where(store.TaskRow.status == query.status.value)
    if query.ref is not None:
        rows = paging.by_ref(session, rows, query.ref, store.TaskRow.id, None)
    return paging.page(session, rows, store.TaskRow.id, query.limit, query.cursor)


def _find(session: Session, task: str) -> store.TaskRow:
    row = store.lock_task(session, task)
    if row is None:
        raise NotFound(NO_TASK)
    return row


def _check_may_run(session: Session, project: str, caller: Caller) -> bool:
    """Whether the caller may run a task only as an admin. The role that was seen before may have ended meanwhile."""
    if hold_writer(session, project, caller.name):
        return False
    if not caller.admin:
        raise Forbidden(f"{caller.name} is not a writer of this project.")
    return True


def _check_texts(workload: api.Workload, sealed: Mapping[str, str]) -> None:
    """What execve(2) takes ends at the first NUL: refuse it before it reaches a runner."""
    texts = [*workload.environment.values(), *sealed.values()]
    if isinstance(workload, api.CommandWorkload):
        texts += workload.command
        if not workload.command[0]:
            raise BadRequest("The command is empty; name a program to run.", code="bad_command")
    size = sum(len(text.encode(errors="surrogatepass")) + 1 for text in (*texts, *workload.environment, *sealed))
    if size > MAX_COMMAND:
        raise BadRequest(
            f"The command and its environment have {size} bytes, of {MAX_COMMAND} at the most; put long texts into a "
            "file of the workspace.",
            code="bad_command",
        )
    if any("\0" in text for text in texts):
        raise BadRequest("The command and its environment cannot hold NUL bytes.", code="bad_command")
