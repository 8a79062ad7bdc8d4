"""What follows from a lease, held, expired or given up."""

from __future__ import annotations

import datetime as dt
import enum
from dataclasses import dataclass

MAX_ATTEMPTS = 2
# A runner that dies of each claim before it says a word must not take the task for ever.
MAX_SILENT = 10


@dataclass(frozen=True)
class Terms:
    """The terms of all leases.

    Attributes:
        lease_seconds: How long a lease lasts without a heartbeat.
        heartbeat_seconds: How often an agent shall be heard of.
    """

    lease_seconds: float = 60.0
    heartbeat_seconds: float = 10.0

    @property
    def lease(self) -> dt.timedelta:
        """The length of a lease."""
        return dt.timedelta(seconds=self.lease_seconds)

    @property
    def online(self) -> dt.timedelta:
        """How long after its last word a runner counts as online."""
        return dt.timedelta(seconds=3 * self.heartbeat_seconds)

    @property
    def longest_wait(self) -> float:
        """Seconds a heartbeat may be held open, so that the next one comes while the lease lasts."""
        return self.lease_seconds / 3


class Fate(enum.Enum):
    """What becomes of a task whose lease expired."""

    REQUEUE = "requeue"
    STOP = "stop"
    LOSE = "lose"


def on_expiry(*, attempts: int, silent: int, acknowledged: bool, finishing: bool, stop_requested: bool) -> Fate:
    """What becomes of a task whose lease expired.

    Args:
        attempts: How often it was begun, this time included.
        silent: How often a lease expired whose runner had not said a word about it, this time not included.
        acknowledged: The runner has said something about it; otherwise it may never have heard that it got the task.
        finishing: Its results were being saved: to run it again could save them twice.
        stop_requested: Somebody wants it to end.
    """
    if finishing:
        return Fate.LOSE
    if stop_requested:
        return Fate.STOP
    begun = attempts if acknowledged else attempts - 1
    return Fate.REQUEUE if begun < MAX_ATTEMPTS and silent < MAX_SILENT else Fate.LOSE


def was_away(last: dt.datetime, now: dt.datetime, expected: float, tolerance: float) -> bool:
    """Whether the service itself stood still between two looks at the clock, or the clock was set.

    By the wall clock: a suspended machine's monotonic clock stands still too. A clock that was set forward looks the
    same, and the same thing is right then. After one that was set back, leases would last for longer than they should.

    Args:
        last: The look before.
        now: This one.
        expected: Seconds that should lie between them.
        tolerance: Seconds more that mean nothing.
    """
    return now < last or (now - last).total_seconds() > expected + tolerance
