"""Leases that were seen to hold, so that not each piece of log asks the database."""

from __future__ import annotations

import threading


class KnownLeases:
    """A memory of leases. What is read while something changes is not remembered."""

    def __init__(self) -> None:
        """Nothing is known."""
        self._lock = threading.Lock()
        self._leases: dict[str, tuple[str, int]] = {}
        self.generation = 0
        """Grows with each change; to be read before the database is."""

    def has(self, task: str, runner: str, fence: int) -> bool:
        """Whether this lease is known to hold."""
        return self._leases.get(task) == (runner, fence)

    def add(self, task: str, runner: str, fence: int, generation: int) -> None:
        """Remember a lease that held after ``generation`` was read."""
        with self._lock:
            if generation == self.generation:
                self._leases[task] = (runner, fence)

    def forget(self, task: str) -> None:
        """A lease was given, taken away or has ended, and that is durable now."""
        with self._lock:
            self.generation += 1
            self._leases.pop(task, None)
