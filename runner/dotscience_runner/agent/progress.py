"""How far something is that takes long: for the task's message once a second, for its log now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dotscience_runner.storage.sizes import in_words

TELL_SECONDS = 1.0
SAY_SECONDS = 5.0


class Bounded:
    """Passes on what was said last, not more often than once in some seconds.

    Args:
        to: Who gets it.
        seconds: The shortest time between two.
    """

    def __init__(self, to: Callable[[str], None], seconds: float) -> None:
        self._to, self._seconds, self._next = to, seconds, 0.0

    def __call__(self, text: str) -> None:
        """Say it, unless it is too early."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self._seconds
            self._to(text)


class Progress:
    """Of one transfer.

    Args:
        what: What is transferred, as in "Dataset housing".
        total: Bytes; None when nobody knows.
        tell: Takes the line once a second, for people who look.
        say: Takes it more rarely, for the log.
    """

    def __init__(self, what: str, total: int | None, tell: Callable[[str], None], say: Callable[[str], None]) -> None:
        self._what, self._total, self._done = what, total, 0
        self._tell, self._say = Bounded(tell, TELL_SECONDS), Bounded(say, SAY_SECONDS)
        self._lock = threading.Lock()

    def add(self, count: int) -> None:
        """So many bytes more have arrived. Any thread may say so."""
        with self._lock:
            self._done += count
            text = f"{self._what}: {self._share()}"
            self._tell(text)
            self._say(text)

    def _share(self) -> str:
        if self._total is None:
            return f"{in_words(self._done)} fetched"
        done = min(self._done, self._total)
        percent = 100 * done // self._total if self._total else 100
        return f"{percent} % ({in_words(done)} of {in_words(self._total)})"
