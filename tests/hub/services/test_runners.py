"""Runners as their owners see them, and what their agents say of themselves."""

from __future__ import annotations

import pytest

from jupyter_dotscience.api import runners as api
from jupyter_dotscience.api.problems import BadRequest, Forbidden, NotLoggedIn
from jupyter_dotscience.api.protocol import PROTOCOL, Hello
from jupyter_dotscience.api.runners import RunnerStatus, RunnerType
from tests.hub.world import World, user


def listed(world: World, who: str = "ada", *, admin: bool = False, **query: object) -> list[str]:
    page = world.runners.list_runners(user(who, admin=admin), query=api.RunnerQuery(**query))  # type: ignore[arg-type]
    return [runner.id for runner in page.items]


def test_a_new_runner(world: World) -> None:
    """A runner has what it was made with, and is offline until its agent says hello."""
    body = api.RunnerCreate(name="r", description="d\0", type=RunnerType.GPU, storage=100, labels={"a": "1"})
    made = world.runners.create_runner(user("ada"), body=body).runner
    assert (made.name, made.description, made.type, made.storage) == ("r", "d\ufffd", RunnerType.GPU, 100)
    assert (made.owner, made.shared, made.labels) == ("ada", False, {"a": "1"})
    assert (made.status, made.last_seen, made.running_tasks, made.tasks) == (RunnerStatus.OFFLINE, None, 0, [])
    assert world.runners.get_runner(user("ada"), runner=made.id) == made
    assert world.runners.create_runner(user("ada"), body=api.RunnerCreate()).runner.name.count("-") == 2


def test_only_an_admin_shares_runners(world: World) -> None:
    """A shared runner runs everybody's code: only an admin makes one, and everybody sees it."""
    with pytest.raises(Forbidden, match="admin"):
        world.runners.create_runner(user("ada"), body=api.RunnerCreate(shared=True))
    shared, own = world.runner("boss", shared=True).id, world.runner("bob").id
    assert listed(world) == [shared]
    assert listed(world, "bob") == [own, shared]
    assert listed(world, "boss", admin=True) == [shared]
    assert listed(world, "boss", admin=True, ref=own) == [own]
    assert listed(world, "eve", ref=own) == []


def test_what_the_agent_says(world: World) -> None:
    """An agent's version, backend and labels are shown; labels of the runner itself stay."""
    agent = world.runner(a="1", b="1")
    hello = Hello(protocol=PROTOCOL, version="2\0", backend="docker", isolation="A container.", labels={"b": "2"})
    welcome = world.agents.hello(agent.caller, body=hello)
    assert (welcome.runner, welcome.lease_seconds, welcome.heartbeat_seconds, welcome.storage) == (agent.id, 60, 10, 10)
    shown = world.runners.get_runner(user("ada"), runner=agent.id)
    assert (shown.version, shown.backend, shown.isolation) == ("2\ufffd", "docker", "A container.")
    assert (shown.labels, shown.status) == ({"a": "1", "b": "2"}, RunnerStatus.ONLINE)
    world.hello(agent)
    assert world.runners.get_runner(user("ada"), runner=agent.id).labels == {"a": "1", "b": "1"}


def test_another_protocol_is_refused_clearly(world: World) -> None:
    """An agent of another protocol version is told which runner to use."""
    agent = world.runner()
    with pytest.raises(BadRequest, match="protocol") as caught:
        world.agents.hello(agent.caller, body=Hello(protocol=99, version="9", backend="b", isolation=""))
    assert caught.value.code == "protocol_version"


def test_a_removed_runner_is_told_so(world: World) -> None:
    """An agent whose runner was removed while it called gets one clear sentence."""
    agent = world.runner()
    world.runners.delete_runner(user("ada"), runner=agent.id)
    with pytest.raises(NotLoggedIn, match="removed"):
        world.hello(agent)
    with pytest.raises(NotLoggedIn, match="removed"):
        world.claim(agent)
    assert listed(world) == []


def test_the_tasks_of_a_runner(world: World) -> None:
    """A runner shows the tasks it had last, newest first, and counts those it has now."""
    project, agent = world.project(), world.runner()
    first, second = world.task(project), world.task(project)
    world.finish(agent, world.claimed(agent))
    world.claimed(agent)
    shown = world.runners.get_runner(user("ada"), runner=agent.id)
    assert ([task.id for task in shown.tasks], shown.running_tasks) == ([second, first], 1)
    (row,) = world.runners.list_runners(user("ada"), query=api.RunnerQuery()).items
    assert ([task.id for task in row.tasks], row.running_tasks) == ([second], 1)


def test_a_silent_runner_is_offline(world: World) -> None:
    """A runner that was not heard of for three heartbeats is offline; any call brings it back."""
    agent = world.runner()
    world.clock.advance(30)
    assert world.runners.get_runner(user("ada"), runner=agent.id).status is RunnerStatus.ONLINE
    assert world.figures.runners_online() == 1
    world.clock.advance(1)
    assert world.runners.get_runner(user("ada"), runner=agent.id).status is RunnerStatus.OFFLINE
    assert world.figures.runners_online() == 0
    world.sync(agent)
    assert world.runners.get_runner(user("ada"), runner=agent.id).status is RunnerStatus.ONLINE


def test_the_figures_count_all_states(world: World) -> None:
    """Each state of tasks has its count, also where it is zero."""
    project, agent = world.project(), world.runner()
    world.task(project)
    world.task(project)
    world.claimed(agent)
    counts = world.figures.tasks_by_status()
    assert counts == {**dict.fromkeys(counts, 0), "queued": 1, "assigned": 1}
    assert len(counts) == 9
