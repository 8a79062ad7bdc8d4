"""What tasks are about to get, and so have to have room for."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from .sizes import in_words


@dataclass(frozen=True)
class Need:
    """Room for one thing.

    Attributes:
        key: What it is; two tasks that wait for the same need it once.
        what: The same for people, as in "the dataset housing".
        size: Bytes that will be written.
        objects: Hashes of contents that are here already and will be used: they must stay until then.
    """

    key: str
    what: str
    size: int
    objects: frozenset[str] = frozenset()


class NoRoom(Exception):
    """There is no room for a task, one sentence with what to do.

    Attributes:
        passing: There may be, once other tasks have ended.
    """

    def __init__(self, message: str, *, passing: bool) -> None:
        super().__init__(message)
        self.passing = passing


@dataclass
class _Reserved:
    need: Need
    left: int
    tasks: set[str] = field(default_factory=set)


class Reservations:
    """Room that is promised and not used yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reserved: dict[str, _Reserved] = {}

    def add(self, task: str, needs: Iterable[Need]) -> None:
        """Promise room to a task, in place of what was promised to it before."""
        self.drop(task)
        with self._lock:
            for need in needs:
                self._reserved.setdefault(need.key, _Reserved(need, need.size)).tasks.add(task)

    def arrived(self, key: str, count: int) -> None:
        """So many bytes of the promised ones are in use."""
        with self._lock:
            if reserved := self._reserved.get(key):
                reserved.left = max(0, reserved.left - count)

    def drop(self, task: str) -> None:
        """The task has what it was promised, or wants it no more."""
        with self._lock:
            for key, reserved in list(self._reserved.items()):
                reserved.tasks.discard(task)
                if not reserved.tasks:
                    del self._reserved[key]

    def total(self) -> int:
        """Promised bytes."""
        with self._lock:
            return sum(reserved.left for reserved in self._reserved.values())

    def objects(self) -> set[str]:
        """Contents that must stay."""
        with self._lock:
            return {sha256 for reserved in self._reserved.values() for sha256 in reserved.need.objects}


def explain(needs: Iterable[Need]) -> str:
    """The needs for people: what needs how much."""
    return ", ".join(f"{need.what} {in_words(need.size)}" for need in needs if need.size)
