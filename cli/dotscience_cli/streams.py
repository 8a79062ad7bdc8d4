"""A task's log on this terminal: bytes as they were written."""

from __future__ import annotations

import datetime as dt
import sys
from typing import TYPE_CHECKING, BinaryIO, Protocol

from .guard import NobodyListens
from .text import printable

if TYPE_CHECKING:
    from jupyter_dotscience.api.logs import LogEntry


class Printer(Protocol):
    """Somewhere to put log entries."""

    def write(self, entry: LogEntry) -> None:
        """Print one entry."""

    def end(self) -> None:
        """Print what is still held back."""


class JobPrinter:
    """The job's standard output to ours, its standard error to ours, byte for byte and at once.

    Entries of the infrastructure, which come with ``-v``, go to standard error as headed lines.
    """

    def __init__(self) -> None:
        self._out, self._err = sys.stdout.buffer, sys.stderr.buffer
        self.midline = False
        """Whether the last thing written to standard output was no whole line."""
        self._error_midline = False

    def write(self, entry: LogEntry) -> None:
        """Print one entry."""
        from jupyter_dotscience.api.logs import LogStream

        if entry.stream is LogStream.STDOUT:
            self.midline = not entry.data.endswith(b"\n")
            put(self._out, entry.data)
        elif entry.stream is LogStream.STDERR:
            self._error_midline = not entry.data.endswith(b"\n")
            put(self._err, entry.data)
        else:
            put(self._err, headed(entry))

    def new_line(self) -> None:
        """End the line that the job has begun on the terminal, so that a line of our own can follow."""
        if self._error_midline or (self.midline and sys.stdout.isatty()):
            put(self._err, b"\n")
            self.midline = self._error_midline = False

    def end(self) -> None:
        """Nothing is held back."""


class PlainPrinter:
    """Standard output as it is, and lines of standard error with ``ERROR: `` before them, all to our standard output.

    One entry may be a part of a line only; the words stand at the beginning of the line, not of each part.
    """

    def __init__(self) -> None:
        self._out = sys.stdout.buffer
        self._begins = True
        """Whether the next entry of standard error begins a line."""

    def write(self, entry: LogEntry) -> None:
        """Print one entry."""
        from jupyter_dotscience.api.logs import LogStream

        if entry.stream is LogStream.STDERR:
            put(self._out, (b"ERROR: " if self._begins else b"") + entry.data)
            self._begins = entry.data.endswith(b"\n")
        elif entry.stream is LogStream.STDOUT:
            put(self._out, entry.data)

    def end(self) -> None:
        """Nothing is held back."""


class VerbosePrinter:
    """Every entry as a line: timestamp, type (none for standard output), a colon, the line."""

    def write(self, entry: LogEntry) -> None:
        """Print one entry."""
        put(sys.stdout.buffer, headed(entry))

    def end(self) -> None:
        """Nothing is held back."""


def headed(entry: LogEntry) -> bytes:
    """``2026-11-21T19:06:52.368127Z stderr: line``; always a whole line.

    A job's output is as it was written; what the infrastructure says can hold names of files that the job chose.
    """
    from jupyter_dotscience.api.logs import LogStream

    seconds, nanoseconds = divmod(entry.time, 1_000_000_000)
    moment = dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    kind = "" if entry.stream is LogStream.STDOUT else f" {entry.stream.value}"
    data = entry.data if entry.stream.workload else _printable(entry.data)
    end = b"" if data.endswith(b"\n") else b"\n"
    return f"{moment}.{nanoseconds // 1000:06d}Z{kind}: ".encode() + data + end


def _printable(data: bytes) -> bytes:
    text = data.decode(errors="replace").removesuffix("\n")
    return printable(text).encode() + b"\n"


def put(stream: BinaryIO, data: bytes) -> None:
    """Write, and let it be seen: a progress bar has no newline to wait for."""
    try:
        stream.write(data)
        stream.flush()
    except BrokenPipeError:
        raise NobodyListens from None
