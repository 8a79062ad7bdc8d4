"""Runs that were found in a task's output, kept in a file: each id once, whatever is read again after a crash."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import msgspec

from dotscience_runner.files import wait_for_disk
from jupyter_dotscience.api.marker import MarkerError, parse
from jupyter_dotscience.api.runs import RunReport

log = logging.getLogger(__name__)
MOST_RUNS = 100_000


class _Line(msgspec.Struct):
    id: str
    report: RunReport | None = None


class FoundRuns:
    """The runs of one task, oldest first.

    Args:
        path: The file; lines of JSON.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = 0
        self._seen = {line.id for line in self._lines()}
        if path.exists():
            os.truncate(path, self._end)

    def _lines(self) -> list[_Line]:
        """Whole lines of the file; the last one may be torn."""
        lines: list[_Line] = []
        self._end = 0
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return []
        for raw in data.splitlines(keepends=True):
            if not raw.endswith(b"\n"):
                break
            lines.append(msgspec.json.decode(raw, type=_Line))
            self._end += len(raw)
        return lines

    def add(self, run: str, content: bytes) -> str | None:
        """Take a marker. Answers a sentence for the task's log when it cannot be recorded."""
        if run in self._seen or len(self._seen) > MOST_RUNS:
            return None
        if len(self._seen) == MOST_RUNS:
            self._seen.add(run)
            return f"Run {run} and later ones are not recorded: a task can have {MOST_RUNS} runs."
        line, problem = _Line(run), None
        try:
            line.report = parse(run, content)
        except MarkerError as error:
            problem = str(error)
        wait_for_disk(lambda: self._write(msgspec.json.encode(line) + b"\n"), self._path)
        self._seen.add(run)
        return problem

    def _write(self, line: bytes) -> None:
        """Add a line, over what is left of one that did not fit."""
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "wb") as file:
            file.seek(self._end)
            file.write(line)
        self._end += len(line)

    def reports(self) -> list[RunReport]:
        """All that can be recorded."""
        return [line.report for line in self._lines() if line.report is not None]
