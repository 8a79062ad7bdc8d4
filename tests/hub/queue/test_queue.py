"""The queue: one runner per task, leases that expire, come back or are lost, and fences that hold."""

from __future__ import annotations

import asyncio
import base64
import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from dotscience_hub.queue.sweeper import Sweeper
from dotscience_hub.services.logs import Logs

from jupyter_dotscience.api import tasks
from jupyter_dotscience.api.logs import LogAppend, LogEntry, LogStream
from jupyter_dotscience.api.problems import LeaseLost, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.protocol import Claim, LeaseState, Outcome
from jupyter_dotscience.api.tasks import Resources, TaskStatus
from tests.hub.world import Agent, World, changes, user, wait_for

S = TaskStatus


def test_a_claim_gives_all_that_a_runner_needs(world: World) -> None:
    """The assignment of a claimed task names its work, its start and a token that opens its project."""
    project, agent = world.project(), world.runner()
    world.commits.record(project, changes(a="1"), "ada")
    task = world.task(project)
    held = world.claimed(agent)
    assert (held.task, held.project, held.fence, held.attempt, held.logs_next) == (task, project, 1, 1, 0)
    assert held.commit == world.commits.head(project)
    assert (held.author, held.project_name) == ("ada", "a project")
    assert world.access.task_caller(held.task_token) is not None
    shown = world.get(task)
    assert (shown.status, shown.runner, shown.attempts) == (S.ASSIGNED, agent.id, 1)
    assert held.task_token not in repr(shown)


def test_no_task_is_given_twice(world: World) -> None:
    """Many runners that claim at once get each task exactly once, and none is left."""
    project = world.project()
    queued = [world.task(project) for _ in range(30)]
    agents = [world.runner() for _ in range(6)]
    barrier = threading.Barrier(len(agents))

    def work(agent: Agent) -> list[str]:
        offer = world.queue.claims.offer_of(agent.id, 0)
        barrier.wait()
        found = []
        while (claimed := world.queue.claims.take(agent.id, offer)) is not None:
            found.append(claimed.row.id)
        return found

    with ThreadPoolExecutor(len(agents)) as pool:
        taken = Counter(task for found in pool.map(work, agents) for task in found)
    assert taken == Counter(queued)


def test_the_oldest_task_goes_first(world: World) -> None:
    """A runner gets tasks in the order in which they were queued."""
    project, agent = world.project(), world.runner()
    queued = [world.task(project) for _ in range(3)]
    assert [world.claimed(agent).task for _ in range(3)] == queued
    assert world.claim(agent) is None


def test_labels_and_gpus_decide(world: World) -> None:
    """A task waits for a runner that has its labels and GPUs, and says so."""
    project = world.project()
    labelled = world.task(project, labels={"gpu": "a100"})
    heavy = world.task(project, resources=Resources(gpus=2))
    plain, big = world.runner(), world.runner(gpus=2, gpu="a100")
    assert world.claim(plain, gpus=2) is None
    assert world.get(heavy).message == "Waiting for a runner with 2 GPUs to be free."
    assert world.claimed(big).task == labelled
    assert world.claim(big, gpus=1) is None
    assert getattr(world.claim(big, gpus=2), "task", None) == heavy


def test_who_may_run_whose_task(world: World) -> None:
    """A runner takes tasks its owner created and those of its owner's projects; a shared one takes any."""
    project = world.project("ada", bob=Role.WRITER)
    agents = {"eve": world.runner("eve"), "bob": world.runner("bob"), "ada": world.runner("ada")}
    by_bob, by_ada = world.task(project, "bob"), world.task(project, "ada")
    assert world.claim(agents["eve"]) is None
    assert world.claimed(agents["bob"]).task == by_bob
    assert world.claim(agents["bob"]) is None
    assert world.claimed(agents["ada"]).task == by_ada
    again = world.task(project, "bob")
    assert world.claimed(agents["ada"]).task == again
    last = world.task(project, "ada")
    assert world.claimed(world.runner("eve", shared=True)).task == last


