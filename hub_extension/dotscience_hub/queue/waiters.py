"""Runners that wait for a task: each new task wakes one that can do it, not all.

What is woken looks at the store, where the truth is: a wake that is lost or was for nothing costs a look or a few
seconds, never a task.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dotscience_hub.domain.matching import Demand, Offer


@dataclass(frozen=True)
class QueuedTask:
    """A task that was queued, as far as it matters to who might take it.

    Attributes:
        task: Its id.
        demand: What it asks for.
        people: Its creator, and its project's owner.
    """

    task: str
    demand: Demand
    people: tuple[str, ...]


class Waiter:
    """One runner's open call. Used on an event loop, woken from any thread."""

    def __init__(self, offer: Offer) -> None:
        """Wait with what the runner offers."""
        self.offer = offer
        self.woken_for: QueuedTask | None = None
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self, task: QueuedTask) -> bool:
        """Hear of a task; False when the loop is closed and nobody listens."""
        self.woken_for = task
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return False
        return True

    async def wait(self, timeout: float) -> bool:
        """Wait to be woken, ``timeout`` seconds at the most; whether it was."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True


class Waiters:
    """All open calls, those that wait longest first."""

    def __init__(self) -> None:
        """Nobody waits."""
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._waiting: dict[int, Waiter] = {}

    def __len__(self) -> int:
        """How many wait."""
        return len(self._waiting)

    @contextmanager
    def enter(self, offer: Offer) -> Iterator[Waiter]:
        """Wait in line until the block ends. A wake that was not used goes to the next in line."""
        waiter = Waiter(offer)
        with self._lock:
            number = next(self._numbers)
            self._waiting[number] = waiter
        try:
            yield waiter
        finally:
            with self._lock:
                del self._waiting[number]
            self.used(waiter, None)

    def used(self, waiter: Waiter, taken: str | None) -> None:
        """A waiter has looked. When it took another task than the one it was woken for, somebody else is woken."""
        with self._lock:
            task, waiter.woken_for = waiter.woken_for, None
        if task is not None and task.task != taken:
            self.offer(task)

    def looked_in_vain(self, waiter: Waiter) -> None:
        """A waiter has looked and found nothing: the task it was woken for is gone."""
        with self._lock:
            waiter.woken_for = None

    def offer(self, task: QueuedTask) -> None:
        """Wake the first in line that can do a task and has not been woken yet. From any thread."""
        with self._lock:
            for waiter in self._waiting.values():
                free = waiter.woken_for is None
                fits = free and waiter.offer.takes_from(*task.people) and waiter.offer.meets(task.demand)
                if fits and waiter.wake(task):
                    return
