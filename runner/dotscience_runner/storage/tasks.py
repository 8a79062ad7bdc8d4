"""What the tasks of a runner use of its disk, measured now and then."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from .sizes import disk_usage

MEASURE_SECONDS: Final = 20.0
"""After so long a measurement is taken for what it found."""


@dataclass
class Watched:
    """A task on the disk.

    Attributes:
        task: Its id.
        folder: Its folder.
        end: Ends it, with the reason.
        begun: Bytes that it was given; None until it is known.
        size: Bytes when it was measured last.
        preparing: It has nothing yet but what is promised to it.
        ending: It was told to end.
    """

    task: str
    folder: Path
    end: Callable[[str], None]
    begun: int | None = None
    size: int = 0
    preparing: bool = False
    ending: bool = False

    @property
    def growth(self) -> int:
        """Bytes that it has written."""
        return max(0, self.size - (self.size if self.begun is None else self.begun))


class Tasks:
    """All that the agent has at work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[str, Watched] = {}

    def add(self, task: str, folder: Path, end: Callable[[str], None], *, preparing: bool = False) -> None:
        """Watch a task."""
        with self._lock:
            self._watched[task] = Watched(task, folder, end, preparing=preparing)

    def begin(self, task: str, size: int) -> None:
        """Take what the task was given for what it has on the disk."""
        with self._lock:
            if watched := self._watched.get(task):
                watched.begun = watched.size = size
                watched.preparing = False

    def drop(self, task: str) -> None:
        """The task is over, and its folder removed."""
        with self._lock:
            self._watched.pop(task, None)

    def all(self) -> list[Watched]:
        """Those that are watched."""
        with self._lock:
            return list(self._watched.values())

    def total(self) -> int:
        """Bytes of all as they were measured last."""
        return sum(watched.size for watched in self.all())

    def others(self, task: str) -> bool:
        """Whether another task will leave room when it ends. Those that wait for room themselves will not."""
        return any(watched.task != task and not watched.preparing for watched in self.all())

    def measure(self) -> float:
        """Measure all; answers how many seconds that took."""
        begin = time.monotonic()
        for watched in self.all():
            watched.size = disk_usage(watched.folder, MEASURE_SECONDS)
            if watched.begun is None:  # an earlier agent began it
                watched.begun = watched.size
        return time.monotonic() - begin