def test_an_expired_lease_goes_back_once_and_then_is_lost(world: World) -> None:
    """The first runner that falls silent costs an attempt, the second one the task; each time it says why."""
    project, agents = world.project(), [world.runner() for _ in range(3)]
    task = world.task(project)
    first = world.claimed(agents[0])
    world.report(agents[0], first, S.RUNNING)
    world.clock.advance(61)
    assert world.queue.expiry.expire() == 1
    assert (world.get(task).status, world.get(task).runner) == (S.QUEUED, None)
    second = world.claimed(agents[1])
    assert (second.task, second.fence, second.attempt) == (task, 2, 2)
    world.sync(agents[1], second)
    world.clock.advance(61)
    world.queue.expiry.expire()
    ended = world.get(task)
    assert ended.status is S.LOST
    assert "not heard of" in ended.message
    assert [event.status for event in ended.events] == [S.QUEUED, S.ASSIGNED, S.RUNNING, S.QUEUED, S.ASSIGNED, S.LOST]
    assert world.claim(agents[2]) is None


def test_a_claim_nobody_heard_of_costs_no_attempt(world: World) -> None:
    """A runner that never says a word about a task may not have heard that it got it."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    for claim in range(1, 5):
        held = world.claimed(agent)
        assert (held.task, held.fence, held.attempt) == (task, claim, 1)
        world.clock.advance(61)
        world.queue.expiry.expire()
    assert world.get(task).status is S.QUEUED


def test_a_task_that_silences_every_runner_is_lost(world: World) -> None:
    """A task whose every claim is followed by silence does not go round for ever."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    for _ in range(11):
        assert world.claimed(agent).task == task
        world.clock.advance(61)
        world.queue.expiry.expire()
    assert world.get(task).status is S.LOST
    assert world.claim(agent) is None


def test_a_heartbeat_keeps_the_lease(world: World) -> None:
    """A lease that is renewed never expires."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    for _ in range(10):
        world.clock.advance(59)
        assert world.sync(agent, held) == [LeaseState.HELD]
        world.queue.expiry.expire()
    assert world.get(held.task).status is S.ASSIGNED


def test_a_runner_that_comes_back_keeps_its_task(world: World) -> None:
    """As long as nobody else took the task, its runner goes on where it was, without another attempt."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    world.report(agent, held, S.RUNNING)
    world.clock.advance(3600)
    world.queue.expiry.expire()
    world.queue.leases.check(agent.id, held.task, held.fence)
    assert world.sync(agent, held) == [LeaseState.HELD]
    shown = world.get(held.task)
    assert (shown.status, shown.attempts, shown.runner) == (S.RUNNING, 1, agent.id)
    assert world.finish(agent, held).status is S.SUCCEEDED


def test_a_result_in_the_spool_counts_while_the_task_is_queued(world: World) -> None:
    """A runner whose first word after a long absence is the result has it accepted."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    world.sync(agent, held)
    world.clock.advance(3600)
    world.queue.expiry.expire()
    assert world.finish(agent, held, commit=changes(a="1")).status is S.SUCCEEDED
    assert world.claim(agent) is None


def test_an_old_fence_writes_nothing(world: World) -> None:
    """Once the task is another runner's, everything the first one sends about it is refused."""
    project, old, new = world.project(), world.runner(), world.runner()
    world.task(project)
    first = world.claimed(old)
    world.queue.leases.check(old.id, first.task, first.fence)
    world.clock.advance(61)
    world.queue.expiry.expire()
    second = world.claimed(new)
    for attempt in (
        lambda: world.queue.leases.check(old.id, first.task, first.fence),
        lambda: world.report(old, first, S.RUNNING),
        lambda: world.finish(old, first, commit=changes(a="old")),
        lambda: world.finish(new, first),
    ):
        with pytest.raises(LeaseLost):
            attempt()
    assert world.sync(old, first) == [LeaseState.LOST]
    assert world.access.task_caller(first.task_token) is None
    assert world.access.task_caller(second.task_token) is not None
    assert world.commits.head(project) is None
    assert world.finish(new, second, commit=changes(a="new")).status is S.SUCCEEDED


