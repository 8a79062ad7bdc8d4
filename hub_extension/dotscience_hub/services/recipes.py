"""What tasks were made of: as long as there is the task, and afterwards as long as there are its runs."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from dotscience_hub.store import recipes as store
from dotscience_hub.store.datasets import datasets_of
from dotscience_hub.store.tasks import TaskRow
from jupyter_dotscience.api.datasets import TaskDataset
from jupyter_dotscience.api.repeats import Recipe

from .task_views import mount


def recipe_of(session: Session, task: str) -> Recipe | None:
    """What a task was made of; None for one that is gone and recorded no run."""
    row = session.get(TaskRow, task)
    if row is not None:
        return _recipe(row, [mount(seen) for seen in datasets_of(session, [task])[task]])
    kept = session.get(store.RecipeRow, task)
    return None if kept is None else kept.recipe


def keep_recipes(session: Session, tasks: Sequence[str]) -> None:
    """Keep what those of the tasks were made of that recorded runs; to be called before tasks are removed."""
    rows = store.tasks_with_runs(session, tasks)
    datasets = datasets_of(session, [row.id for row in rows])
    recipes = {row.id: _recipe(row, [mount(seen) for seen in datasets[row.id]]) for row in rows}
    store.keep(session, [(row, recipes[row.id]) for row in rows])


def _recipe(row: TaskRow, datasets: list[TaskDataset]) -> Recipe:
    return Recipe(
        task=row.id,
        creator=row.creator,
        workload=row.workload,
        labels=row.labels,
        resources=row.resources,
        commit=row.commit,
        datasets=datasets,
        execution=row.execution,
        runner_name=row.runner_name,
        sealed=row.sealed,
    )
