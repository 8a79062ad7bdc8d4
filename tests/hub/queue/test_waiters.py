"""Runners in line, the memory of leases, and the sweeper's loop."""

from __future__ import annotations

import asyncio
import contextlib
import threading

import pytest
from dotscience_hub.domain.matching import Demand, Offer
from dotscience_hub.queue import sweeper
from dotscience_hub.queue.known import KnownLeases
from dotscience_hub.queue.sweeper import Chore, Sweeper
from dotscience_hub.queue.waiters import QueuedTask, Waiters

from tests.hub.world import World

PLAIN = Offer({}, 0, None)


def queued(task: str, *people: str, **labels: str) -> QueuedTask:
    return QueuedTask(task, Demand(labels, 0), people)


def test_a_task_wakes_the_first_in_line_that_can_do_it() -> None:
    """Only one waiting runner is woken, the one that waits longest of those that fit and are free."""

    async def scenario() -> None:
        waiters = Waiters()
        offers = [Offer({}, 0, "eve"), PLAIN, Offer({"a": "1"}, 0, "ada"), PLAIN]
        with contextlib.ExitStack() as stack:
            eve, first, labelled, last = [stack.enter_context(waiters.enter(offer)) for offer in offers]
            waiters.offer(queued("1", "ada", "bob"))
            waiters.offer(queued("2", "ada", a="1"))
            waiters.offer(queued("3", "ada"))
            waiters.offer(queued("4", "ada"))
            woken = [waiter.woken_for.task if waiter.woken_for else None for waiter in (eve, first, labelled, last)]
            assert woken == [None, "1", "2", "3"]
            assert await first.wait(30)
            assert not await eve.wait(0.01)

    asyncio.run(scenario())


def test_a_wake_that_was_not_used_goes_on() -> None:
    """When the woken runner leaves or takes another task, the next in line is woken for it."""

    async def scenario() -> None:
        waiters = Waiters()
        with waiters.enter(PLAIN) as third, waiters.enter(PLAIN) as second:
            with contextlib.suppress(RuntimeError), waiters.enter(PLAIN):
                third.wake(queued("0"))
                waiters.offer(queued("1"))
                raise RuntimeError  # the first one's call was cut
            assert second.woken_for == queued("1")
            waiters.used(third, "0")
            waiters.used(second, "2")  # it took an older one
            assert second.woken_for is None
            assert third.woken_for == queued("1")

    asyncio.run(scenario())


def test_a_task_that_is_taken_wakes_nobody() -> None:
    """A runner that took the task it was woken for leaves the others alone."""

    async def scenario() -> None:
        waiters = Waiters()
        with waiters.enter(PLAIN) as first, waiters.enter(PLAIN) as second:
            waiters.offer(queued("1"))
            waiters.used(first, "1")
            assert second.woken_for is None
        assert len(waiters) == 0

    asyncio.run(scenario())


def test_waking_after_the_loop_ended_is_harmless() -> None:
    """A task that is queued while the service ends finds nobody in line."""
    waiters, left = Waiters(), []

    async def scenario() -> None:
        context = waiters.enter(PLAIN)
        left.append((context, context.__enter__()))

    asyncio.run(scenario())
    assert not left[0][1].wake(queued("1"))
    waiters.offer(queued("2"))


def test_what_changes_while_it_is_read_is_not_remembered() -> None:
    """A lease read before another one was given is not taken for the present one."""
    known = KnownLeases()
    before = known.generation
    known.forget("t")
    known.add("t", "r", 1, before)
    assert not known.has("t", "r", 1)
    known.add("t", "r", 1, known.generation)
    assert known.has("t", "r", 1)
    assert not known.has("t", "r", 2)
    assert not known.has("t", "s", 1)
    known.forget("t")
    assert not known.has("t", "r", 1)


def test_the_sweeper_goes_on_after_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chore that fails is tried again, and does not keep expired leases from being dealt with."""
    monkeypatch.setattr(sweeper, "INTERVAL", 0.001)
    agent, task = world.runner(), world.task(world.project())
    world.sync(agent, world.claimed(agent))
    failed = threading.Event()
    times = []

    def fail() -> None:
        times.append(1)
        if len(times) == 3:
            failed.set()
        raise OSError("the disk is full")

    async def scenario() -> None:
        sweeping = asyncio.create_task(
            Sweeper(world.queue.expiry, [Chore("fail", 0.001, fail)], clock=world.clock).run()
        )
        assert await asyncio.to_thread(failed.wait, 60)
        # In steps that are no standstill, until the lease has expired.
        while world.row(task).status != "queued":
            world.clock.advance(0.5)
            await asyncio.sleep(0.005)
        sweeping.cancel()
        await asyncio.gather(sweeping, return_exceptions=True)

    asyncio.run(asyncio.wait_for(scenario(), 120))
    assert world.row(task).attempts == 1
