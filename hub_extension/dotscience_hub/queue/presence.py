"""When runners were last heard of."""

from __future__ import annotations

import datetime as dt
import threading

from dotscience_hub.domain.leases import Terms
from dotscience_hub.store.database import Database
from dotscience_hub.store.runners import seen_since, touch
from jupyter_dotscience.api.changes import Notice, NoticeKind

from .clock import Clock, wall_clock

TELL_EVERY = dt.timedelta(minutes=1)
"""Pages show when a runner was last seen: to the minute is enough."""


class Presence:
    """Notes that a runner was heard of, at most once a heartbeat: each note is a write; tells who comes and goes."""

    def __init__(self, database: Database, terms: Terms, clock: Clock = wall_clock) -> None:
        """Make it.

        Args:
            database: Where runners are.
            terms: How often an agent shall be heard of.
            clock: Tells the time.
        """
        self._database = database
        self._every = dt.timedelta(seconds=terms.heartbeat_seconds)
        self._online = terms.online
        self._clock = clock
        self._lock = threading.Lock()
        self._noted: dict[str, dt.datetime] = {}
        self._told: dict[str, dt.datetime] = {}

    def seen(self, runner: str) -> None:
        """A runner was heard of."""
        now = self._clock()
        with self._lock:
            last = self._noted.get(runner)
            # A clock that was set back must not silence a runner until then.
            if last is not None and dt.timedelta(0) <= now - last < self._every:
                return
            self._noted[runner] = now
            news = runner not in self._told or now - self._told[runner] >= TELL_EVERY
            if news:
                self._told[runner] = now
        with self._database.write() as session:
            touch(session, runner, now)
            if news:
                self._database.tell(_notice(runner))

    def look(self) -> None:
        """Tell of runners that have gone offline: nothing happens when that happens."""
        now = self._clock()
        with self._lock:
            gone = [runner for runner, last in self._noted.items() if now - last > self._online]
            for runner in gone:
                self._drop(runner)
        self._database.tell(*map(_notice, gone))

    def recall(self) -> None:
        """Remember from the store who was online when the service ended."""
        since = self._clock() - self._online
        with self._database.read() as session:
            found = seen_since(session, since)
        with self._lock:
            for runner, last in found.items():
                self._noted.setdefault(runner, last)
                self._told.setdefault(runner, last)

    def forget(self, runner: str) -> None:
        """A runner was removed."""
        with self._lock:
            self._drop(runner)

    def _drop(self, runner: str) -> None:
        self._noted.pop(runner, None)
        self._told.pop(runner, None)


def _notice(runner: str) -> Notice:
    return Notice(kind=NoticeKind.RUNNERS, runner=runner)
