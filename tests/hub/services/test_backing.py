"""Tasks rest on their creator's role in the project: what becomes of them, and of what they opened, when it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from dotscience_hub.queue import transitions
from dotscience_hub.services.logs import Logs
from dotscience_hub.store import projects as store

from jupyter_dotscience.api.commits import CommitResult
from jupyter_dotscience.api.logs import LogAppend, LogEntry, LogStream
from jupyter_dotscience.api.problems import Forbidden, LeaseLost, NotLoggedIn
from jupyter_dotscience.api.projects import CollaboratorSet, Role
from jupyter_dotscience.api.protocol import Assignment, LeaseState, SecretsQuery
from jupyter_dotscience.api.routes import BY_NAME
from jupyter_dotscience.api.secrets import SecretCreate
from jupyter_dotscience.api.tasks import CommandWorkload, JupyterWorkload, TaskCreate, TaskStatus
from tests.hub.world import Agent, World, changes, user

S = TaskStatus
REASON = "bob is not a writer of this project any more."
RoleEnd = Callable[[World, str], object]


def _remove(world: World, project: str) -> None:
    world.projects.remove_collaborator(user("ada"), project=project, user="bob")


def _leave(world: World, project: str) -> None:
    world.projects.remove_collaborator(user("bob"), project=project, user="bob")


def _demote(world: World, project: str) -> None:
    body = CollaboratorSet(role=Role.READER)
    world.projects.set_collaborator(user("ada"), project=project, user="bob", body=body)


def _slip(world: World, project: str) -> None:
    """End a role, and none of its tasks: as if one had been begun just then."""
    with world.database.write() as session:
        assert store.unshare(session, project, "bob")


WAYS = pytest.mark.parametrize("end", [_remove, _leave, _demote])


@pytest.fixture
def project(world: World) -> str:
    """A project of Ada in which Bob writes, with a private key."""
    project = world.project("ada", bob=Role.WRITER)
    world.secrets.create_secret(user("ada"), body=SecretCreate(name="deploy", project=project))
    return project


def _opens(world: World, held: Assignment) -> bool:
    """Whether a task's token still opens its project."""
    caller = world.access.task_caller(held.task_token)
    if caller is None:
        return False
    try:
        world.access.check(BY_NAME["get_tree"], caller, {"project": held.project})
    except NotLoggedIn:
        return False
    return True


def _keys(world: World, agent: Agent, held: Assignment) -> list[str]:
    found = world.secrets.get_task_secrets(agent.caller, task=held.task, body=SecretsQuery(fence=held.fence))
    return [each.name for each in found.items]


def _log(world: World, agent: Agent, held: Assignment, seq: int) -> None:
    logs = Logs(world.logs, world.notifier, world.queue.leases.check, world.tasks.has_ended)
    entry = LogEntry(seq=seq, time=seq, stream=LogStream.STDOUT, data=b"x")
    logs.append_logs(agent.caller, task=held.task, body=LogAppend(fence=held.fence, entries=[entry]))


@WAYS
def test_tasks_in_the_queue_end_with_the_role(world: World, project: str, end: RoleEnd) -> None:
    """Also those that only a runner of their creator's could do; it gets none of them when it starts later."""
    command = world.task(project, "bob", labels={"place": "bob's"})
    lab = world.task(project, "bob", workload=JupyterWorkload(server="lab"))
    others, elsewhere = world.task(project, "ada"), world.task(world.project("bob"), "bob")
    end(world, project)
    for task in (command, lab):
        assert (world.get(task).status, world.get(task).message) == (S.STOPPED, REASON)
    assert world.get(others).status is world.get(elsewhere).status is S.QUEUED
    agent = world.runner("bob", place="bob's")
    assert world.claimed(agent).task == elsewhere
    assert world.claim(agent) is None


