"""Threads that fetch, and how much they may hold in memory."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")
Task = Callable[[], T | None]
_TICK = 0.5


class Budget:
    """Bytes in memory at once, among all threads."""

    def __init__(self, size: int) -> None:
        """So many bytes."""
        self._size = self._left = size
        self._changed = threading.Condition()
        self._closed = False

    def take(self, size: int) -> None:
        """Wait until so many fit; what is larger than all takes all."""
        with self._changed:
            size = min(size, self._size)
            while self._left < size and not self._closed:
                self._changed.wait()
            self._left -= size

    def give(self, size: int) -> None:
        """They are free again."""
        with self._changed:
            self._left += min(size, self._size)
            self._changed.notify_all()

    def close(self) -> None:
        """Let nobody wait any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class Crew(Generic[T]):
    """Some threads that do tasks one after the other, until one fails."""

    def __init__(self, tasks: Iterator[Task[T]], threads: int) -> None:
        """Begin.

        Args:
            tasks: Asked for the next one by one thread at a time.
            threads: How many.
        """
        self._tasks, self._next = tasks, threading.Lock()
        self._results: queue.SimpleQueue[T | None] = queue.SimpleQueue()
        self._failure: BaseException | None = None
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self._threads:
            thread.start()

    def results(self) -> Iterator[T | None]:
        """What tasks returned, as it comes; None now and then when nothing comes.

        Raises:
            BaseException: what the first task that failed raised.
        """
        while self._failure is None:
            alive = any(thread.is_alive() for thread in self._threads)
            try:
                yield self._results.get(timeout=_TICK) if alive else self._results.get_nowait()
            except queue.Empty:
                if not alive:
                    break
                yield None
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        try:
            while self._failure is None:
                with self._next:
                    task = next(self._tasks, None)
                if task is None:
                    return
                result = task()
                if result is not None:
                    self._results.put(result)
        except BaseException as error:  # noqa: BLE001 - it is raised where the results are read
            self._failure = self._failure or error
        finally:
            self._results.put(None)
