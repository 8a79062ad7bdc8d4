"""Threads for what blocks, which do not keep the process from ending.

Python waits for the threads of its own pools when it ends, and a hub that takes a connection and says nothing is waited
for half a minute, request by request. What is cut off so is as after a kill: on disk, and done at the next start.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

T = TypeVar("T")
_Job = tuple["Future[Any]", Callable[[], Any]]


class Threads:
    """Do what one thread gives them to do, in its order. End at the end of a ``with`` block, when all is done.

    Args:
        most: So many of them at most.
        name: Of each.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most, self._name = most, name
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, call: Callable[..., T], *args: Any) -> Future[T]:
        """Do something when all before it is done, or under way."""
        future: Future[T] = Future()
        self._jobs.put((future, partial(call, *args)))
        if len(self._threads) < self._most:
            self._threads.append(threading.Thread(target=self._run, name=self._name, daemon=True))
            self._threads[-1].start()
        return future

    def close(self, *, drop: bool = False, wait: bool = True) -> None:
        """Do nothing more after what was submitted.

        Args:
            drop: Do only what is under way.
            wait: Until all is done.
        """
        if drop:
            self._drop()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close(drop=error is not None)

    def _drop(self) -> None:
        try:
            while job := self._jobs.get_nowait():
                job[0].cancel()
        except queue.Empty:
            return

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            _do(*job)
            del job  # what it has is not kept until the next one comes


def _do(future: Future[Any], call: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - told to whoever asked
        future.set_exception(error)
