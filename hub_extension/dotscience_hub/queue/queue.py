"""The queue as a whole, put together."""

from __future__ import annotations

from dataclasses import dataclass

from dotscience_hub.domain.leases import Terms
from dotscience_hub.pubsub import Notifier
from dotscience_hub.store.database import Database

from .claims import Claims
from .clock import Clock, wall_clock
from .demands import Demands
from .expiry import Expiry
from .known import KnownLeases
from .leases import Leases
from .presence import Presence
from .transitions import Transitions
from .waiters import Waiters


@dataclass(frozen=True)
class Queue:
    """The parts that share one memory of who waits and who holds what: one of it per database and process.

    Attributes:
        terms: The terms of all leases.
        clock: Tells the time.
        waiters: Runners that wait for a task.
        transitions: Changes tasks' states.
        leases: Checks and renews leases.
        claims: Gives tasks to runners.
        presence: When runners were last heard of.
        expiry: Ends leases that nobody renewed.
    """

    terms: Terms
    clock: Clock
    waiters: Waiters
    transitions: Transitions
    leases: Leases
    claims: Claims
    presence: Presence
    expiry: Expiry


def make_queue(database: Database, notifier: Notifier, terms: Terms | None = None, clock: Clock = wall_clock) -> Queue:
    """Put a queue together.

    Args:
        database: Where tasks and runners are.
        notifier: Wakes those who wait for a change.
        terms: The terms of leases; by default 60 s, with a heartbeat each 10 s.
        clock: Tells the time.
    """
    terms = terms or Terms()
    waiters, demands, known = Waiters(), Demands(clock), KnownLeases()
    transitions = Transitions(notifier, waiters, demands, known, clock)
    return Queue(
        terms=terms,
        clock=clock,
        waiters=waiters,
        transitions=transitions,
        leases=Leases(database, transitions, known, terms, clock),
        claims=Claims(database, transitions, demands, terms),
        presence=Presence(database, terms, clock),
        expiry=Expiry(database, transitions, terms, clock),
    )
