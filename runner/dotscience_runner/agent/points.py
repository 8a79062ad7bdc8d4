"""Live points: follows the files that the library writes and sends their rows.

The files are the task's, so anything may be in them and they may be anything: they are opened without following links
or waiting, and what is no row is left out. How far they were sent is kept by file; a row's index is its place among the
valid rows of its file, so that a repeated row has the index it had.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from dotscience_runner.files import write_atomically
from jupyter_dotscience.api.marker import parse_time
from jupyter_dotscience.api.problems import BadRequest, Conflict, TooEarly, TooLarge
from jupyter_dotscience.api.protocol import TaskPoints
from jupyter_dotscience.api.runs import PointRow, PointsAck, RunId, RunReport, RunStatus

SUFFIX = ".points"
READ_BYTES = 1 << 20
LONGEST_LINE = 4 << 20
MOST_FILES = 10_000
MOST_LISTED = 10 * MOST_FILES
"""Names that are looked at each time: a task that makes millions of files must not keep the agent busy."""
MOST_ROWS = 50_000
NEVER_PUBLISHED = "The task ended before the run was published."
_INT64 = 1 << 63


_BEGUN = (b"{", b"[", b"\n")
"""How a file begins whose header did not fit on a full disk: with a part of it, or with the line after it."""


class Header(msgspec.Struct):
    """The first line of a file."""

    dotscience_points: int
    run: RunId
    started: str | None = None
    workload_file: str | None = None


class Position(msgspec.Struct):
    """How far one file was sent.

    Attributes:
        offset: Bytes.
        row: Valid rows in them.
        header: Its first line, once that is there.
        done: Nothing more is read: it is no such file, or the hub refuses it.
    """

    offset: int = 0
    row: int = 0
    header: Header | None = None
    done: bool = False


class _State(msgspec.Struct):
    files: dict[str, Position]


class PointsFollower:
    """All files of one task.

    Args:
        folder: Where the task writes them.
        state: The file for positions.
        send: Hands rows to the hub: run, header, index of the first, rows.
        say: Puts a line into the task's log.
    """

    def __init__(
        self,
        folder: Path,
        state: Path,
        send: Callable[[Header, int, list[PointRow]], PointsAck],
        say: Callable[[str], None],
    ) -> None:
        self._folder, self._state, self._send, self._say = folder, state, send, say
        try:
            self._files = msgspec.json.decode(state.read_bytes(), type=_State).files
        except (FileNotFoundError, msgspec.DecodeError):  # sending all again does no harm
            self._files = {}

    def follow(self) -> None:
        """Send all rows that are there."""
        for name in self._names():
            if name not in self._files and len(self._files) >= MOST_FILES:
                continue
            position = self._files.setdefault(name, Position())
            while not position.done and self._advance(name, position):
                write_atomically(self._state, msgspec.json.encode(_State(self._files)), durable=False)

    def unpublished(self, published: set[str]) -> list[RunReport]:
        """Runs that wrote points, or began to, and whose marker never came: they failed."""
        headers = [position.header for position in self._files.values()]
        return [
            RunReport(
                id=header.run,
                status=RunStatus.FAILED,
                error=NEVER_PUBLISHED,
                started=parse_time(header.started) if header.started else None,
                workload_file=header.workload_file,
            )
            for header in headers
            if header is not None and header.run not in published
        ]

    def _names(self) -> list[str]:
        """Files with something new in them."""
        found = []
        with contextlib.suppress(OSError), os.scandir(self._folder) as listing:
            for item in itertools.islice(listing, MOST_LISTED):
                known = self._files.get(item.name)
                with contextlib.suppress(OSError):
                    if item.name.endswith(SUFFIX) and (
                        known is None or (not known.done and item.stat(follow_symlinks=False).st_size > known.offset)
                    ):
                        found.append(item.name)
        return sorted(found)

    def _advance(self, name: str, position: Position) -> bool:
        """Send the next part of one file; whether there was any."""
        data = self._read(name, position)
        lines = data[: data.rfind(b"\n") + 1].splitlines(keepends=True)[:MOST_ROWS]
        if not lines:
            if data and len(data) >= LONGEST_LINE:
                self._refuse(name, position, "a line is too long")
            return False
        first = position.row
        taken = sum(map(len, lines))
        rows = list(self._rows(name, position, lines))
        if position.done:
            return True
        try:
            # A header alone is sent too: the hub shows the run as soon as it has begun.
            if position.header and (rows or not first):
                self._acknowledge(position.header, first + len(rows), self._send(position.header, first, rows))
        except TooEarly as error:
            if not first:
                self._refuse(name, position, str(error))
            position.offset, position.row = 0, 0  # the hub lost rows: all again, it leaves out what it has
            return True
        except (BadRequest, TooLarge, Conflict) as error:
            self._refuse(name, position, str(error))
            return True
        position.offset += taken
        position.row = first + len(rows)
        return True

    def _acknowledge(self, header: Header, sent: int, answer: PointsAck) -> None:
        if answer.next < sent:
            raise TooEarly(f"the hub has {answer.next} rows of run {header.run}")

    def _read(self, name: str, position: Position) -> bytes:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            descriptor = os.open(self._folder / name, flags)
        except OSError:
            return b""
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return b""
            data = os.pread(descriptor, READ_BYTES, position.offset)
            if data and b"\n" not in data:
                data = os.pread(descriptor, LONGEST_LINE, position.offset)
            return data
        finally:
            os.close(descriptor)

    def _rows(self, name: str, position: Position, lines: list[bytes]) -> Iterator[PointRow]:
        bad = 0
        for number, line in enumerate(lines):
            if number == 0 and position.offset == 0:
                if not self._take_header(name, position, line):
                    return
                if (row := _row(line)) is not None:
                    yield row  # there is no header: the disk was full when it was to be written
                continue
            row = _row(line)
            bad += row is None
            if row is not None:
                yield row
        if bad:
            self._say(f"{bad} lines of the live points of run {name.removesuffix(SUFFIX)} are no points and left out.")

    def _take_header(self, name: str, position: Position, line: bytes) -> bool:
        try:
            header = msgspec.json.decode(line, type=Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            if not line.startswith(_BEGUN):
                return self._refuse(name, position, "its first line is no header")
            return self._go_on_without_header(name, position)
        if header.dotscience_points != 1 or header.run + SUFFIX != name:
            return self._refuse(name, position, "its first line does not fit")
        if header.workload_file is not None:
            header.workload_file = header.workload_file.encode("utf-8", "replace").decode()[:4095]
        position.header = header
        return True

    def _go_on_without_header(self, name: str, position: Position) -> bool:
        """The name tells whose points they are; the rest of a header's facts is lost."""
        try:
            position.header = msgspec.convert({"dotscience_points": 1, "run": name.removesuffix(SUFFIX)}, Header)
        except msgspec.ValidationError:
            return self._refuse(name, position, "it has no header, and its name is no run's")
        return True

    def _refuse(self, name: str, position: Position, reason: str) -> bool:
        position.done = True
        self._say(f"The live points in {name[:200]!a} are not recorded (any more): {reason}.")
        return False


def _row(line: bytes) -> PointRow | None:
    try:
        row = msgspec.json.decode(line, type=PointRow)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return row if abs(row.step) < _INT64 and 0 <= row.time < _INT64 else None


def message(fence: int, header: Header, first: int, rows: list[PointRow]) -> TaskPoints:
    """The rows as they travel."""
    return TaskPoints(
        fence=fence,
        run=header.run,
        started=parse_time(header.started) if header.started else None,
        workload_file=header.workload_file,
        first=first,
        points=rows,
    )
