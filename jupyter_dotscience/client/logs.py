"""Following a log through cut connections and hub restarts, without losing or repeating an entry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from jupyter_dotscience.api.logs import LogEntry, LogQuery
from jupyter_dotscience.api.problems import DotscienceError, Unavailable, Unreachable

if TYPE_CHECKING:
    from ._methods import Methods

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
                pauses.good()
                for entry in entries:
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
        self._since: float | None = None
        self._told = False
        self._next = 0.1

    def good(self) -> None:
        """The hub answered."""
        if self._told:
            self._tell(None)
        self._since, self._told, self._next = None, False, 0.1

    def bad(self, error: DotscienceError, *, quiet: bool = False) -> None:
        """The hub did not; wait, or raise ``error`` when it was away too long."""
        moment = time.monotonic()
        self._since = moment if self._since is None else self._since
        if self._limit is not None and moment - self._since >= self._limit:
            raise error
        if not self._told and not quiet:
            self._told = True
            self._tell(error)
        time.sleep(self._next)
        self._next = min(self._next * 2, 5.0)
