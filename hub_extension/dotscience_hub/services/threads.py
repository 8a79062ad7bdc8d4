"""Blocking work on threads of its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

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
        work = asyncio.get_running_loop().run_in_executor(self._workers, lambda: function(*args, **kwargs))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            # The thread goes on: who cleans up afterwards must not do it under its hands.
            with contextlib.suppress(BaseException):
                await work
            raise
