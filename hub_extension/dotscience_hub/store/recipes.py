"""What removed tasks were made of: kept while their runs are, so that these can be run again."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, func, literal, select, union_all
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.repeats import Recipe

from .base import Json, Table
from .runs import RunRow, upsert
from .tasks import TaskRow


class RecipeRow(Table):
    """A task that is gone, and whose runs are not. ``repeats`` is the run that it ran again, of ``repeats_task``."""

    __tablename__ = "task_recipes"
    __table_args__ = (Index("ix_task_recipes_repeats_task", "repeats_task"),)

    task_id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    creator: Mapped[str]
    created: Mapped[dt.datetime]
    recipe: Mapped[Recipe] = mapped_column(Json[Recipe](Recipe))
    repeats: Mapped[str | None]
    repeats_task: Mapped[str | None]


RepeatedBy = tuple[str, str, dt.datetime, str | None]
"""(task, creator, created, status) of a task that ran something again; no status when it is gone."""


def tasks_with_runs(session: Session, tasks: Sequence[str]) -> Sequence[TaskRow]:
    """Those of the tasks that recorded runs."""
    having = select(RunRow.task_id).where(RunRow.task_id.in_(tasks))
    return session.scalars(select(TaskRow).where(TaskRow.id.in_(having))).all()


def keep(session: Session, recipes: Sequence[tuple[TaskRow, Recipe]]) -> None:
    """Keep what tasks were made of. Two may remove the same task at once: the first one's word stands."""
    rows = [
        {
            "task_id": task.id,
            "project_id": task.project_id,
            "creator": task.creator,
            "created": task.created,
            "recipe": recipe,
            "repeats": task.repeats,
            "repeats_task": task.repeats_task,
        }
        for task, recipe in recipes
    ]
    if rows:
        session.execute(upsert(session)(RecipeRow).on_conflict_do_nothing(), rows)


def repeated_task(session: Session, task: str) -> str | None:
    """The task that a task did again."""
    row = session.get(TaskRow, task) or session.get(RecipeRow, task)
    return None if row is None else row.repeats_task


def repeats_of(session: Session, task: str, limit: int) -> list[RepeatedBy]:
    """Who did a task again, newest first."""
    present = select(TaskRow.id, TaskRow.creator, TaskRow.created, TaskRow.status).where(TaskRow.repeats_task == task)
    gone = select(RecipeRow.task_id, RecipeRow.creator, RecipeRow.created, literal(None)).where(
        RecipeRow.repeats_task == task
    )
    both = union_all(present, gone).subquery()
    query = select(both).order_by(both.c.id.desc()).limit(limit)
    return [(id_, creator, created, status) for id_, creator, created, status in session.execute(query)]


def counterpart(session: Session, run: RunRow, task: str) -> str | None:
    """The run of a task that stands for a run of another one: of the same authority, at the same place in order."""
    of_kind = (RunRow.authority == run.authority,)
    before = select(func.count()).where(RunRow.task_id == run.task_id, RunRow.pk < run.pk, *of_kind)
    place = session.scalar(before) or 0
    query = select(RunRow.run_id).where(RunRow.task_id == task, RunRow.project_id == run.project_id, *of_kind)
    return session.scalar(query.order_by(RunRow.pk).offset(place).limit(1))
