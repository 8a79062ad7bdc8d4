"""A limit on guesses of passwords."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

ATTEMPTS = 10
"""Wrong passwords for one name from one address within the window."""
ATTEMPTS_ANYWHERE = 100
"""Wrong passwords for one name, whatever the address: a botnet is slowed down, the owner of the name hardly ever."""
WINDOW_SECONDS = 300.0
_MAX_KEYS = 10_000


class Throttle:
    """Counts failures by key over a sliding window."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Args: the clock, in seconds."""
        self._clock = clock
        self._failures: OrderedDict[tuple[str, str | None], list[float]] = OrderedDict()

    def wait_seconds(self, name: str, address: str) -> float:
        """Seconds until another attempt is looked at; 0 for now."""
        limits = (((name, address), ATTEMPTS), ((name, None), ATTEMPTS_ANYWHERE))
        return max(self._wait(key, limit) for key, limit in limits)

    def _wait(self, key: tuple[str, str | None], limit: int) -> float:
        now = self._clock()
        recent = [moment for moment in self._failures.get(key, ()) if moment > now - WINDOW_SECONDS]
        return recent[-limit] + WINDOW_SECONDS - now if len(recent) >= limit else 0.0

    def failed(self, name: str, address: str) -> None:
        """Note a wrong password."""
        for key, limit in (((name, address), ATTEMPTS), ((name, None), ATTEMPTS_ANYWHERE)):
            kept = self._failures.pop(key, [])
            self._failures[key] = [*kept, self._clock()][-limit:]
        while len(self._failures) > _MAX_KEYS:
            self._failures.popitem(last=False)

    def succeeded(self, name: str, address: str) -> None:
        """Forget an address' failures once it knew the password."""
        self._failures.pop((name, address), None)
