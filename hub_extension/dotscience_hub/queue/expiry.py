"""What happens to leases that nobody renewed."""

from __future__ import annotations

from sqlalchemy import update
from sqlalchemy.orm import Session

from dotscience_hub.domain.leases import Fate, Terms, on_expiry
from dotscience_hub.store.database import Database
from dotscience_hub.store.tasks import TaskRow, expired, lock_task
from jupyter_dotscience.api.tasks import TaskStatus

from .clock import Clock, wall_clock
from .transitions import Transitions


class Expiry:
    """Puts tasks whose lease expired back into the queue, or ends them."""

    def __init__(self, database: Database, transitions: Transitions, terms: Terms, clock: Clock = wall_clock) -> None:
        """Make it.

        Args:
            database: Where tasks are.
            transitions: Changes them.
            terms: How long a lease lasts.
            clock: Tells the time.
        """
        self._database = database
        self._transitions = transitions
        self._terms = terms
        self._clock = clock

    def extend_all(self) -> None:
        """Let all leases expire their full time from now: the service was away, and could not hear the agents."""
        until = self._clock() + self._terms.lease
        with self._database.write() as session:
            session.execute(update(TaskRow).where(TaskRow.lease_expires.is_not(None)).values(lease_expires=until))

    def expire(self) -> int:
        """Deal with all leases that have expired; how many there were."""
        with self._database.read() as session:
            found = list(session.scalars(expired(self._clock())))
        for task in found:
            with self._database.write() as session:
                self._expire(session, task)
        return len(found)

    def _expire(self, session: Session, task: str) -> None:
        row = lock_task(session, task)
        if row is not None and row.lease_expires is not None and row.lease_expires < self._clock():
            self.end_lease(session, row, f"The runner {row.runner_name} was not heard of any more")

    def end_lease(self, session: Session, row: TaskRow, reason: str) -> None:
        """Do what follows from the end of a lease.

        Args:
            session: The transaction.
            row: The task, locked.
            reason: Half a sentence on why the lease ends.
        """
        fate = on_expiry(
            attempts=row.attempts,
            silent=row.silent,
            acknowledged=row.acknowledged,
            finishing=row.finishing,
            stop_requested=row.stop_requested,
        )
        row.silent += not row.acknowledged
        if fate is Fate.REQUEUE:
            self._transitions.requeue(session, row, f"{reason}; it goes to the queue again.", for_good=False)
        elif fate is Fate.STOP:
            self._transitions.end(session, row, TaskStatus.STOPPED, f"{reason}, and it was to be stopped.")
        else:
            self._transitions.end(session, row, TaskStatus.LOST, f"{reason}{_why_lost(row)}.")

    def withdraw(self, session: Session, row: TaskRow, reason: str) -> None:
        """Take a task away from its runner, which will not come back: somebody removed it."""
        if row.status == TaskStatus.QUEUED.value:
            row.fence += 1
        elif row.finishing:
            self._transitions.end(session, row, TaskStatus.LOST, f"{reason}{_why_lost(row)}.")
        elif row.stop_requested:
            self._transitions.end(session, row, TaskStatus.STOPPED, f"{reason}, and it was to be stopped.")
        else:
            self._transitions.requeue(session, row, f"{reason}; it goes to the queue again.", for_good=True)


def _why_lost(row: TaskRow) -> str:
    if row.finishing:
        return " while its results were being saved"
    return f", for the {_ordinal(row.attempts)} time"


def _ordinal(number: int) -> str:
    words = {1: "first", 2: "second", 3: "third"}
    return words.get(number, f"{number}th")
