"""Leases: who may write about a task."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.leases import Terms
from dotscience_hub.store.database import Database
from dotscience_hub.store.tasks import TERMINAL, TaskRow, had_lease, has_backing, lock_task
from jupyter_dotscience.api.problems import LeaseLost, NotFound
from jupyter_dotscience.api.protocol import Held, Lease, LeaseState
from jupyter_dotscience.api.tasks import TaskStatus

from .clock import Clock, wall_clock
from .known import KnownLeases
from .transitions import Transitions

LOST = "This task is not this runner's any more: its lease ended, and it was given away or has ended."


class Leases:
    """Checks and renews leases."""

    def __init__(
        self,
        database: Database,
        transitions: Transitions,
        known: KnownLeases,
        terms: Terms,
        clock: Clock = wall_clock,
    ) -> None:
        """Make it.

        Args:
            database: Where tasks are.
            transitions: Takes a task back from the queue.
            known: Leases seen to hold; the one that ``transitions`` keeps true.
            terms: How long a lease lasts.
            clock: Tells the time.
        """
        self._database = database
        self._transitions = transitions
        self._terms = terms
        self._clock = clock
        self._known = known

    def check(self, runner: str, task: str, fence: int, session: Session | None = None) -> None:
        """Raise unless the runner may write about the task. Cheap: called for each piece of log.

        An expired lease is good until the task is given to another runner, or ends; none is once its creator may run
        no tasks in the project any more.

        Args:
            runner: Id of the runner.
            task: Id of the task.
            fence: The fence of its lease.
            session: A transaction to look in; without one, what was seen before may answer.

        Raises:
            LeaseLost: It was this runner's task, and is not any more.
            NotFound: It never was.
        """
        if session is not None:
            _must_hold(session, session.get(TaskRow, task), runner, task, fence)
        elif not self._known.has(task, runner, fence):
            generation = self._known.generation
            with self._database.read() as reading:
                _must_hold(reading, reading.get(TaskRow, task), runner, task, fence)
            self._known.add(task, runner, fence, generation)

    def hold(self, session: Session, runner: str, task: str, fence: int) -> TaskRow:
        """The task, locked, with its lease renewed; a task that went back to the queue is this runner's again.

        Raises:
            LeaseLost: It was this runner's task, and is not any more.
            NotFound: It never was.
        """
        row = _must_hold(session, lock_task(session, task), runner, task, fence)
        self._renew(session, row)
        return row

    def renew(self, session: Session, runner: str, held: Sequence[Held]) -> list[Lease]:
        """Renew all leases that an agent believes to hold, and say how it stands with each."""
        # In the order of ids, so that two transactions never wait for each other in a circle.
        query = select(TaskRow).where(TaskRow.id.in_([lease.task for lease in held])).order_by(TaskRow.id)
        rows = {row.id: row for row in session.scalars(query.with_for_update())}
        for lease in held:
            row = rows.get(lease.task)
            if _holds(session, row, runner, lease.fence):
                self._renew(session, rows[lease.task])
        return [_state(session, rows.get(lease.task), runner, lease) for lease in held]

    def look(self, session: Session, runner: str, held: Sequence[Held]) -> list[Lease]:
        """How it stands with each lease, without renewing it."""
        query = select(TaskRow).where(TaskRow.id.in_([lease.task for lease in held]))
        rows = {row.id: row for row in session.scalars(query)}
        return [_state(session, rows.get(lease.task), runner, lease) for lease in held]

    def _renew(self, session: Session, row: TaskRow) -> None:
        row.lease_expires = self._clock() + self._terms.lease
        row.acknowledged = True
        if row.status == TaskStatus.QUEUED.value:
            status = TaskStatus(row.left_status or TaskStatus.ASSIGNED)
            row.left_status = None
            self._transitions.take_back(session, row, status)


def _holds(session: Session, row: TaskRow | None, runner: str, fence: int) -> bool:
    if row is None or row.runner_id != runner or row.fence != fence or row.status in TERMINAL:
        return False
    # The end of a role ends its tasks; this is for one that slipped through: its lease expires, and no claim gives it.
    return has_backing(session, row)


def _must_hold(session: Session, row: TaskRow | None, runner: str, task: str, fence: int) -> TaskRow:
    if row is None or not had_lease(session, task, runner):
        raise NotFound("There is no such task, or it never was this runner's.")
    if not _holds(session, row, runner, fence):
        raise LeaseLost(LOST)
    return row


def _state(session: Session, row: TaskRow | None, runner: str, lease: Held) -> Lease:
    if row is None or not _holds(session, row, runner, lease.fence):
        state = LeaseState.LOST
    else:
        state = LeaseState.STOP if row.stop_requested else LeaseState.HELD
    return Lease(task=lease.task, fence=lease.fence, state=state)
