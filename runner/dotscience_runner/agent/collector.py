"""Copies a workload's output from the backend into the journal, on a thread of its own."""

from __future__ import annotations

import threading

from dotscience_runner.backends.base import Backend, Json

from .journal import Journal
from .wishes import Wishes

POLL_SECONDS = 0.1


class Collector:
    """Begins at once, where the journal ends.

    Args:
        backend: The backend.
        handle: The workload's.
        journal: Where the output goes.
        wishes: When nothing more is to be done for the task, nothing more is collected.
    """

    def __init__(self, backend: Backend, handle: Json, journal: Journal, wishes: Wishes) -> None:
        self._backend, self._handle, self._journal, self._wishes = backend, handle, journal, wishes
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="collect", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether it will collect no more."""
        return not self._thread.is_alive()

    def wait_for_end(self) -> None:
        """Wait for the end of the output, or a moment."""
        self._thread.join(POLL_SECONDS)

    def check(self) -> None:
        """Raise what ended it too early."""
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        try:
            for chunk in self._backend.logs(self._handle, self._journal.cursor):
                self._journal.take(chunk)
                if self._wishes.final:
                    return
        except Exception as error:  # noqa: BLE001 - raised again by check()
            self._error = error
