"""What the run metadata says of a run: what its commit has; of one whose task changed no file, what the task knows."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy.orm import Session

from dotscience_hub.store.datasets import datasets_of
from dotscience_hub.store.runs import RunRow
from dotscience_hub.store.tasks import TaskRow
from jupyter_dotscience.api import metadata
from jupyter_dotscience.api.tasks import TaskStatus

from .task_views import mount


def metadata_of(session: Session, row: RunRow, committed: Mapping[str, str]) -> Mapping[str, str]:
    """The flat map that goes with a run.

    Args:
        session: A transaction.
        row: The run.
        committed: The metadata of the commit that the run's files are at. Where the run made no commit, that is one of
            somebody else, and what it says is not about this run.
    """
    if row.run_id in _runs(committed):
        return committed
    task = None if row.task_id is None else session.get(TaskRow, row.task_id)
    return {} if task is None else _of_task(session, task)


def _runs(committed: Mapping[str, str]) -> list[str]:
    try:
        found = json.loads(committed.get("runs", "[]"))
    except ValueError:  # a commit that people pushed may say anything
        return []
    return found if isinstance(found, list) else []


def _of_task(session: Session, task: TaskRow) -> dict[str, str]:
    described = metadata.of_task(
        author=task.creator,
        message=task.message,
        succeeded=task.status == TaskStatus.SUCCEEDED,
        workload=task.workload,
        execution=task.execution,
        runner_name=task.runner_name or "",
    )
    return described | metadata.of_datasets([mount(seen) for seen in datasets_of(session, [task.id])[task.id]])
