"""Running again what made a run, exactly as it was, and what runs have to do with each other by that."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from dotscience_hub.domain.repeating import caveats, obstacles, workload_again
from dotscience_hub.store import recipes as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import links_of, names_of
from dotscience_hub.store.runs import RunRow
from jupyter_dotscience.api import repeats as api
from jupyter_dotscience.api import tasks
from jupyter_dotscience.api.problems import Conflict, NotFound

from .caller import Caller
from .finding import find_run
from .ports import Workspaces
from .recipes import recipe_of
from .tasks import Again, Tasks

SHOWN = 20


class Repeats:
    """Serves the routes that run a run again, and that tell what came of it."""

    def __init__(self, database: Database, workspaces: Workspaces, queue: Tasks) -> None:
        """Make the service.

        Args:
            database: Where runs and tasks are.
            workspaces: Knows which versions are still there.
            queue: Queues tasks.
        """
        self._database = database
        self._workspaces = workspaces
        self._tasks = queue

    def get_repetition(self, caller: Caller, *, project: str, run: str) -> api.Repetition:
        """Whether a run can be run again, what it repeats, and what repeats it."""
        with self._database.read() as session:
            row = find_run(session, project, run)
            recipe = None if row.task_id is None else recipe_of(session, row.task_id)
            first = None if row.task_id is None else store.repeated_task(session, row.task_id)
            repeats = None if first is None else store.counterpart(session, row, first)
            repeated = [] if row.task_id is None else _repeated(session, row, row.task_id)
        return api.Repetition(
            recipe=recipe,
            obstacles=self._obstacles(project, recipe),
            caveats=[] if recipe is None else caveats(recipe),
            repeats=repeats,
            repeated=repeated,
        )

    def repeat_run(self, caller: Caller, *, project: str, run: str, body: api.RunRepeat) -> tasks.Task:
        """Queue what made a run once more, from the same versions.

        Raises:
            Conflict: It cannot be; ``detail["obstacles"]`` says why.
        """
        with self._database.read() as session:
            row = find_run(session, project, run)
            recipe = None if row.task_id is None else recipe_of(session, row.task_id)
        found = self._obstacles(project, recipe)
        if found or recipe is None:
            raise Conflict(" ".join(found), code="cannot_repeat", detail={"obstacles": found})
        wish = tasks.TaskCreate(
            workload=workload_again(recipe),
            labels=recipe.labels if body.labels is None else body.labels,
            resources=recipe.resources,
            commit=recipe.commit,
            sealed_environment=body.sealed_environment,
        )
        again = Again(run=run, task=recipe.task, datasets=recipe.datasets)
        return self._tasks.queue_again(caller, project, wish, again)

    def _obstacles(self, project: str, recipe: api.Recipe | None) -> list[str]:
        found = obstacles(recipe)
        if found or recipe is None:
            return found
        if recipe.commit is not None and not self._has(project, recipe.commit):
            found.append(f"The version {recipe.commit[:12]} that it started from is not there any more.")
        return found + self._missing_data(project, recipe)

    def _missing_data(self, project: str, recipe: api.Recipe) -> list[str]:
        wanted = {seen.dataset for seen in recipe.datasets}
        with self._database.read() as session:
            there = set(names_of(session, wanted))
            linked = {link.dataset_id for link in links_of(session, [project])[project]}
        found = []
        for seen in recipe.datasets:
            if seen.dataset not in there:
                found.append(f"The dataset {seen.name} that it used was deleted.")
            elif seen.dataset not in linked:
                found.append(f"The dataset {seen.name} that it used is not linked to the project any more; link it.")
            elif seen.commit is not None and not self._has(seen.dataset, seen.commit):
                found.append(f"The version {seen.commit[:12]} of the dataset {seen.name} is not there any more.")
        return found

    def _has(self, place: str, commit: str) -> bool:
        try:
            return self._workspaces.resolve(place, commit) is not None
        except NotFound:
            return False


def _repeated(session: Session, run: RunRow, task: str) -> list[api.Repeat]:
    found: Sequence[store.RepeatedBy] = store.repeats_of(session, task, SHOWN)
    return [
        api.Repeat(
            task=id_,
            run=store.counterpart(session, run, id_),
            status=None if status is None else tasks.TaskStatus(status),
            creator=creator,
            created=created,
        )
        for id_, creator, created, status in found
    ]
