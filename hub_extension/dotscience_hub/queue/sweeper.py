"""What the service does by itself: expired leases each second, and slower chores."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dotscience_hub.domain.leases import was_away

from .clock import Clock, wall_clock
from .expiry import Expiry

log = logging.getLogger(__name__)
INTERVAL = 1.0
TOLERANCE = 5.0


@dataclass(frozen=True)
class Chore:
    """Something to do from time to time.

    Attributes:
        name: For the log.
        every: Seconds between the end of one time and the start of the next.
        do: What to do, on a worker thread.
    """

    name: str
    every: float
    do: Callable[[], object]


class Sweeper:
    """A loop that never ends by itself: what goes wrong is logged, and tried again."""

    def __init__(self, expiry: Expiry, chores: Sequence[Chore] = (), clock: Clock = wall_clock) -> None:
        """Make it.

        Args:
            expiry: Deals with expired leases.
            chores: What else is to be done.
            clock: Tells the time.
        """
        self._expiry = expiry
        self._chores = tuple(chores)
        self._clock = clock
        self._last: dt.datetime | None = None

    async def run(self) -> None:
        """Sweep until cancelled."""
        await asyncio.gather(self._sweeping(), *(self._doing(chore) for chore in self._chores))

    def sweep(self) -> None:
        """One round. The first one, and one that comes late, gives all leases their full time first."""
        now = self._clock()
        if self._last is None or was_away(self._last, now, INTERVAL, TOLERANCE):
            self._expiry.extend_all()
        self._last = now
        self._expiry.expire()

    async def _sweeping(self) -> None:
        while True:
            await _attempt("expire leases", self.sweep)
            await asyncio.sleep(INTERVAL)

    async def _doing(self, chore: Chore) -> None:
        while True:
            await asyncio.sleep(chore.every)
            await _attempt(chore.name, chore.do)


async def _attempt(name: str, do: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(do)
    except Exception:
        log.exception("could not %s; it will be tried again", name)
