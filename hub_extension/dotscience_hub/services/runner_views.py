"""Runners as the API shows them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence

from dotscience_hub.domain.leases import Terms
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.tasks import TaskRow
from jupyter_dotscience.api import runners as api
from jupyter_dotscience.api.tasks import TaskStatus

Online = Callable[[RunnerRow, dt.datetime], bool]


def online_by(terms: Terms) -> Online:
    """Whether a runner was heard of within three heartbeats."""
    return lambda row, now: row.last_seen is not None and now - row.last_seen <= terms.online


def runner_view(row: RunnerRow, *, online: bool, running: int, tasks: Sequence[TaskRow]) -> api.Runner:
    """A runner with some of its tasks."""
    return api.Runner(
        id=row.id,
        name=row.name,
        description=row.description,
        owner=row.owner,
        type=api.RunnerType(row.type),
        labels=row.labels,
        storage=row.storage,
        shared=row.shared,
        status=api.RunnerStatus.ONLINE if online else api.RunnerStatus.OFFLINE,
        created=row.created,
        last_seen=row.last_seen,
        version=row.version,
        backend=row.backend,
        isolation=row.isolation,
        running_tasks=running,
        tasks=[api.RunnerTask(id=task.id, status=TaskStatus(task.status), created=task.created) for task in tasks],
    )


def by_runner(tasks: Sequence[TaskRow]) -> Mapping[str, list[TaskRow]]:
    """Tasks by the runner that has them."""
    found: dict[str, list[TaskRow]] = {}
    for task in tasks:
        found.setdefault(task.runner_id or "", []).append(task)
    return found
