"""What the tasks in the queue ask for: a handful of different things, whatever the queue's length."""

from __future__ import annotations

import datetime as dt
import threading

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.matching import Demand, Offer, demand_of
from dotscience_hub.store.tasks import QUEUED, TaskRow, queued_demands

from .clock import Clock, wall_clock

# One query names at most this many; the rest of a queue that asks for more different things waits its turn.
_MOST = 5_000
_FRESH = dt.timedelta(seconds=10)


class Demands:
    """A memory of all that is asked for. It may hold more than the queue does, which costs a look, never less."""

    def __init__(self, clock: Clock = wall_clock) -> None:
        """Nothing is known yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Demand] = {}
        self._read: dt.datetime | None = None

    def add(self, demand: Demand) -> None:
        """A task with this demand is in the queue."""
        with self._lock:
            self._known[demand.key] = demand

    def met_by(self, offer: Offer) -> list[str]:
        """Keys of the demands that a runner can meet."""
        with self._lock:
            known = list(self._known.items())
        return [key for key, demand in known if offer.meets(demand)][:_MOST]

    @property
    def is_fresh(self) -> bool:
        """Whether the queue was read lately. It is read again now and then, to forget what nobody asks for any more."""
        return self._read is not None and abs(self._clock() - self._read) < _FRESH

    def read(self, session: Session) -> None:
        """Learn what the queue asks for from the queue itself."""
        with self._lock:
            # Held while reading: what is added meanwhile must not be forgotten.
            found = {key: self._known.get(key) or _load(session, key) for key in queued_demands(session)}
            self._known = {key: demand for key, demand in found.items() if demand is not None}
            self._read = self._clock()


def _load(session: Session, key: str) -> Demand | None:
    query = select(TaskRow.labels, TaskRow.resources).where(TaskRow.status == QUEUED, TaskRow.demand == key)
    found = session.execute(query.limit(1)).first()
    return None if found is None else demand_of(found.labels, found.resources)