def test_the_log_of_a_new_attempt_goes_on_after_the_old_one(world: World) -> None:
    """What the first runner got in stays, what it sends too late is refused, and no number is used twice."""
    project, old, new = world.project(), world.runner(), world.runner()
    task = world.task(project)
    logs = Logs(world.logs, world.notifier, world.queue.leases.check, world.tasks.has_ended)
    first = world.claimed(old)
    appending, go_on = threading.Event(), threading.Event()

    def append(agent: Agent, fence: int, seq: int, data: bytes) -> int:
        body = LogAppend(fence=fence, entries=[LogEntry(seq, LogStream.STDOUT, 0, data)])
        return logs.append_logs(agent.caller, task=task, body=body).next

    def slow() -> None:
        world.queue.leases.check(old.id, task, first.fence)
        appending.set()
        go_on.wait(30)

    with ThreadPoolExecutor() as pool:
        entries = [LogEntry(0, LogStream.STDOUT, 0, b"old")]
        under_way = pool.submit(world.logs.append, task, entries, slow)
        assert appending.wait(30)
        world.clock.advance(61)
        world.queue.expiry.expire()
        claim = pool.submit(world.claimed, new)
        go_on.set()
        second = claim.result()
        assert under_way.result() == 1
    assert second.logs_next == 1
    with pytest.raises(LeaseLost):
        append(old, first.fence, 1, b"late")
    assert append(new, second.fence, 1, b"new") == 2
    stored = world.logs.path(task).read_text().splitlines()
    assert [base64.b64decode(json.loads(line)[3]) for line in stored] == [b"old", b"new"]


def test_the_fence_holds_also_within_one_runner(world: World) -> None:
    """A runner that claims the same task again can no longer write under its first lease."""
    project, agent = world.project(), world.runner()
    world.task(project)
    first = world.claimed(agent)
    world.clock.advance(61)
    world.queue.expiry.expire()
    second = world.claimed(agent)
    assert world.sync(agent, first, second) == [LeaseState.LOST, LeaseState.HELD]
    with pytest.raises(LeaseLost):
        world.queue.leases.check(agent.id, first.task, first.fence)