def test_many_tasks_end_in_parts(world: World, project: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, each with what is kept for it only."""
    monkeypatch.setattr(transitions, "_AT_ONCE", 2)
    tasks = [world.task(project, "bob", sealed_environment={"TOKEN": "t"}) for _ in range(5)]
    _remove(world, project)
    assert {world.row(task).status for task in tasks} == {S.STOPPED.value}
    with world.database.read() as session:
        assert [world.environments.read(session, task) for task in tasks] == [{}] * 5


@WAYS
def test_nothing_more_is_taken_of_a_running_task(world: World, project: str, end: RoleEnd) -> None:
    """It ends at once, whatever its agent does: its token opens nothing, and log, version, result and keys are refused.

    The agent hears that the lease is lost; a heartbeat that goes on does not bring it back.
    """
    agent = world.runner("bob")
    task = world.task(project, "bob")
    held = world.claimed(agent)
    assert world.sync(agent, held) == [LeaseState.HELD]
    assert _opens(world, held)
    assert _keys(world, agent, held) == ["deploy"]
    _log(world, agent, held, 0)
    end(world, project)
    assert (world.get(task).status, world.get(task).message) == (S.STOPPED, REASON)
    assert world.sync(agent, held) == [LeaseState.LOST]
    assert not _opens(world, held)
    head = world.commits.head(project)
    refused: list[Callable[[], object]] = [
        lambda: _keys(world, agent, held),
        lambda: _log(world, agent, held, 1),
        lambda: world.report(agent, held, S.RUNNING),
        lambda: world.mid_commit(agent, held, changes(head, **{"a.txt": "late"})),
        lambda: world.finish(agent, held, commit=changes(head, **{"a.txt": "late"})),
    ]
    for call in refused:
        with pytest.raises(LeaseLost):
            call()
    assert world.commits.head(project) == head
    assert world.sync(agent, held) == [LeaseState.LOST]
    assert world.get(task).message == REASON


@pytest.mark.parametrize("last", [True, False])
def test_what_is_recorded_while_the_role_ends_stays_out_of_main(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch, last: bool
) -> None:
    """Both the last version of a task and one in between: the request that brought it is refused."""
    agent = world.runner("bob")
    world.task(project, "bob")
    held = world.claimed(agent)
    head, record = world.commits.head(project), world.commits.record_task

    def record_and_end(*args: Any) -> CommitResult:
        result = record(*args)
        _remove(world, project)
        return result

    monkeypatch.setattr(world.commits, "record_task", record_and_end)
    late = changes(head, **{"a.txt": "late"})
    with pytest.raises(LeaseLost):
        world.finish(agent, held, commit=late) if last else world.mid_commit(agent, held, late)
    assert world.commits.head(project) == head


def test_a_role_that_stays_enough_ends_nothing(world: World, project: str) -> None:
    """From writer to owner and back, tasks go on."""
    agent = world.runner("bob")
    queued = [world.task(project, "bob") for _ in range(2)]
    held = world.claimed(agent)
    for role in (Role.OWNER, Role.WRITER):
        body = CollaboratorSet(role=role)
        world.projects.set_collaborator(user("ada"), project=project, user="bob", body=body)
    assert world.sync(agent, held) == [LeaseState.HELD]
    assert _opens(world, held)
    assert world.claimed(agent).task == queued[1]


def test_a_claim_ends_what_nothing_backs(world: World, project: str) -> None:
    """Such tasks are given to nobody, not even to a shared runner or the owner's, and hold up none behind them."""
    unbacked = [world.task(project, "bob") for _ in range(3)]
    backed = world.task(project, "ada")
    _slip(world, project)
    assert world.claimed(world.runner("ada")).task == backed
    assert [(world.get(task).status, world.get(task).message) for task in unbacked] == [(S.STOPPED, REASON)] * 3
    late = world.project("ada", bob=Role.WRITER)
    alone = world.task(late, "bob")
    _slip(world, late)
    assert world.claim(world.runner(shared=True)) is None
    assert world.get(alone).status is S.STOPPED


def test_a_lease_holds_no_longer_than_the_role(world: World, project: str) -> None:
    """A running task that slipped through is refused like one that lost its lease, and ends when that has expired."""
    agent = world.runner("bob")
    task = world.task(project, "bob")
    held = world.claimed(agent)
    world.sync(agent, held)
    _slip(world, project)
    assert not _opens(world, held)
    with pytest.raises(LeaseLost):
        _keys(world, agent, held)
    with pytest.raises(LeaseLost):
        world.finish(agent, held)
    world.clock.advance(61)
    assert world.sync(agent, held) == [LeaseState.LOST]
    assert world.queue.expiry.expire() == 1
    assert world.sync(agent, held) == [LeaseState.LOST]
    assert world.claim(agent) is None
    assert (world.get(task).status, world.get(task).message) == (S.STOPPED, REASON)


def test_an_admin_needs_no_role(world: World, project: str) -> None:
    """Tasks of an admin in somebody's project run, keys included; the same person as no admin gets none queued."""
    body = TaskCreate(workload=CommandWorkload(command=["true"]))
    task = world.tasks.create_task(user("root", admin=True), project=project, body=body).id
    agent = world.runner("root")
    held = world.claimed(agent)
    assert held.task == task
    assert _opens(world, held)
    assert _keys(world, agent, held) == ["deploy"]
    assert world.sync(agent, held) == [LeaseState.HELD]
    with pytest.raises(Forbidden):
        world.tasks.create_task(user("root"), project=project, body=body)


def test_what_an_admin_began_as_a_writer_ends_with_the_role(world: World, project: str) -> None:
    """Whether they still are an admin, nobody asks then; they may begin it again."""
    body = TaskCreate(workload=CommandWorkload(command=["true"]))
    task = world.tasks.create_task(user("bob", admin=True), project=project, body=body).id
    _remove(world, project)
    assert world.get(task).status is S.STOPPED
    again = world.tasks.create_task(user("bob", admin=True), project=project, body=body).id
    assert world.claimed(world.runner("bob")).task == again


@pytest.mark.parametrize("end", [_remove, _demote])
def test_a_task_that_is_queued_while_the_role_ends_is_refused_or_ended(
    world: World, project: str, end: RoleEnd
) -> None:
    """Whichever of the two comes first, none is left."""
    body = TaskCreate(workload=CommandWorkload(command=["true"]))
    begun = threading.Barrier(4)

    def queue() -> list[str]:
        made = [world.tasks.create_task(user("bob"), project=project, body=body).id]
        begun.wait()
        with suppress(Forbidden):
            while True:
                made.append(world.tasks.create_task(user("bob"), project=project, body=body).id)
        return made

    with ThreadPoolExecutor(3) as pool:
        queuing = [pool.submit(queue) for _ in range(3)]
        begun.wait()
        end(world, project)
        made = [task for each in queuing for task in each.result()]
    assert {world.row(task).status for task in made} == {S.STOPPED.value}
