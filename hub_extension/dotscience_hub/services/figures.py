"""Figures about the queue, for those who watch the hub."""

from __future__ import annotations

from sqlalchemy import func, select

from dotscience_hub.queue.queue import Queue
from dotscience_hub.store.database import Database
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.tasks import count_by_status


class Figures:
    """Counts, as they are now."""

    def __init__(self, database: Database, queue: Queue) -> None:
        """Make it.

        Args:
            database: Where tasks and runners are.
            queue: Tells what counts as online.
        """
        self._database = database
        self._queue = queue

    def tasks_by_status(self) -> dict[str, int]:
        """How many tasks there are in each state."""
        with self._database.read() as session:
            return {status.value: count for status, count in count_by_status(session).items()}

    def runners_online(self) -> int:
        """How many runners were heard of within three heartbeats."""
        since = self._queue.clock() - self._queue.terms.online
        with self._database.read() as session:
            return session.scalar(select(func.count()).where(RunnerRow.last_seen >= since)) or 0
