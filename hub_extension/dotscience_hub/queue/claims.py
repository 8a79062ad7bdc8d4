"""Claims: giving the oldest task that a runner can do to that runner, and to no other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from dotscience_hub.domain.leases import Terms
from dotscience_hub.domain.matching import Offer, free_gpus
from dotscience_hub.store.database import Database
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.tasks import TaskRow, has_backing, lock_task, next_queued
from jupyter_dotscience.api.problems import NotLoggedIn
from jupyter_dotscience.api.runners import RunnerType

from .demands import Demands
from .transitions import Transitions


@dataclass(frozen=True)
class Claimed:
    """A task that was given to a runner.

    Attributes:
        row: The task, as it was then.
        project_name: The name of its project.
        token: The task's token.
    """

    row: TaskRow
    project_name: str
    token: str


class Claims:
    """Looks into the queue for a runner."""

    def __init__(self, database: Database, transitions: Transitions, demands: Demands, terms: Terms) -> None:
        """Make it.

        Args:
            database: Where the queue is.
            transitions: Gives the lease.
            demands: What the queue asks for; the one that ``transitions`` adds to.
            terms: How long a lease lasts.
        """
        self._database = database
        self._transitions = transitions
        self._demands = demands
        self._terms = terms

    def offer_of(self, runner: str, gpus: int) -> Offer:
        """What a runner has to offer.

        Args:
            runner: Its id.
            gpus: How many GPUs its agent says are free.

        Raises:
            NotLoggedIn: The runner was removed.
        """
        with self._database.read() as session:
            row = session.get(RunnerRow, runner)
        if row is None:
            raise NotLoggedIn("This runner was removed from the hub.")
        return Offer(row.labels, free_gpus(RunnerType(row.type), gpus), None if row.shared else row.owner)

    def take(self, runner: str, offer: Offer) -> Claimed | None:
        """Give a runner the oldest task it can do, or None when there is none."""
        if not self._demands.is_fresh:
            with self._database.read() as session:
                self._demands.read(session)
        demands = self._demands.met_by(offer)
        if not demands:
            return None
        with self._database.write() as session:
            found = self._next(session, demands, offer.owner)
            holder = None if found is None else session.get(RunnerRow, runner)
            if found is None or holder is None:
                return None
            row, project_name = found
            token = self._transitions.give(session, row, holder, self._terms.lease)
            return Claimed(row=row, project_name=project_name, token=token)

    def _next(self, session: Session, demands: Sequence[str], owner: str | None) -> tuple[TaskRow, str] | None:
        """The oldest task that may be given; those before it whose creator may run none any more end here."""
        query = next_queued(demands, owner).with_for_update(skip_locked=True, of=TaskRow)
        while (found := session.execute(query).first()) is not None:
            row, project_name = found
            if has_backing(session, row):
                return row, project_name
            self._transitions.end_without_backing(session, [row])
        return None

    def give_back(self, claimed: Claimed) -> None:
        """Undo a claim whose runner went away before it had the answer."""
        with self._database.write() as session:
            row = lock_task(session, claimed.row.id)
            if row is not None and row.fence == claimed.row.fence and not row.acknowledged and row.lease_expires:
                self._transitions.requeue(session, row, "Its runner went away while it was assigned.", for_good=True)
