"""Waking those who wait: state changes from worker threads to coroutines."""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

Topic = tuple[str, ...]


class Notifier:
    """Topics that something happened to. It carries no data: who is woken looks again.

    Subscribe, look, then wait: a change between the look and the wait is not lost.
    """

    def __init__(self) -> None:
        """No topics yet."""
        self._lock = threading.Lock()
        self._waiting: defaultdict[Topic, set[_Subscription]] = defaultdict(set)

    def notify(self, *topics: Topic) -> None:
        """Wake all subscriptions of these topics. May be called from any thread."""
        with self._lock:
            woken = {subscription for topic in topics for subscription in self._waiting.get(topic, ())}
        for subscription in woken:
            subscription.wake()

    @contextmanager
    def subscribe(self, *topics: Topic) -> Iterator[_Subscription]:
        """Hear of these topics until the block ends; to be used on an event loop."""
        subscription = _Subscription()
        with self._lock:
            for topic in topics:
                self._waiting[topic].add(subscription)
        try:
            yield subscription
        finally:
            with self._lock:
                for topic in topics:
                    self._waiting[topic].discard(subscription)
                    if not self._waiting[topic]:
                        del self._waiting[topic]


class _Subscription:
    """One coroutine's ear."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._event = asyncio.Event()

    def wake(self) -> None:
        """Make the present or next ``wait`` return. From any thread; a closed loop has nobody left to wake."""
        try:
            self._loop.call_soon_threadsafe(self._event.set)
        except RuntimeError:
            return

    async def wait(self, timeout: float) -> bool:
        """Wait for a change.

        Args:
            timeout: Seconds to wait at the most.

        Returns:
            Whether something happened since the subscription or the last wait.
        """
        try:
            await asyncio.wait_for(self._event.wait(), timeout)
        except TimeoutError:
            return False
        self._event.clear()
        return True


def task_topic(task: str) -> Topic:
    """A task's state changed."""
    return ("task", task)


def logs_topic(task: str) -> Topic:
    """A task's log grew."""
    return ("logs", task)


def runner_topic(runner: str) -> Topic:
    """The hub wants something of a runner: a stop was requested, or a lease was taken away."""
    return ("runner", runner)
