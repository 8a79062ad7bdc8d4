"""Blocking work on threads of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class Threads:
    """Runs functions while others wait for them without blocking.

    Args:
        count: How many threads.
        name: What they are called.
    """

    def __init__(self, count: int, name: str) -> None:
        self._workers = ThreadPoolExecutor(count, thread_name_prefix=name)

    def close(self) -> None:
        """Let the threads end."""
        self._workers.shutdown(wait=False, cancel_futures=True)

    async def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """What a function answers. Who is cancelled still waits for it to end."""
        work = asyncio.wrap_future(self._workers.submit(function, *args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await _ended(work)
            raise

    async def run_if_wanted(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The same, but whoever is cancelled before a thread was free for it does not wait, and it is not run."""
        job = self._workers.submit(function, *args, **kwargs)
        work = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            if not job.cancel():
                await _ended(work)
            raise


async def _ended(work: asyncio.Future[Any]) -> None:
    """Wait for a thread, whatever it answers: who cleans up afterwards must not do it under its hands.

    Who is cancelled more than once, by a caller who goes and a service that stops, waits all the same.
    """
    while not work.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([work])
    if not work.cancelled():
        work.exception()  # it was looked at: nobody else will
