"""Logs: appended by agents, read and followed by people."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from dotscience_hub.logs.files import LogFiles, LogReader
from dotscience_hub.pubsub import Notifier, logs_topic, task_topic
from jupyter_dotscience.api.logs import LogAck, LogAppend, LogQuery

from .caller import Caller

KEEP_ALIVE = 15.0
_WORKLOAD = (b',"stdout",', b',"stderr",')

LeaseCheck = Callable[[str, str, int], None]
"""``check(runner, task, fence)`` raises LeaseLost when the lease is another's."""


class Logs:
    """Serves ``append_logs`` and ``read_logs``."""

    def __init__(
        self, files: LogFiles, notifier: Notifier, check_lease: LeaseCheck, has_ended: Callable[[str], bool]
    ) -> None:
        """Make the service.

        Args:
            files: Where logs are kept.
            notifier: Wakes followers.
            check_lease: Guards against runners that lost their lease.
            has_ended: Whether a task is terminal; also true for one that is gone.
        """
        self._files = files
        self._notifier = notifier
        self._check_lease = check_lease
        self._has_ended = has_ended
        self.appended = 0
        """Entries received since the start, for the metrics."""

    def append_logs(self, caller: Caller, *, task: str, body: LogAppend) -> LogAck:
        """Store entries of a task whose lease the caller holds."""

        def guard() -> None:
            # Not earlier: a new attempt's numbers begin after the last entry that the one before got in.
            self._check_lease(caller.name, task, body.fence)

        ack = LogAck(next=self._files.append(task, body.entries, guard))
        self.appended += len(body.entries)
        self._notifier.notify(logs_topic(task))
        return ack

    async def read_logs(self, caller: Caller, *, task: str, query: LogQuery) -> AsyncIterator[bytes]:
        """Entries as lines of JSON; a blank line after each :data:`KEEP_ALIVE` seconds of silence when following."""
        reader = LogReader(self._files.path(task), query.after)
        try:
            with self._notifier.subscribe(logs_topic(task), task_topic(task)) as changes:
                while True:
                    # Ended is asked first: what is read after the end is all there will ever be.
                    ended = not query.follow or await asyncio.to_thread(self._has_ended, task)
                    async for chunk in _lines(reader, workload_only=not query.all):
                        yield chunk
                    if ended:
                        return
                    if not await changes.wait(KEEP_ALIVE):
                        yield b"\n"
        finally:
            reader.close()


async def _lines(reader: LogReader, *, workload_only: bool) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(reader.read):
        wanted = _workload_lines(chunk) if workload_only else chunk
        if wanted:
            yield wanted


def _workload_lines(chunk: bytes) -> bytes:
    """Of whole lines, those the workload wrote. The stream's name stands within the first bytes of a line."""
    lines = chunk.splitlines(keepends=True)
    return b"".join(line for line in lines if any(name in line[:40] for name in _WORKLOAD))
