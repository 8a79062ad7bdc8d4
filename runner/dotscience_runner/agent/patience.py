"""Calls to the hub that are repeated until it answers, however long it is away."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import Protocol, TypeVar

from jupyter_dotscience.api.problems import (
    DotscienceError,
    LeaseLost,
    NotFound,
    ServerError,
    Unavailable,
    Unreachable,
)

from .wishes import TaskLost, Wishes

log = logging.getLogger(__name__)
T = TypeVar("T")
FIRST_SECONDS, LONGEST_SECONDS = 0.25, 30.0
PASSING = (Unreachable, Unavailable, ServerError)
"""Errors that say nothing about the request: the hub is away, starts, or has a full disk."""


class Waiter(Protocol):
    """Something to wait with that notices when waiting is pointless."""

    def wait(self, seconds: float) -> object:
        """Wait, or raise."""


class Backoff:
    """Waiting times that double up to a longest one, with jitter so that a thousand agents do not come back at once."""

    def __init__(self, first: float = FIRST_SECONDS, longest: float = LONGEST_SECONDS) -> None:
        self._first = self._next = first
        self._longest = longest

    def reset(self) -> None:
        """Start again with the shortest."""
        self._next = self._first

    def next(self) -> float:
        """How many seconds to wait now."""
        seconds = self._next * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self._next = min(self._next * 2, self._longest)
        return seconds


class HubAway:
    """Says once that the hub is away, and once that it is back, whatever thread notices."""

    def __init__(self) -> None:
        self._away = False

    def away(self, error: DotscienceError) -> None:
        """A call failed."""
        if not self._away:
            self._away = True
            log.warning("The hub is away: %s Everything goes on; trying again until it is back.", error)

    def back(self) -> None:
        """A call succeeded."""
        if self._away:
            self._away = False
            log.warning("The hub is back.")


hub_away = HubAway()


def insist(call: Callable[[], T], waiter: Waiter) -> T:
    """Repeat ``call`` while the hub is away.

    Args:
        call: Something that may be repeated.
        waiter: What to wait with; what it raises ends the trying.

    Raises:
        DotscienceError: the hub answered, and refuses.
    """
    backoff = Backoff()
    while True:
        try:
            answer = call()
        except PASSING as error:
            hub_away.away(error)
            waiter.wait(backoff.next())
        else:
            hub_away.back()
            return answer


def insist_for_task(call: Callable[[], T], wishes: Wishes) -> T:
    """As :func:`insist`, for a call about one task.

    Raises:
        TaskLost: the lease is lost, or the task is gone.
        AgentClosing: the agent ends.
        DotscienceError: the hub answered, and refuses for another reason.
    """
    try:
        return insist(call, wishes)
    except (LeaseLost, NotFound):
        wishes.lose()
        raise TaskLost from None
