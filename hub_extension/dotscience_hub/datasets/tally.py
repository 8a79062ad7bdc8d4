"""How far a synchronisation is, counted by its threads, and told to the store now and then as a sign of life."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from dotscience_hub.store.syncs import Progress

TELL_SECONDS = 0.5
"""At the most so often is it told; and when nothing changed, so that others see the process alive, every:"""
BEAT_SECONDS = 3.0


class Tally:
    """Counts, from any thread."""

    def __init__(self) -> None:
        """From nothing."""
        self._lock = threading.Lock()
        self._progress = Progress()

    def now(self) -> Progress:
        """Where it is."""
        with self._lock:
            return self._progress

    def total(self, objects: int, size: int) -> None:
        """What the source lists, as far as it was listed."""
        with self._lock:
            done = self._progress
            self._progress = Progress(done.objects_done, objects, done.bytes_done, size)

    def done(self, objects: int, size: int) -> None:
        """What of it is here."""
        with self._lock:
            total = self._progress
            self._progress = Progress(objects, total.objects_total, size, total.bytes_total)

    def add(self, objects: int, size: int) -> None:
        """So many more are here."""
        with self._lock:
            was = self._progress
            self._progress = Progress(
                was.objects_done + objects, was.objects_total, was.bytes_done + size, was.bytes_total
            )


class Teller:
    """Tells the store, in a thread of its own."""

    def __init__(self, tally: Tally, tell: Callable[[Progress | None], bool], lost: Callable[[], None]) -> None:
        """Begin.

        Args:
            tally: What to tell.
            tell: Takes it, or None for a mere sign of life; False when nobody wants it any more.
            lost: Called then, once.
        """
        self._tally, self._tell, self._lost = tally, tell, lost
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Tell no more."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        told, moment = Progress(), time.monotonic()
        while not self._stopped.wait(TELL_SECONDS):
            found = self._tally.now()
            if found == told and time.monotonic() - moment < BEAT_SECONDS:
                continue
            if not self._tell(found if found != told else None):
                self._lost()
                return
            told, moment = found, time.monotonic()
