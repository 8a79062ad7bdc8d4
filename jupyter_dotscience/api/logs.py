"""Logs: what a task and the infrastructure around it wrote, byte for byte, in order.

Each entry has a sequence number that counts 0, 1, 2... within the task. The runner numbers them; appending is
idempotent, and a reader can go on after any number. One entry is at most one line: bytes up to and including a newline,
or a part of a line when no newline came in time (progress bars) or the line is longer than ``MAX_ENTRY`` bytes. The
concatenation of a stream's entries is exactly what was written to it.
"""

from __future__ import annotations

import enum
from typing import Annotated

from msgspec import Meta

from ._base import Int64, Model, Nanoseconds, Request

MAX_ENTRY = 16_384


class LogStream(enum.StrEnum):
    """Who wrote an entry."""

    STDOUT = "stdout"
    STDERR = "stderr"
    AGENT = "agent"
    """The runner's agent: what it does for this task."""
    PULL = "pull"
    """Progress of pulling the image."""
    COMMITTER = "committer"
    """Snapshot, transfer and commit of the workspace."""

    @property
    def workload(self) -> bool:
        """Whether the workload itself wrote it."""
        return self in (LogStream.STDOUT, LogStream.STDERR)


class LogEntry(Request, frozen=True, array_like=True):
    """``[sequence, stream, time, data]``; data is base64 in JSON."""

    seq: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    stream: LogStream
    time: Nanoseconds
    data: bytes


class LogAppend(Request, frozen=True, kw_only=True):
    """Entries with consecutive sequence numbers."""

    fence: Int64
    entries: Annotated[list[LogEntry], Meta(max_length=100_000)]


class LogAck(Model, frozen=True, kw_only=True):
    """How far the hub has them."""

    next: Annotated[int, Meta(description="The sequence number the hub expects next.")]


class LogQuery(Request, frozen=True, kw_only=True):
    """What to read. The answer is a stream of LogEntry, one JSON value a line; a blank line is a sign of life."""

    after: Annotated[int, Meta(ge=-1, description="Only entries with a greater sequence number.")] = -1
    follow: Annotated[bool, Meta(description="Go on until the task has ended and all is sent.")] = False
    all: Annotated[bool, Meta(description="The infrastructure's entries too, not only the workload's.")] = False
