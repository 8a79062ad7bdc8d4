"""Brings a task's log, points and states to the hub, on a thread of its own, for as long as it takes."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

from jupyter_dotscience.api.logs import LogAck, LogAppend, LogEntry, LogStream
from jupyter_dotscience.api.problems import ApiError, TooEarly, TooLarge
from jupyter_dotscience.api.protocol import Lease, Report
from jupyter_dotscience.client import Client

from .journal import Journal
from .logspool import entries_of
from .patience import insist_for_task
from .points import PointsFollower
from .sampler import Sampler
from .wishes import AgentClosing, TaskLost, Wishes

log = logging.getLogger(__name__)
T = TypeVar("T")
POINTS_SECONDS = 0.5
REQUEST_BYTES = 2 << 20
REQUEST_ENTRIES = 50_000


class Shipper:
    """The outgoing traffic of one task, except for its end.

    Args:
        client: As the runner.
        task: The task's id.
        fence: Of its lease.
        journal: The log.
        points: The live points.
        sampler: What the task uses.
        wishes: What ends the work.
        note: Takes what the hub says about the lease.
    """

    def __init__(
        self,
        client: Client,
        task: str,
        fence: int,
        journal: Journal,
        points: PointsFollower,
        sampler: Sampler,
        wishes: Wishes,
        note: Callable[[Lease], None],
    ) -> None:
        self._client, self._task, self._fence = client, task, fence
        self._journal, self._points, self._sampler = journal, points, sampler
        self._wishes, self._note = wishes, note
        self._reports: deque[Report] = deque()
        self._draining = threading.Event()
        self._error: Exception | None = None
        self._reader = _Reader(journal)
        self._limit = REQUEST_BYTES
        self._points_due = 0.0
        self._thread = self._made_thread()

    def _made_thread(self) -> threading.Thread:
        return threading.Thread(target=self._run, name=f"ship-{self._task}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def report(self, report: Report) -> None:
        """Tell the hub where the task is, as soon as it can be told. Of progress that waits only the last is told."""
        if len(self._reports) > 1 and self._reports[-1].status is report.status:
            self._reports.pop()  # the first may be under way
        self._reports.append(report)
        self._journal.changed.set()

    def drain(self) -> None:
        """Wait until the hub has all that there is now. Nothing may be added after this.

        Raises:
            TaskLost: the task is lost.
            AgentClosing: the agent ends.
            Exception: the shipper's own failure.
        """
        self._draining.set()
        self._journal.changed.set()
        self._thread.join()
        error, self._error = self._error, None
        if error is not None:
            # Asked again, it tries again.
            self._thread = self._made_thread()
            self._thread.start()
            raise error
        self._wishes.check()

    def close(self) -> None:
        """Wait for the thread to end; the task is lost."""
        self._draining.set()
        self._journal.changed.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            self._reader.wanted = self._append([]).next
            self._journal.spool.skip_to(self._reader.wanted)
            while True:
                last = self._draining.is_set()
                self._round()
                if last and not self._reader.pending():
                    return
                self._journal.changed.wait(POINTS_SECONDS)
        except (TaskLost, AgentClosing):
            pass
        except Exception as error:
            log.exception("Sending the log of task %s failed", self._task)
            self._error = error

    def _round(self) -> None:
        self._journal.changed.clear()
        while self._reports:
            report = self._reports[0]
            self._report(report)
            self._reports.popleft()
        if self._draining.is_set() or time.monotonic() >= self._points_due:
            self._points.follow()
            self._sampler.follow(last=self._draining.is_set())
            self._points_due = time.monotonic() + POINTS_SECONDS
        self._journal.flush()
        while entries := self._reader.take(self._limit):
            self._send(entries)
            self._wishes.check()

    def _report(self, report: Report) -> None:
        """Tell a state. One that the hub refuses is no reason not to go on: the outcome is what counts."""
        try:
            self._note(self.insist(lambda: self._client.report(report, task=self._task)))
        except ApiError as error:
            log.warning("Task %s: the hub refuses the state %s: %s", self._task, report.status, error)

    def _send(self, entries: list[LogEntry]) -> None:
        try:
            self._reader.wanted = self._append(entries).next
        except TooEarly as error:
            self._reader.wanted = int((error.detail or {}).get("next", 0))
        except TooLarge:
            if len(entries) == 1:
                raise
            self._limit = max(1, self._limit // 2)
            self._reader.wanted = entries[0].seq
        else:
            self._journal.release(self._reader.wanted)

    def _append(self, entries: list[LogEntry]) -> LogAck:
        body = LogAppend(fence=self._fence, entries=entries)
        return self.insist(lambda: self._client.append_logs(body, task=self._task))

    def insist(self, call: Callable[[], T]) -> T:
        """Call the hub for this task until it answers."""
        return insist_for_task(call, self._wishes)


class _Reader:
    """Reads entries from the spool in order, from any number on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._buffer: deque[LogEntry] = deque()
        self._position: tuple[int, int] | None = None
        self._next = 0
        self._expected = -1

    @property
    def wanted(self) -> int:
        """Number of the entry that the hub wants next."""
        return self._next

    @wanted.setter
    def wanted(self, number: int) -> None:
        self._next = number
        if number != self._expected:
            self._buffer.clear()
            self._position = None

    def pending(self) -> bool:
        """Whether there is something that the hub does not have."""
        return self._next < self._journal.spool.next

    def take(self, limit: int) -> list[LogEntry]:
        """The next entries, about ``limit`` bytes of them."""
        self._fill(limit)
        if self._buffer and self._buffer[0].seq > self._next:
            return self._missing(self._buffer[0].seq)
        taken: list[LogEntry] = []
        size = 0
        while self._buffer and size < limit and len(taken) < REQUEST_ENTRIES:
            taken.append(self._buffer.popleft())
            size += len(taken[-1].data)
        self._expected = taken[-1].seq + 1 if taken else self._next
        return taken

    def _missing(self, first: int) -> list[LogEntry]:
        """Entries in place of those before ``first``, which the hub had once: a power cut took them from its disk."""
        now = time.time_ns()
        numbers = range(self._next, min(first, self._next + REQUEST_ENTRIES))
        said = f"The hub has lost {len(numbers)} pieces of this log.\n".encode()
        self._expected = numbers.stop
        return [LogEntry(number, LogStream.AGENT, now, b"" if number > self._next else said) for number in numbers]

    def _fill(self, limit: int) -> None:
        size = sum(len(entry.data) for entry in self._buffer)
        if size >= limit or not self.pending():
            return
        after = self._buffer[-1].seq + 1 if self._buffer else self._next
        for position, batch in self._journal.spool.read(self._position, after):
            self._position = position
            entries = [entry for entry in entries_of(batch) if entry.seq >= after]
            self._buffer.extend(entries)
            size += sum(len(entry.data) for entry in entries)
            if size >= limit:
                return
