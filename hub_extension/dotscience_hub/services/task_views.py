"""Tasks as the API shows them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec
from sqlalchemy.orm import Session

from dotscience_hub.domain.matching import Offer, demand_of
from dotscience_hub.domain.waiting import Candidate, waiting_message
from dotscience_hub.queue.clock import Clock
from dotscience_hub.store.datasets import TaskDatasetRow, datasets_of
from dotscience_hub.store.projects import names_of
from dotscience_hub.store.runners import RunnerRow, runners_for
from dotscience_hub.store.tasks import QUEUED, TaskEventRow, TaskRow, events_of
from jupyter_dotscience.api import tasks as api
from jupyter_dotscience.api.datasets import TaskDataset
from jupyter_dotscience.api.runners import RunnerType

from .runner_views import Online

RunsOf = Callable[[Session, Sequence[str]], dict[str, list[str]]]
"""Ids of the runs of each task."""

WaitsOf = Callable[[Session, Sequence[str]], dict[str, str]]
"""What each of these tasks waits for besides a runner, in one sentence; nothing for those that do not."""


class TaskViews:
    """Makes what the API answers from rows, in as few queries for many as for one."""

    def __init__(self, runs_of: RunsOf, online: Online, clock: Clock, waits_of: WaitsOf) -> None:
        """Make it.

        Args:
            runs_of: Ids of the runs of tasks.
            online: Whether a runner is online.
            clock: Tells the time.
            waits_of: What tasks wait for that are not offered to runners yet.
        """
        self._waits_of = waits_of
        self._runs_of = runs_of
        self._online = online
        self._clock = clock

    def of(self, session: Session, rows: Sequence[TaskRow]) -> list[api.Task]:
        """These tasks, in their order."""
        ids = [row.id for row in rows]
        projects = names_of(session, (row.project_id for row in rows))
        events, runs = events_of(session, ids), self._runs_of(session, ids)
        waiting = self._waiting(session, [row for row in rows if not row.waits])
        waiting |= self._waits_of(session, [row.id for row in rows if row.waits and row.status == QUEUED])
        datasets = datasets_of(session, ids)
        return [
            msgspec.structs.replace(
                _task(row, projects.get(row.project_id, ""), waiting.get(row.id), events[row.id], runs.get(row.id, [])),
                datasets=[mount(seen) for seen in datasets[row.id]],
            )
            for row in rows
        ]

    def _waiting(self, session: Session, rows: Iterable[TaskRow]) -> dict[str, str]:
        """What each of the queued tasks waits for."""
        now = self._clock()
        found: dict[tuple[str, str, str], str] = {}
        messages = {}
        for row in rows:
            if row.status != QUEUED:
                continue
            key = (row.demand, row.creator, row.project_owner)
            if key not in found:
                runners = session.scalars(runners_for(row.creator, row.project_owner))
                candidates = [Candidate(_whole(runner), self._online(runner, now)) for runner in runners]
                found[key] = waiting_message(demand_of(row.labels, row.resources), candidates)
            messages[row.id] = found[key]
        return messages


def mount(row: TaskDatasetRow) -> TaskDataset:
    """A dataset as a task sees it."""
    return TaskDataset(dataset=row.dataset_id, name=row.name, path=row.path, commit=row.commit)


def _whole(runner: RunnerRow) -> Offer:
    """What a runner could offer with nothing to do. Who it works for was asked before."""
    gpus = len(runner.machine.gpus) if runner.type == RunnerType.GPU else 0
    return Offer(labels=runner.labels, gpus=gpus, owner=None)


def _task(
    row: TaskRow, project_name: str, waiting: str | None, events: Sequence[TaskEventRow], runs: list[str]
) -> api.Task:
    queued = row.status == QUEUED
    return api.Task(
        id=row.id,
        project=row.project_id,
        project_name=project_name,
        creator=row.creator,
        status=api.TaskStatus(row.status),
        message=waiting or row.message,
        version=row.version,
        workload=row.workload,
        labels=row.labels,
        resources=row.resources,
        created=row.created,
        ended=row.ended,
        commit=row.commit,
        result_commit=row.result_commit,
        merge=api.MergeState(row.merge),
        conflicts=row.conflicts,
        exit_code=row.exit_code,
        stop_requested=row.stop_requested,
        runner=None if queued else row.runner_id,
        runner_name=None if queued else row.runner_name,
        attempts=row.attempts,
        execution=row.execution,
        repeats=row.repeats,
        runs=runs,
        events=[
            api.TaskEvent(time=event.time, status=api.TaskStatus(event.status), message=event.message)
            for event in events
        ],
    )
