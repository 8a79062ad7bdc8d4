"""Tasks: the rows that are also the queue, their events and their leases."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, delete, false, func, literal_column, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.tasks import Execution, MergeState, Resources, TaskStatus, Workload

from . import tokens
from .base import Json, Table
from .projects import ProjectRow, may_write

LabelMap = dict[str, str]
Paths = list[str]
QUEUED = TaskStatus.QUEUED.value
TERMINAL = tuple(status.value for status in TaskStatus if status.terminal)
ON_RUNNER = tuple(status.value for status in TaskStatus if not status.terminal and status is not TaskStatus.QUEUED)


class TaskRow(Table):
    """A task.

    ``runner_id`` is the runner of the last lease, also while the task is back in the queue: until somebody else claims
    it, that runner may come back. ``fence`` counts leases and grows when one is taken away for good.
    """

    __tablename__ = "tasks"
    __table_args__ = (
        # The queue: all that a claim looks at is in the index, in the order in which it looks.
        Index("ix_tasks_queue", "status", "waits", "id", "demand", "creator", "project_owner"),
        Index("ix_tasks_project_id_id", "project_id", "id"),
        Index("ix_tasks_runner_id_status", "runner_id", "status"),
        Index("ix_tasks_lease_expires", "lease_expires"),
        Index("ix_tasks_ended", "ended"),
        Index("ix_tasks_repeats_task", "repeats_task"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    project_owner: Mapped[str] = mapped_column(doc="Beside the creator, whose runners may take it.")
    creator: Mapped[str]
    status: Mapped[str]
    message: Mapped[str] = mapped_column(default="")
    version: Mapped[int] = mapped_column(default=0)
    workload: Mapped[Workload] = mapped_column(Json[Workload](Workload))
    labels: Mapped[LabelMap] = mapped_column(Json[LabelMap](LabelMap))
    resources: Mapped[Resources] = mapped_column(Json[Resources](Resources))
    demand: Mapped[str] = mapped_column(doc="What a runner must have, as a key: see domain.matching.")
    waits: Mapped[bool] = mapped_column(default=False, doc="For versions of datasets: no runner is given it before.")
    created: Mapped[dt.datetime]
    ended: Mapped[dt.datetime | None]
    commit: Mapped[str | None]
    result_commit: Mapped[str | None]
    merge: Mapped[str] = mapped_column(default=MergeState.NONE.value)
    conflicts: Mapped[Paths] = mapped_column(Json[Paths](Paths), default=list)
    exit_code: Mapped[int | None]
    stop_requested: Mapped[bool] = mapped_column(default=False)
    execution: Mapped[Execution] = mapped_column(Json[Execution](Execution), default=Execution())
    runner_id: Mapped[str | None]
    runner_name: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_expires: Mapped[dt.datetime | None]
    acknowledged: Mapped[bool] = mapped_column(default=False, doc="The runner has used this lease.")
    silent: Mapped[int] = mapped_column(default=0, doc="How many leases expired without a word from their runner.")
    finishing: Mapped[bool] = mapped_column(default=False, doc="Its results are being saved: it must not run again.")
    finished_fence: Mapped[int | None] = mapped_column(doc="The lease under which its outcome was reported.")
    left_status: Mapped[str | None] = mapped_column(doc="Where it was when its lease expired.")
    repeats: Mapped[str | None] = mapped_column(doc="The run that it runs again.")
    repeats_task: Mapped[str | None] = mapped_column(doc="The task that recorded that run.")
    by_admin: Mapped[bool] = mapped_column(default=False, doc="Its creator was no writer, but an admin of the hub.")
    sealed: Mapped[int] = mapped_column(default=0, doc="How many variables it has that are never shown.")


class TaskEventRow(Table):
    """A change of a task's state."""

    __tablename__ = "task_events"

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    time: Mapped[dt.datetime]
    status: Mapped[str]
    message: Mapped[str]


class LeaseRow(Table):
    """A lease that was given, with the token that opened the task's project while it was held. Kept as history."""

    __tablename__ = "leases"
    __table_args__ = (Index("ix_leases_token_prefix", "token_prefix"),)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    fence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    runner_id: Mapped[str]
    given: Mapped[dt.datetime]
    token_prefix: Mapped[str]
    token_salt: Mapped[str]
    token_hash: Mapped[str]


TaskSelect = Select[TaskRow]


def lock_task(session: Session, task: str) -> TaskRow | None:
    """A task that nobody else changes until the transaction ends (on SQLite nobody else writes anyway)."""
    return session.get(TaskRow, task, with_for_update=True, populate_existing=True)


def add_event(session: Session, row: TaskRow, now: dt.datetime) -> None:
    """Note the task's present state; to be called after its version was raised."""
    session.add(TaskEventRow(task_id=row.id, version=row.version, time=now, status=row.status, message=row.message))


def events_of(session: Session, tasks: Iterable[str]) -> dict[str, list[TaskEventRow]]:
    """Events of each of these tasks, oldest first."""
    found: dict[str, list[TaskEventRow]] = {task: [] for task in tasks}
    query = select(TaskEventRow).where(TaskEventRow.task_id.in_(list(found)))
    for row in session.scalars(query.order_by(TaskEventRow.task_id, TaskEventRow.version)):
        found[row.task_id].append(row)
    return found


