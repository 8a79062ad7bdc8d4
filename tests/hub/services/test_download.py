"""Downloads from sources that may be slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from dotscience_hub.services.download import of_iterator


def test_sources_that_do_not_answer_leave_heartbeats_alone() -> None:
    """With an object store that hangs, other work on threads goes on: leases would be lost otherwise (F16)."""
    go_on, hanging = threading.Event(), threading.Semaphore(0)

    def read(_start: int, _length: int | None) -> Iterator[bytes]:
        hanging.release()
        go_on.wait(60)
        yield b"content"

    async def fetch() -> bytes:
        return b"".join([chunk async for chunk in of_iterator(7, read).chunks(0, None)])

    async def run() -> list[bytes]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
        fetching = [asyncio.create_task(fetch()) for _ in range(100)]
        try:
            for _ in range(4):
                while not hanging.acquire(blocking=False):  # noqa: ASYNC110 - a thread says it
                    await asyncio.sleep(0.01)
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "a heartbeat"), 10)
        finally:
            go_on.set()
        return await asyncio.gather(*fetching)

    assert asyncio.run(run()) == [b"content"] * 100
