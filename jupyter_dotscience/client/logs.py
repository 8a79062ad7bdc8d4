"""Following a log through cut connections and hub restarts, without losing or repeating an entry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_dotscience.api.logs import LogEntry, LogQuery
from jupyter_dotscience.api.problems import DotscienceError, Unavailable, Unreachable

if TYPE_CHECKING:
    from ._methods import Methods

SHORTEST, LONGEST = 0.1, 5.0
"""Seconds between tries."""
LASTED = 5.0
"""Seconds after which a stream was a good one even if the task had nothing to say."""

Trouble = Callable[[DotscienceError | None], None]


def follow_logs(
    client: Methods,
    task: str,
    after: int = -1,
    *,
    follow: bool = True,
    all: bool = False,  # noqa: A002 - the query's own word
    give_up_after: float | None = None,
    on_trouble: Trouble | None = None,
) -> Iterator[LogEntry]:
    """The entries of a task's log, each exactly once and in order.

    When the connection breaks, the log is asked for again after the last entry that came, with growing pauses. A
    followed log ends when the task has ended and everything was sent; an end that comes earlier counts as a break.

    Args:
        client: A caller who may read the task.
        task: Its id.
        after: Only entries with a greater sequence number.
        follow: Wait for more until the task has ended.
        all: The infrastructure's entries too.
        give_up_after: Seconds without any sign of the hub after which to raise; None to go on for ever.
        on_trouble: Called with the error when a connection breaks for the first time, with None when it is back.

    Raises:
        Unreachable: the hub was away longer than ``give_up_after``.
        ApiError: the hub refuses: no such task, not logged in, not allowed.
    """
    pauses = _Pauses(give_up_after, on_trouble)
    while True:
        try:
            query = LogQuery(after=after, follow=follow, all=all)
            with client.read_logs(task=task, query=query) as entries:
                pauses.opened()
                for entry in entries:
                    pauses.good()
                    after = max(after, entry.seq)
                    yield entry
            if not follow or client.get_task(task=task).status.terminal:
                return
            pauses.bad(Unreachable("The log ended before the task did."), quiet=True)
        except (Unreachable, Unavailable) as error:
            pauses.bad(error)


class _Pauses:
    """How long to wait before the next try, and whether to tell anybody."""

    def __init__(self, limit: float | None, tell: Trouble | None) -> None:
        self._limit = limit
        self._tell = tell or (lambda _: None)
        self._told = False
        self._opened: float | None = None
        self._since: float | None = None
        self._next = SHORTEST

    def opened(self) -> None:
        """The hub answered; whether the stream lasts is to be seen."""
        self._opened = time.monotonic()
        if self._told:
            self._tell(None)
            self._told = False

    def good(self) -> None:
        """Something came through."""
        self._since, self._next = None, SHORTEST

    def bad(self, error: DotscienceError, *, quiet: bool = False) -> None:
        """The hub is not there, or the stream broke; wait, or raise ``error`` when that goes on for too long."""
        moment = time.monotonic()
        if self._opened is not None and moment - self._opened > LASTED:
            self.good()
        self._opened = None
        self._since = moment if self._since is None else self._since
        if self._limit is not None and moment - self._since >= self._limit:
            raise error
        if not self._told and not quiet:
            self._told = True
            self._tell(error)
        time.sleep(self._next)
        self._next = min(self._next * 2, LONGEST)