def test_a_stranger_never_held_the_task(world: World) -> None:
    """To a runner that never had the task it does not exist."""
    project, agent, stranger = world.project(), world.runner(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    for attempt in (
        lambda: world.queue.leases.check(stranger.id, held.task, held.fence),
        lambda: world.report(stranger, held, S.RUNNING),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert world.sync(stranger, held) == [LeaseState.LOST]


def test_no_lease_is_lost_because_the_service_slept(world: World) -> None:
    """After a standstill, and at the start, all leases have their full time again."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    world.sync(agent, held)
    sweeper = Sweeper(world.queue.expiry, clock=world.clock)
    world.clock.advance(600)
    sweeper.sweep()  # the service was just started
    world.clock.advance(600)
    sweeper.sweep()  # it was frozen for ten minutes
    assert world.get(held.task).status is S.ASSIGNED
    for _ in range(70):
        world.clock.advance(1)
        sweeper.sweep()
    assert world.get(held.task).status is S.QUEUED


def test_a_clock_that_is_set_back_does_not_keep_leases_for_longer(world: World) -> None:
    """A runner that died just before the clock was set back a day loses its task in a minute, not in a day (F17)."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    world.sync(agent, held)
    sweeper = Sweeper(world.queue.expiry, clock=world.clock)
    sweeper.sweep()
    world.clock.advance(-86_400)
    for _ in range(70):
        world.clock.advance(1)
        sweeper.sweep()
    assert world.get(held.task).status is S.QUEUED


def test_what_was_being_saved_is_not_run_again(world: World) -> None:
    """A task whose outcome the hub knew when everything fell silent ends as lost; it could be saved twice else."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    with world.database.write() as session:
        world.queue.leases.hold(session, agent.id, task, held.fence).finishing = True
    world.clock.advance(61)
    world.queue.expiry.expire()
    shown = world.get(task)
    assert shown.status is S.LOST
    assert "being saved" in shown.message


def test_a_removed_runner_gives_its_tasks_back(world: World) -> None:
    """Removing a runner puts its tasks into the queue and makes its tokens worthless."""
    project, agent, other = world.project(), world.runner(), world.runner()
    running, stopping = world.task(project), world.task(project)
    held = world.claimed(agent)
    stop = world.claimed(agent)
    world.tasks.stop_task(user("ada"), task=stopping)
    world.runners.delete_runner(user("ada"), runner=agent.id)
    assert world.access.runner_caller(agent.token) is None
    assert world.access.task_caller(held.task_token) is None
    assert world.get(stopping).status is S.STOPPED
    again = world.claimed(other)
    assert (again.task, again.fence > held.fence) == (running, True)
    assert stop.task == stopping


def test_a_waiting_runner_gets_a_new_task_at_once(world: World) -> None:
    """A claim that waits ends when a task is queued, and only one of several waiting runners is disturbed."""
    project, agents = world.project(), [world.runner() for _ in range(3)]

    async def scenario() -> list[str | None]:
        claims = [asyncio.create_task(world.agents.claim(agent.caller, body=Claim(wait=30))) for agent in agents]
        while len(world.queue.waiters) < len(agents):  # noqa: ASYNC110 - there is nothing to be woken by
            await asyncio.sleep(0.01)
        queued = [await asyncio.to_thread(world.task, project) for _ in agents]
        answers = await asyncio.gather(*claims)
        assert {answer.assignment.task for answer in answers if answer.assignment} == set(queued)
        return queued

    assert len(asyncio.run(scenario())) == 3


def test_a_claim_that_is_given_up_gives_its_task_back(world: World) -> None:
    """When the call ends before the runner has its answer, the task is in the queue again at once."""
    project, agent, other = world.project(), world.runner(), world.runner()
    task = world.task(project)
    started, go_on = threading.Event(), threading.Event()
    take = world.queue.claims.take

    def slow(*arguments: object) -> object:
        claimed = take(*arguments)  # type: ignore[arg-type]
        started.set()
        go_on.wait(30)
        return claimed

    async def scenario() -> None:
        object.__setattr__(world.queue.claims, "take", slow)
        claim = asyncio.create_task(world.agents.claim(agent.caller, body=Claim(wait=30)))
        await asyncio.to_thread(started.wait, 30)
        claim.cancel()
        await asyncio.gather(claim, return_exceptions=True)
        object.__setattr__(world.queue.claims, "take", take)
        go_on.set()
        answer = await world.agents.claim(other.caller, body=Claim(wait=30))
        assert answer.assignment is not None
        assert (answer.assignment.task, answer.assignment.attempt) == (task, 1)

    asyncio.run(scenario())


def test_a_stop_ends_a_waiting_heartbeat(world: World) -> None:
    """A stop request answers the heartbeat that waits; the next one waits again, as the agent knows by now."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)

    async def scenario() -> None:
        waiting = asyncio.create_task(asyncio.to_thread(world.sync, agent, held, wait=15))
        await asyncio.sleep(0)
        await asyncio.to_thread(world.tasks.stop_task, user("ada"), task=task)
        assert await waiting == [LeaseState.STOP]

    asyncio.run(scenario())
    assert world.sync(agent, held, wait=0.05) == [LeaseState.STOP]
    assert world.finish(agent, held).status is S.STOPPED
    assert world.sync(agent, held, wait=15) == [LeaseState.LOST]


def test_lost_by_the_engine_keeps_the_results(world: World) -> None:
    """What the runner's engine ended is lost with the reason, and what the task had made so far is saved."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    done = world.finish(
        agent, held, outcome=Outcome.LOST, exit_code=None, message="The engine was restarted.", commit=changes(a="1")
    )
    assert (done.status, world.get(task).message) == (S.LOST, "The engine was restarted.")
    assert done.commit == world.commits.head(project)


def test_a_jupyter_task_goes_on_where_it_was_saved(world: World) -> None:
    """After its runner is gone, JupyterLab starts again from its newest version, a command from the first one."""
    project, agent, other = world.project(), world.runner(), world.runner()
    task = world.task(project, workload=tasks.JupyterWorkload())
    held = world.claimed(agent)
    body = world.mid_commit(agent, held, changes(a="1"))
    world.runners.delete_runner(user("ada"), runner=agent.id)
    again = world.claimed(other)
    assert (again.task, again.commit) == (task, body.head)


def test_heartbeats_of_many_leases_do_not_deadlock(world: World) -> None:
    """Two connections of one agent that renew the same leases in opposite order both get their answer."""
    project, agent = world.project(), world.runner()
    for _ in range(10):
        world.task(project)
    held = [world.claimed(agent) for _ in range(10)]

    def beat(order: int) -> None:
        for _ in range(5):
            assert set(world.sync(agent, *held[::order])) == {LeaseState.HELD}

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(beat, [1, -1]))


def test_waiting_for_nothing_ends_in_time(world: World) -> None:
    """A claim that waits in vain is answered without an assignment."""
    agent = world.runner()
    assert wait_for(world.agents.claim(agent.caller, body=Claim(wait=0.05))).assignment is None
