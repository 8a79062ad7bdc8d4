"""When runners were last heard of."""

from __future__ import annotations

import datetime as dt
import threading

from dotscience_hub.domain.leases import Terms
from dotscience_hub.store.database import Database
from dotscience_hub.store.runners import touch

from .clock import Clock, wall_clock


class Presence:
    """Notes that a runner was heard of, at most once a heartbeat: each note is a write."""

    def __init__(self, database: Database, terms: Terms, clock: Clock = wall_clock) -> None:
        """Make it.

        Args:
            database: Where runners are.
            terms: How often an agent shall be heard of.
            clock: Tells the time.
        """
        self._database = database
        self._every = dt.timedelta(seconds=terms.heartbeat_seconds)
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[str, dt.datetime] = {}

    def seen(self, runner: str) -> None:
        """A runner was heard of."""
        now = self._clock()
        with self._lock:
            last = self._noted.get(runner)
            # A clock that was set back must not silence a runner until then.
            if last is not None and dt.timedelta(0) <= now - last < self._every:
                return
            self._noted[runner] = now
        with self._database.write() as session:
            touch(session, runner, now)

    def forget(self, runner: str) -> None:
        """A runner was removed."""
        with self._lock:
            self._noted.pop(runner, None)
