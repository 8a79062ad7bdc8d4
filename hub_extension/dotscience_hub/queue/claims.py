"""Claims: giving the oldest task that a runner can do to that runner, and to no other."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.leases import Terms
from dotscience_hub.domain.matching import Demand, Offer, demand_of, free_gpus
from dotscience_hub.store.database import Database
from dotscience_hub.store.projects import ProjectRow
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.tasks import QUEUED, TaskRow, lock_task, next_queued, queued_demands
from jupyter_dotscience.api.problems import NotLoggedIn
from jupyter_dotscience.api.runners import RunnerType

from .transitions import Transitions

_REMEMBERED = 10_000
# One query names at most this many; the rest of a queue that asks for more different things waits its turn.
_MOST_DEMANDS = 5_000


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

    def __init__(self, database: Database, transitions: Transitions, terms: Terms) -> None:
        """Make it.

        Args:
            database: Where the queue is.
            transitions: Gives the lease.
            terms: How long it lasts.
        """
        self._database = database
        self._transitions = transitions
        self._terms = terms
        self._demands: OrderedDict[str, Demand] = OrderedDict()

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
        # A look first: most looks find nothing, and need not wait for a writer.
        with self._database.read() as session:
            demands = self._met(session, offer)
            if not demands or session.scalar(next_queued(demands, offer.owner)) is None:
                return None
        with self._database.write() as session:
            query = next_queued(demands, offer.owner)
            task = session.scalar(query.with_for_update(skip_locked=True, of=TaskRow))
            holder = session.get(RunnerRow, runner)
            if task is None or holder is None:
                return None
            return self._give(session, task, holder)

    def give_back(self, claimed: Claimed) -> None:
        """Undo a claim whose runner went away before it had the answer."""
        with self._database.write() as session:
            row = lock_task(session, claimed.row.id)
            if row is not None and row.fence == claimed.row.fence and not row.acknowledged and row.lease_expires:
                self._transitions.requeue(session, row, "Its runner went away while it was assigned.", for_good=True)

    def _give(self, session: Session, task: str, runner: RunnerRow) -> Claimed:
        row = session.get_one(TaskRow, task, populate_existing=True)
        token = self._transitions.give(session, row, runner, self._terms.lease)
        project = session.get_one(ProjectRow, row.project_id)
        return Claimed(row=row, project_name=project.name, token=token)

    def _met(self, session: Session, offer: Offer) -> list[str]:
        wanted = [key for key in queued_demands(session) if self._is_met(session, key, offer)]
        return wanted[:_MOST_DEMANDS]

    def _is_met(self, session: Session, key: str, offer: Offer) -> bool:
        demand = self._demands.get(key) or self._load(session, key)
        return demand is not None and offer.meets(demand)

    def _load(self, session: Session, key: str) -> Demand | None:
        query = select(TaskRow.labels, TaskRow.resources).where(TaskRow.status == QUEUED, TaskRow.demand == key)
        found = session.execute(query.limit(1)).first()
        if found is None:
            return None
        self._demands[key] = demand = demand_of(found.labels, found.resources)
        while len(self._demands) > _REMEMBERED:
            self._demands.popitem(last=False)
        return demand
