"""Looks after the disk while tasks run: a task that grows beyond the runner's size is ended before the disk is full."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from .ballast import Ballast
from .sizes import in_words
from .storage import GIGABYTE, LEAST_FREE, Storage
from .tasks import Watched

log = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
LONGEST_SECONDS: Final = 60.0
"""So long the sum is believed though the free space of the disk says that nothing came: others may free some."""
SHARE: Final = 20
"""A measurement that took a second is followed by one after so many seconds at the earliest."""


class Watch:
    """A thread that looks once a second at the free space of the disk, and measures when that says it may matter.

    Args:
        storage: What is looked after.
        ballast: Room for the end of a task that has filled the disk.
    """

    def __init__(self, storage: Storage, ballast: Ballast) -> None:
        self._storage, self._ballast = storage, ballast
        self._closing = threading.Event()
        self._used = 0
        self._free = -1
        self._measured = self._next = 0.0
        self._thread = threading.Thread(target=self._run, name="disk", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._ballast.lay()
        self._thread.start()

    def close(self) -> None:
        """End soon."""
        self._closing.set()

    def _run(self) -> None:
        while not self._closing.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:
                log.exception("Looking after the disk failed")

    def look(self) -> None:
        """Look once."""
        free = self._storage.free()
        if not self._storage.tasks.all():
            self._ballast.lay()
        elif free < LEAST_FREE:
            self._on_full_disk()
        elif self._may_be_over(free):
            self._measure()

    def relief(self) -> AbstractContextManager[None]:
        """While a task is ended that has filled the disk: its end has to be written down."""
        return self._ballast.dropped() if self._storage.free() < LEAST_FREE else nullcontext()

    def _may_be_over(self, free: int) -> bool:
        """Whether what went from the disk since the last measurement could be too much."""
        now = time.monotonic()
        if now < self._next:
            return False
        came = max(0, self._free - free)
        return self._free < 0 or now - self._measured > LONGEST_SECONDS or self._used + came > self._storage.limit

    def _measure(self) -> None:
        took = self._storage.tasks.measure()
        self._measured = time.monotonic()
        self._next = self._measured + SHARE * took
        self._free, self._used = self._storage.free(), self._storage.used()
        if self._used <= self._storage.limit:
            return
        self._storage.make_room(0)
        self._used = self._storage.used()
        if self._used > self._storage.limit and (largest := self._largest()) is not None:
            self._end(largest, f"this runner may use {in_words(self._storage.limit)} of its disk")

    def _on_full_disk(self) -> None:
        self._storage.make_room(LEAST_FREE)
        if self._storage.free() >= LEAST_FREE or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + SHARE * self._storage.tasks.measure()
        largest = self._largest()
        # What came from elsewhere is no task's fault: all wait until there is room again.
        if largest is not None and largest.growth >= LEAST_FREE:
            self._end(largest, "the disk of this runner is full")

    def _largest(self) -> Watched | None:
        """The task that has written most; None while one is on its way out, for that makes room."""
        found = self._storage.tasks.all()
        if any(watched.ending for watched in found):
            return None
        return max(found, key=lambda watched: (watched.growth, watched.size), default=None)

    def _end(self, watched: Watched, why: str) -> None:
        watched.ending = True
        least = max(self._storage.limit, self._used) // GIGABYTE + 1
        log.warning("Task %s takes %s and is ended: %s.", watched.task, in_words(watched.size), why)
        watched.end(
            f"The task was ended because its files had grown to {in_words(watched.size)} and {why}: write less, or use "
            f"a larger runner (ds runner create -s {least})."
        )