def add_lease(session: Session, row: TaskRow, token: str, now: dt.datetime) -> None:
    """Note the lease that a task was just given."""
    stored = tokens.store(token)
    lease = LeaseRow(
        task_id=row.id,
        fence=row.fence,
        runner_id=row.runner_id,
        given=now,
        token_prefix=stored.prefix,
        token_salt=stored.salt,
        token_hash=stored.hash,
    )
    session.add(lease)


def find_by_token(session: Session, token: str) -> TaskRow | None:
    """The task that a token opens, if the lease it came with is the task's last and the task has not ended."""
    query = select(LeaseRow).where(LeaseRow.token_prefix == tokens.prefix_of(token))
    lease = tokens.match(token, session.scalars(query))
    row = None if lease is None else session.get(TaskRow, lease.task_id)
    if lease is None or row is None or row.fence != lease.fence or row.status in TERMINAL:
        return None
    return row


def has_backing(session: Session, row: TaskRow) -> bool:
    """Whether who created a task may still run tasks in its project. An admin may, who needs no role."""
    # Asked with each claim and heartbeat; a project's owner stays its owner, which needs no look at the store.
    return row.by_admin or row.creator == row.project_owner or may_write(session, row.project_id, row.creator)


def without_backing(creator: str) -> str:
    """Why a task without backing goes no further."""
    return f"{creator} is not a writer of this project any more."


def had_lease(session: Session, task: str, runner: str) -> bool:
    """Whether a task was ever this runner's."""
    query = select(LeaseRow.fence).where(LeaseRow.task_id == task, LeaseRow.runner_id == runner)
    return session.scalar(query.limit(1)) is not None


def held_by(runners: Sequence[str]) -> Select[TaskRow]:
    """Tasks that runners have a lease for, newest first."""
    held = (TaskRow.runner_id.in_(runners), TaskRow.status.in_(ON_RUNNER))
    return select(TaskRow).where(*held).order_by(TaskRow.id.desc())


def left_by(runner: str) -> Select[TaskRow]:
    """Tasks that a runner has, or may come back to, in the order of ids."""
    return select(TaskRow).where(TaskRow.runner_id == runner, TaskRow.status.not_in(TERMINAL)).order_by(TaskRow.id)


def recent_of(runner: str, limit: int) -> Select[TaskRow]:
    """The tasks that a runner had last, newest first."""
    had = (TaskRow.runner_id == runner, TaskRow.status != QUEUED)
    return select(TaskRow).where(*had).order_by(TaskRow.id.desc()).limit(limit)


def queued_demands(session: Session) -> list[str]:
    """What the queued tasks that wait for a runner ask for, each once."""
    return list(session.scalars(select(TaskRow.demand).where(_queued()).distinct()))


def next_queued(demands: Sequence[str], owner: str | None) -> Select[TaskRow, str]:
    """The oldest queued task with one of these demands, and the name of its project.

    Args:
        demands: What the runner can meet.
        owner: Whose tasks the runner takes; None for everybody's.
    """
    query = select(TaskRow, ProjectRow.name).join(ProjectRow, ProjectRow.id == TaskRow.project_id)
    query = query.where(_queued(), TaskRow.demand.in_(demands)).order_by(TaskRow.id).limit(1)
    return query if owner is None else query.where((TaskRow.creator == owner) | (TaskRow.project_owner == owner))


def _queued() -> ColumnElement[bool]:
    # A literal, as the planner of a prepared statement does not know what a parameter will be.
    return (TaskRow.status == literal_column(f"'{QUEUED}'")) & (TaskRow.waits == false())


def expired(now: dt.datetime) -> Select[str]:
    """Ids of the tasks whose lease has expired."""
    return select(TaskRow.id).where(TaskRow.lease_expires < now).order_by(TaskRow.id)


def count_by_status(session: Session) -> dict[TaskStatus, int]:
    """How many tasks there are in each state."""
    counts = dict.fromkeys(TaskStatus, 0)
    for status, count in session.execute(select(TaskRow.status, func.count()).group_by(TaskRow.status)):
        counts[TaskStatus(status)] = count
    return counts


def count_active(project: str) -> Select[int]:
    """How many tasks of a project have not ended."""
    return select(func.count()).where(TaskRow.project_id == project, TaskRow.status.not_in(TERMINAL))


def active_of(project: str) -> Select[TaskRow]:
    """Tasks of a project that have not ended, in the order of ids."""
    return select(TaskRow).where(TaskRow.project_id == project, TaskRow.status.not_in(TERMINAL)).order_by(TaskRow.id)


def active_by(project: str, creator: str) -> Select[TaskRow]:
    """Those of one person, each locked and as it is now: whoever changed one first was waited for."""
    mine = active_of(project).where(TaskRow.creator == creator)
    return mine.with_for_update().execution_options(populate_existing=True)


def ids_of_project(project: str) -> Select[str]:
    """Ids of all tasks of a project."""
    return select(TaskRow.id).where(TaskRow.project_id == project)


def ended_before(moment: dt.datetime, limit: int) -> Select[str]:
    """Ids of tasks that ended before a moment."""
    return select(TaskRow.id).where(TaskRow.ended < moment).order_by(TaskRow.ended).limit(limit)


def delete_tasks(session: Session, tasks: Sequence[str]) -> None:
    """Remove tasks with their events and leases; their runs and commits stay."""
    session.execute(delete(TaskRow).where(TaskRow.id.in_(tasks)))
