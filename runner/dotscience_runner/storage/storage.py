"""The runner's share of its disk: what is in it, and how room is made."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from .needs import Need, NoRoom, Reservations, explain
from .shelves import Item, Shelf
from .sizes import in_words
from .tasks import Tasks

LEAST_FREE: Final = 64 << 20
"""Bytes of the disk that stay free, whatever the runner may use: for logs, and for the end of tasks."""
GIGABYTE: Final = 10**9


class Storage:
    """Keeps the runner within its size.

    Args:
        limit: Bytes that it may use.
        disk: A folder on the disk.
        tasks: The tasks on it.
        reserved: What they are about to get.
        shelves: What is kept between tasks, and may be thrown away.
    """

    def __init__(
        self, limit: int, disk: Path, tasks: Tasks, reserved: Reservations, shelves: Sequence[Shelf] = ()
    ) -> None:
        self.limit, self.tasks = limit, tasks
        self._disk, self._reserved, self._shelves = disk, reserved, list(shelves)
        self._lock = threading.RLock()

    def add_shelf(self, shelf: Shelf) -> None:
        """Count one more kind of things."""
        self._shelves.append(shelf)

    def check(self, needs: Sequence[Need]) -> None:
        """Find out early that something never fits.

        Raises:
            NoRoom: it is larger than all that the runner may use.
        """
        wanted = sum(need.size for need in needs)
        if wanted > self.limit:
            raise NoRoom(self._sentence(needs, wanted, self.limit), passing=False)

    def reserve(self, task: str, needs: Sequence[Need]) -> None:
        """Make room for what a task is about to get, by throwing away what was not used for longest.

        Raises:
            NoRoom: there is not enough to throw away.
        """
        with self._lock:
            self._reserved.add(task, needs)
            lacking = self._evict()
            if lacking <= 0:
                return
            self._reserved.drop(task)
            wanted = sum(need.size for need in needs)
            others = self.tasks.others(task) or self._reserved.total() > 0
            passing = wanted <= self.limit and others
            raise NoRoom(self._sentence(needs, wanted, wanted - lacking), passing=passing)

    def arrived(self, key: str, count: int) -> None:
        """So many bytes of a need are on the disk."""
        self._reserved.arrived(key, count)

    def settle(self, task: str) -> None:
        """The task has what room was reserved for."""
        self._reserved.drop(task)

    def make_room(self, size: int) -> None:
        """Throw away what can go until ``size`` bytes more are within the limit, or nothing can go any more."""
        with self._lock:
            self._evict(size)

    def free(self) -> int:
        """Bytes that the disk has left."""
        return shutil.disk_usage(self._disk).free

    def used(self) -> int:
        """Bytes in use and promised."""
        return self._lacking(self._items(), 0)[1]

    def _items(self) -> list[Item]:
        return [item for shelf in self._shelves for item in shelf.items()]

    def _lacking(self, items: Sequence[Item], size: int) -> tuple[int, int]:
        """How many bytes are too many, and how many are in use and promised."""
        promised = self._reserved.total()
        used = sum(item.size for item in items) + self.tasks.total() + promised
        on_disk = promised + size + LEAST_FREE - self.free()
        return max(used + size - self.limit, on_disk), used

    def _evict(self, size: int = 0) -> int:
        """Throw away; answers how many bytes are still too many."""
        items = self._items()
        lacking, _ = self._lacking(items, size)
        if lacking <= 0:
            return lacking
        gone = set()
        for number, item in sorted(enumerate(items), key=lambda pair: pair[1].used):
            if lacking <= 0:
                break
            if item.remove is not None and item.remove():
                gone.add(number)
                lacking -= item.size
        if not gone:
            return lacking
        # What a checkout was alone with may go now too.
        return self._evict(size)

    def _sentence(self, needs: Sequence[Need], wanted: int, room: int) -> str:
        least = max(self.limit, wanted) // GIGABYTE + 1
        return (
            f"The task needs {in_words(wanted)} on the runner ({explain(needs)}), which has room for "
            f"{in_words(max(0, room))}: it may use {in_words(self.limit)}, and its disk has {in_words(self.free())} "
            f"free. Use a larger runner (ds runner create -s {least}), or less data."
        )
