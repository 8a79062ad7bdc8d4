"""What the hub keeps of tasks that serve JupyterLab: variables nobody is shown, and the gateway's port."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Table
from .sealing import sealed_column
from .tasks import TERMINAL, TaskRow


class TaskEnvironmentRow(Table):
    """The sealed variables of a task that has not ended; one JSON object."""

    __tablename__ = "task_environments"

    id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True, doc="The task's.")
    variables: Mapped[bytes] = sealed_column()


class DoorRow(Table):
    """The loopback port by which the proxy reaches a task. It stays while the task lives: the hub never asks again."""

    __tablename__ = "doors"
    __table_args__ = (UniqueConstraint("port"),)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    port: Mapped[int]


def forget_environments(session: Session, tasks: Sequence[str]) -> None:
    """Remove the sealed variables of tasks."""
    session.execute(delete(TaskEnvironmentRow).where(TaskEnvironmentRow.id.in_(tasks)))


def doors(session: Session) -> Mapping[str, int]:
    """Ports of the tasks that have not ended."""
    query = select(DoorRow.task_id, DoorRow.port).join(TaskRow, TaskRow.id == DoorRow.task_id)
    return {row.task_id: row.port for row in session.execute(query.where(TaskRow.status.not_in(TERMINAL)))}


def taken_ports(session: Session) -> set[int]:
    """All ports that belong to a task."""
    return set(session.scalars(select(DoorRow.port)))


def give_door(session: Session, task: str, port: int) -> None:
    """Let a task have this port, and no other."""
    session.merge(DoorRow(task_id=task, port=port))


def close_doors(session: Session) -> None:
    """Let the ports of tasks that have ended be given to others."""
    ended = select(TaskRow.id).where(TaskRow.status.in_(TERMINAL))
    session.execute(delete(DoorRow).where(DoorRow.task_id.in_(ended)))


def lease_facts(session: Session, tasks: Sequence[str]) -> dict[str, tuple[str | None, int, bool]]:
    """Runner, fence, and whether it has ended, of each of these tasks that exists."""
    query = select(TaskRow.id, TaskRow.runner_id, TaskRow.fence, TaskRow.status).where(TaskRow.id.in_(tasks))
    return {id_: (runner, fence, status in TERMINAL) for id_, runner, fence, status in session.execute(query)}
