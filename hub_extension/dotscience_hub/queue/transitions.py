"""Changes of a task's state: the row, its event, and who is told once it is durable."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from dotscience_hub.domain import states
from dotscience_hub.domain.matching import demand_of
from dotscience_hub.pubsub import Notifier, logs_topic, runner_topic, task_topic
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import after_commit
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.tasks import TaskRow, add_event, add_lease, without_backing
from dotscience_hub.store.tokens import new_task_token
from jupyter_dotscience.api.tasks import TaskStatus

from .clock import Clock, wall_clock
from .demands import Demands
from .known import KnownLeases
from .waiters import QueuedTask, Waiters

OnEnd = Callable[[Session, Sequence[str]], None]

# So many are named in one statement.
_AT_ONCE = 500


class Transitions:
    """Moves tasks from state to state. All methods work inside the caller's transaction, on a locked row."""

    def __init__(
        self,
        notifier: Notifier,
        waiters: Waiters,
        demands: Demands,
        known: KnownLeases,
        clock: Clock = wall_clock,
    ) -> None:
        """Make it.

        Args:
            notifier: Wakes who waits for a task's change.
            waiters: The runners in line.
            demands: Hears what the queue asks for.
            known: Forgets a lease that is given, taken away or ends.
            clock: Tells the time.
        """
        self._demands = demands
        self._known = known
        self._notifier = notifier
        self._waiters = waiters
        self._clock = clock
        self._on_end: list[OnEnd] = []

    def when_ended(self, callback: OnEnd) -> None:
        """Call ``callback`` with the tasks that end, however they end, within the transaction that ends them."""
        self._on_end.append(callback)

    def enqueue(self, session: Session, row: TaskRow) -> None:
        """Put a new task into the queue. One that waits for something else than a runner is offered to none."""
        row.status = TaskStatus.QUEUED.value
        session.add(row)
        session.flush()
        self._changed(session, row)
        if not row.waits:
            self._offer(session, row)

    def release(self, session: Session, row: TaskRow, message: str) -> None:
        """What a queued task waited for is there: offer it to runners.

        Args:
            session: The transaction.
            row: The task, locked.
            message: What there is to say about it; kept in its events.
        """
        row.waits = False
        self.move(session, row, TaskStatus.QUEUED, message)
        self._offer(session, row)

    def move(self, session: Session, row: TaskRow, status: TaskStatus, message: str = "") -> None:
        """Go to a state that is no end; to stay in it is to change the message only."""
        before = TaskStatus(row.status)
        if before is not status and not states.allowed(before, status):
            raise ValueError(f"a task does not go from {before.value} to {status.value}")
        row.status, row.message = status.value, clean(message)
        self._changed(session, row, event=before is not status or bool(message))

    def end(self, session: Session, row: TaskRow, status: TaskStatus, message: str) -> None:
        """Go to an end, and with it end the lease."""
        self._end(session, row, status, message)
        self._ended(session, [row])

    def end_without_backing(self, session: Session, rows: Sequence[TaskRow]) -> None:
        """End tasks whose creators may run none in their projects any more, at once: nothing more of them is taken."""
        for start in range(0, len(rows), _AT_ONCE):
            part = rows[start : start + _AT_ONCE]
            for row in part:
                self._end(session, row, TaskStatus.STOPPED, without_backing(row.creator))
            self._ended(session, part)

    def _end(self, session: Session, row: TaskRow, status: TaskStatus, message: str) -> None:
        self.move(session, row, status, message)
        row.ended = self._clock()
        row.lease_expires = row.left_status = None
        row.finishing = False
        self._forget(session, row)
        topics = [logs_topic(row.id)] + ([runner_topic(row.runner_id)] if row.runner_id else [])
        after_commit(session, lambda: self._notifier.notify(*topics))

    def _ended(self, session: Session, rows: Sequence[TaskRow]) -> None:
        for callback in self._on_end:
            callback(session, [row.id for row in rows])

    def requeue(self, session: Session, row: TaskRow, message: str, *, for_good: bool) -> None:
        """Put a task back.

        Args:
            session: The transaction.
            row: The task.
            message: Why.
            for_good: Its runner shall not come back to it: the fence is raised now, not by the next claim.
        """
        left = row.status
        self.move(session, row, TaskStatus.QUEUED, message)
        row.left_status = None if for_good else left
        row.lease_expires = None
        if for_good:
            row.fence += 1
            self._forget(session, row)
        if not row.acknowledged:
            row.attempts -= 1
        self._offer(session, row)

    def give(self, session: Session, row: TaskRow, runner: RunnerRow, lease: dt.timedelta) -> str:
        """Give a queued task to a runner.

        Returns:
            The task's token, which is nowhere else.
        """
        row.runner_id, row.runner_name = runner.id, runner.name
        row.fence += 1
        row.attempts += 1
        row.acknowledged = False
        row.left_status = None
        row.lease_expires = self._clock() + lease
        self.move(session, row, TaskStatus.ASSIGNED, f"Assigned to {runner.name}.")
        self._forget(session, row)
        token = new_task_token()
        add_lease(session, row, token, self._clock())
        return token

    def take_back(self, session: Session, row: TaskRow, status: TaskStatus) -> None:
        """Give a queued task back to the runner of its last lease, which was only away."""
        row.status, row.message = status.value, "Its runner came back."
        self._changed(session, row)

    def request_stop(self, session: Session, row: TaskRow) -> None:
        """Ask the task's runner to stop it."""
        row.stop_requested = True
        row.message = "Asked to stop."
        self._changed(session, row)
        if row.runner_id:
            topic = runner_topic(row.runner_id)
            after_commit(session, lambda: self._notifier.notify(topic))

    def noted(self, session: Session, row: TaskRow) -> None:
        """Something else of the task changed: its commit, its execution."""
        self._changed(session, row, event=False)

    def _changed(self, session: Session, row: TaskRow, *, event: bool = True) -> None:
        row.version += 1
        if event:
            add_event(session, row, self._clock())
        topic = task_topic(row.id)
        after_commit(session, lambda: self._notifier.notify(topic))

    def _forget(self, session: Session, row: TaskRow) -> None:
        task = row.id
        after_commit(session, lambda: self._known.forget(task))

    def _offer(self, session: Session, row: TaskRow) -> None:
        demand = demand_of(row.labels, row.resources)
        queued = QueuedTask(row.id, demand, (row.creator, row.project_owner))

        def tell() -> None:
            self._demands.add(demand)
            self._waiters.offer(queued)

        after_commit(session, tell)
