"""When a request may be sent again, and how long to wait before."""

from __future__ import annotations

import random
import time

from jupyter_dotscience.api.routes import Route

RETRIED_STATUS = frozenset({502, 503, 504})
"""Answers of a proxy without its service, or of a service that is not ready. RFC 9110, section 15.6."""

REPEATABLE = frozenset(
    {
        "find_missing",
        "put_pack",
        "create_commit",
        "stop_task",
        "append_points",
        "hello",
        "sync",
        "report",
        "append_logs",
        "append_task_points",
        "commit_task",
        "finish",
        "revoke_token",
    }
)
"""POSTs that mean the same however often they arrive: contents by hash, positions by number, commits by what is in
them. What else is a POST creates something; it is repeated only under an Idempotency-Key."""


def repeatable(route: Route) -> bool:
    """Whether a request of this route may be sent again when nobody knows what became of the first one."""
    return route.method in ("GET", "PUT", "DELETE", "PATCH") or route.idempotency or route.name in REPEATABLE


class Patience:
    """Waiting times between tries: doubling, with jitter so that many clients do not come back at once.

    Args:
        total: Seconds after which :meth:`wait` gives up, from now or from :meth:`begin`; 0 means a single try.
        first: The longest first wait, in seconds.
        longest: The longest wait, in seconds.
    """

    def __init__(self, total: float, *, first: float = 0.1, longest: float = 5.0) -> None:
        self._total = total
        self._deadline = time.monotonic() + total
        self._begun = False
        self._next = first
        self._longest = longest

    def begin(self) -> None:
        """Count from here on, if it is the first time: a try that went well for an hour has not used anything up."""
        if not self._begun:
            self._begun = True
            self._deadline = time.monotonic() + self._total

    def wait(self, asked: float | None = None) -> bool:
        """Sleep before the next try.

        Args:
            asked: Seconds the other side wants us to wait at least (``Retry-After``).

        Returns:
            False, at once, when the time is over.
        """
        pause = max(self._next * random.uniform(0.5, 1.0), asked or 0.0)  # noqa: S311 - no secret
        if time.monotonic() + pause > self._deadline:
            return False
        self._next = min(self._next * 2, self._longest)
        time.sleep(pause)
        return True
