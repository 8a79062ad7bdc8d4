"""Downloads from sources that may be slow."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from dotscience_hub.services.download import Read, of_iterator


async def all_of(read: Read) -> bytes:
    return b"".join([chunk async for chunk in of_iterator(7, read).chunks(0, None)])


def test_sources_that_do_not_answer_leave_heartbeats_alone() -> None:
    """With an object store that hangs, other work on threads goes on: leases would be lost otherwise (F16)."""
    go_on, hanging = threading.Event(), threading.Semaphore(0)

    def read(_start: int, _length: int | None) -> Iterator[bytes]:
        hanging.release()
        go_on.wait(60)
        yield b"content"

    async def run() -> list[bytes]:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(4))
        fetching = [asyncio.create_task(all_of(read)) for _ in range(100)]
        try:
            for _ in range(4):
                while not hanging.acquire(blocking=False):  # noqa: ASYNC110 - a thread says it
                    await asyncio.sleep(0.01)
            assert await asyncio.wait_for(asyncio.to_thread(lambda: "a heartbeat"), 10)
        finally:
            go_on.set()
        return await asyncio.gather(*fetching)

    assert asyncio.run(run()) == [b"content"] * 100


class Slow:
    """A source that reads for as long as it is let.

    Attributes:
        reading: Set while it reads.
        go_on: What it waits for.
        closed: Set when nothing of it is open any more.
    """

    def __init__(self) -> None:
        self.reading, self.go_on, self.closed = threading.Event(), threading.Event(), threading.Event()

    def read(self, _start: int, _length: int | None) -> Iterator[bytes]:
        try:
            self.reading.set()
            self.go_on.wait(60)
            yield b"content"
        finally:
            self.closed.set()


async def until(event: threading.Event) -> None:
    async with asyncio.timeout(60):
        while not event.is_set():  # noqa: ASYNC110 - a thread says it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("times", [1, 2])
def test_who_leaves_while_a_source_reads_leaves_nothing_open(times: int) -> None:
    """It is closed when it has read, not under its hands, however often its reader is told to go."""
    slow = Slow()

    async def run() -> None:
        fetching = asyncio.create_task(all_of(slow.read))
        await until(slow.reading)
        for _ in range(times):
            fetching.cancel()
            await asyncio.wait([fetching], timeout=0.1)
        assert not fetching.done()
        assert not slow.closed.is_set()
        slow.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await fetching
        assert slow.closed.is_set()

    asyncio.run(run())


def test_who_leaves_before_their_turn_does_not_wait_for_it() -> None:
    """With all threads at sources that hang, others who leave are gone at once, and nothing is read for them."""
    hanging, unread = [Slow() for _ in range(16)], Slow()

    async def run() -> None:
        holding = [asyncio.create_task(all_of(slow.read)) for slow in hanging]
        try:
            for slow in hanging:
                await until(slow.reading)
            waiting = asyncio.create_task(all_of(unread.read))
            await asyncio.sleep(0)  # it has asked for a thread
            waiting.cancel()
            done, _ = await asyncio.wait([waiting], timeout=10)
            assert done
            assert waiting.cancelled()
        finally:
            for slow in hanging:
                slow.go_on.set()
        await asyncio.gather(*holding)

    asyncio.run(run())
    assert not unread.reading.is_set()


def test_what_a_source_holds_before_its_first_piece_is_let_go() -> None:
    """Who leaves while it is being opened leaves it closed as well."""
    slow, closed = Slow(), threading.Event()

    class Opened(Iterator[bytes]):
        def __next__(self) -> bytes:
            return b""

        def close(self) -> None:
            closed.set()

    def read(_start: int, _length: int | None) -> Iterator[bytes]:
        slow.reading.set()
        slow.go_on.wait(60)
        return Opened()

    async def run() -> None:
        fetching = asyncio.create_task(all_of(read))
        await until(slow.reading)
        fetching.cancel()
        await asyncio.wait([fetching], timeout=0.1)
        slow.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await fetching

    asyncio.run(run())
    assert closed.is_set()
