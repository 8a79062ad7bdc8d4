"""One run: what the user said about it, and its identity."""

from __future__ import annotations

import os
import time

from dotscience import _files, _marker, _values
from dotscience._points import PointsFile, line

TYPE_CHECKING = False  # `typing` would take half of the time that the import may take
if TYPE_CHECKING:
    from typing import Any, Callable, Mapping


class Run:
    """What is known of one run.

    Args:
        root: the root of the workspace, which recorded paths are relative to.
    """

    def __init__(self, root: str) -> None:
        self.root = root
        self.labels: dict[str, str] = {}
        self.summary: dict[str, str] = {}
        self.parameters: dict[str, str] = {}
        self.inputs: set[str] = set()
        self.outputs: set[str] = set()
        self.error: str | None = None
        self.description: str | None = None
        self.workload_file: str | None = None
        self.started_ns: int | None = None
        self.ended_ns: int | None = None
        self._next_step = 0
        self._ids: dict[int, str] = {}
        self._points = PointsFile()

    def start(self) -> None:
        """Note the start time and claim an id, unless there is a start time: a forked child is in its parent's run."""
        if self.started_ns is None:
            self.claim_id()
            self.started_ns = time.time_ns()

    def end(self) -> None:
        """Note the end time, unless there is one: the user's own call counts, not the one of the publish."""
        if self.ended_ns is None:
            self.ended_ns = time.time_ns()

    def claim_id(self) -> str:
        """This run's id, made on the first call in this process.

        A forked child must not publish under its parent's id, or two runs would have the same.
        """
        process, ids = os.getpid(), self._ids
        if process not in ids:
            import uuid

            # `setdefault` cannot be interrupted by a signal handler that needs an id as well.
            ids.setdefault(process, str(uuid.uuid4()))
        return ids[process]

    def leave(self) -> None:
        """Forget id, times and points after a publish; all else is kept and belongs to the next run as well."""
        self._points.close()
        self._points = PointsFile()
        self._ids = {}
        self._next_step = 0
        self.started_ns = self.ended_ns = None

    def add_input(self, path: object) -> None:
        """Record what is read; a folder stands for the files that are in it now."""
        self.inputs.update(_files.relative(found, self.root) for found in _files.expand(path))

    def add_output(self, path: object) -> None:
        """Record what is written; a folder stands for the files that are in it when the run is published."""
        self.outputs.add(_files.relative(path, self.root))

    def log(self, step: int | None, values: Mapping[str, float], workload_file: Callable[[], str | None]) -> None:
        """Write one row of live points; without a ``step``, one more than the last."""
        if step is None:
            step = self._next_step
        self._next_step = min(step + 1, _values.MAX_STEP)
        points = self._points
        points.make(self._points_id, self.started_ns or time.time_ns(), workload_file)
        if points.is_wanted:
            points.append(line(step, values))

    def _points_id(self) -> str:
        """The id that points are logged under.

        Children that were forked before their parent logged share its file: that of the first id, which the process
        in which the run began has claimed.
        """
        first = next(iter(self._ids.values()), None)
        return self._ids.get(os.getpid(), first) or self.claim_id()

    def metadata(self) -> dict[str, Any]:
        """The content of the marker."""
        found: set[str] = set()
        for path in sorted(self.outputs):
            found |= _files.expand(path, self.root)
        content: dict[str, Any] = {
            "version": _marker.VERSION,
            "input": sorted(self.inputs),
            "output": sorted(found),
            "labels": self.labels,
            "summary": self.summary,
            "parameters": self.parameters,
        }
        content.update((name, value) for name, value in self._optional().items() if value is not None)
        return content

    def _optional(self) -> dict[str, str | None]:
        return {
            "error": self.error,
            "description": self.description,
            "start": None if self.started_ns is None else _marker.timestamp(self.started_ns),
            "end": None if self.ended_ns is None else _marker.timestamp(self.ended_ns),
            "workload-file": self.workload_file,
        }
