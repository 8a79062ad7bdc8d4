"""Tasks as people see them: queued, followed, stopped, removed."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

from jupyter_dotscience.api import tasks as api
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.logs import LogEntry, LogStream
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.protocol import LeaseState
from jupyter_dotscience.api.tasks import CommandWorkload, JupyterWorkload, TaskStatus
from tests.hub.world import World, changes, user, wait_for

S = TaskStatus


def listed(world: World, who: str = "ada", *, admin: bool = False, **query: object) -> list[str]:
    page = world.tasks.list_tasks(user(who, admin=admin), query=api.TaskListQuery(**query))  # type: ignore[arg-type]
    return [task.id for task in page.items]


def test_the_start_is_fixed_when_a_task_is_queued(world: World) -> None:
    """A task starts from main as it was, or from the commit it names, whatever comes later."""
    project = world.project()
    empty = world.task(project)
    first = world.commits.record(project, changes(a="1"), "ada").commit
    from_first = world.task(project)
    second = world.commits.record(project, changes(first, a="2"), "ada").commit
    named = world.task(project, commit=first)
    newest = world.task(project)
    assert [world.get(task).commit for task in (empty, from_first, named, newest)] == [None, first, first, second]


def test_an_unknown_commit_is_refused(world: World) -> None:
    """A commit that the project does not have, not even another project's, queues nothing."""
    project, other = world.project(), world.project()
    foreign = world.commits.record(other, changes(a="1"), "ada").commit
    for commit in ("0" * 40, foreign):
        with pytest.raises(BadRequest, match="no commit"):
            world.task(project, commit=commit)
    assert listed(world) == []


@pytest.mark.parametrize(
    "workload",
    [
        CommandWorkload(command=["echo", "a\0b"]),
        CommandWorkload(command=["true"], environment={"A": "a\0b"}),
        JupyterWorkload(environment={"A": "\0"}),
        CommandWorkload(command=[""]),
    ],
)
def test_what_no_program_can_be_given_is_refused(world: World, workload: api.Workload) -> None:
    """NUL bytes and an empty command are refused before anything is queued."""
    with pytest.raises(BadRequest):
        world.task(world.project(), workload=workload)
    assert listed(world) == []


def test_odd_but_possible_commands_come_back_as_they_were(world: World) -> None:
    """Quotes, newlines, emoji and 100,000 characters reach the runner unchanged."""
    workload = CommandWorkload(command=["sh", "-c", "echo \"'\n\\ é 🙂", "x" * 100_000], environment={"A": "b\nc"})
    project = world.project()
    task = world.task(project, workload=workload, labels={"a": "b=c"})
    assert world.get(task).workload == workload
    assert world.claimed(world.runner(a="b=c")).workload == workload


def test_people_see_the_tasks_of_their_projects(world: World) -> None:
    """Tasks are listed to those who see their project, newest first, by project, state or start of the id."""
    mine, shared = world.project(), world.project("bob", ada=Role.READER)
    hidden = world.task(world.project("bob"), "bob")
    first, second, third = world.task(mine), world.task(shared, "bob"), world.task(mine)
    world.tasks.stop_task(user("ada"), task=first)
    assert listed(world) == [third, second, first]
    assert listed(world, project=mine) == [third, first]
    assert listed(world, status=S.STOPPED) == [first]
    assert listed(world, ref=first) == [first]
    assert set(listed(world, ref=first[:3])) == {first, second, third}
    assert listed(world, ref=hidden) == []
    assert listed(world, ref="a project") == []
    assert listed(world, "eve") == []
    assert listed(world, "eve", admin=True, ref=hidden) == [hidden]
    assert listed(world, limit=2) == [third, second]


def test_pages_of_tasks(world: World) -> None:
    """Following the cursor shows each task once."""
    project = world.project()
    queued = [world.task(project) for _ in range(5)]
    page = world.tasks.list_tasks(user("ada"), query=api.TaskListQuery(limit=3))
    rest = world.tasks.list_tasks(user("ada"), query=api.TaskListQuery(limit=3, cursor=page.next))
    assert [task.id for task in (*page.items, *rest.items)] == queued[::-1]
    assert rest.next is None


def test_stopping_a_queued_task(world: World) -> None:
    """A queued task is stopped at once, and no runner gets it."""
    task, agent = world.task(world.project()), world.runner()
    stopped = world.tasks.stop_task(user("ada"), task=task)
    assert (stopped.status, stopped.ended) == (S.STOPPED, world.clock.now)
    assert world.claim(agent) is None
    assert world.tasks.stop_task(user("bob"), task=task) == stopped


@pytest.mark.parametrize("status", [S.ASSIGNED, S.PREPARING, S.RUNNING, S.SAVING])
def test_stopping_a_task_on_a_runner(world: World, status: TaskStatus) -> None:
    """A task that a runner has is asked to stop; the runner hears of it, its results are saved, it ends as stopped."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    if status is not S.ASSIGNED:
        world.report(agent, held, status)
    stopping = world.tasks.stop_task(user("ada"), task=task)
    assert (stopping.status, stopping.stop_requested) == (status, True)
    assert world.tasks.stop_task(user("ada"), task=task).version == stopping.version
    assert world.sync(agent, held, wait=15) == [LeaseState.STOP]
    assert world.report(agent, held, S.SAVING) is LeaseState.STOP
    done = world.finish(agent, held, exit_code=0, commit=changes(a="1"))
    assert (done.status, done.commit) == (S.STOPPED, world.commits.head(project))


def test_stopping_an_ended_task_changes_nothing(world: World) -> None:
    """A task that has ended stays as it is."""
    agent, task = world.runner(), world.task(world.project())
    world.finish(agent, world.claimed(agent))
    before = world.get(task)
    assert world.tasks.stop_task(user("ada"), task=task) == before


def test_a_stopped_task_whose_runner_is_gone_ends(world: World) -> None:
    """When the runner that should stop it falls silent, the task ends as stopped and is not run again."""
    agent, task = world.runner(), world.task(world.project())
    world.sync(agent, world.claimed(agent))
    world.tasks.stop_task(user("ada"), task=task)
    world.clock.advance(61)
    world.queue.expiry.expire()
    assert world.get(task).status is S.STOPPED


def test_following_a_task(world: World) -> None:
    """Waiting for a version greater than the last one seen shows each state once it is there, to the end."""
    agent, task = world.runner(), world.task(world.project())

    async def follow() -> list[TaskStatus]:
        seen, version = [], -1
        while True:
            query = api.TaskQuery(after=version, wait=30)
            shown = await world.tasks.get_task(user("ada"), task=task, query=query)
            seen.append(shown.status)
            version = shown.version
            if shown.status.terminal:
                return seen

    async def scenario() -> list[TaskStatus]:
        following = asyncio.create_task(follow())
        held = await asyncio.to_thread(world.claimed, agent)
        await asyncio.to_thread(world.report, agent, held, S.RUNNING)
        await asyncio.to_thread(world.finish, agent, held)
        return await asyncio.wait_for(following, 60)

    seen = asyncio.run(scenario())
    assert seen[-1] is S.SUCCEEDED
    assert seen == sorted(seen, key=list(TaskStatus).index)


def test_waiting_for_a_change_that_does_not_come(world: World) -> None:
    """When nothing changes in time the task is answered as it is."""
    task = world.task(world.project())
    version = world.get(task).version
    query = api.TaskQuery(after=version, wait=0.05)
    assert wait_for(world.tasks.get_task(user("ada"), task=task, query=query)).version == version


def test_waiting_for_a_task_that_is_removed(world: World) -> None:
    """A task that is not there is 404, also for one who waits."""
    with pytest.raises(NotFound):
        wait_for(world.tasks.get_task(user("ada"), task=new_id(), query=api.TaskQuery(wait=30)))


def test_removing_a_task(world: World) -> None:
    """An ended task goes with its log; its commits and runs stay. One that has not ended stays."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    with pytest.raises(Conflict, match="stop it first"):
        world.tasks.delete_task(user("ada"), task=task)
    held = world.claimed(agent)
    world.logs.append(task, [LogEntry(0, LogStream.STDOUT, 1, b"line\n")])
    world.finish(agent, held, commit=changes(a="1"))
    (run,) = world.get(task).runs
    world.tasks.delete_task(user("ada"), task=task)
    with pytest.raises(NotFound):
        world.get(task)
    assert not world.logs.path(task).exists()
    assert world.runs.get_run(user("ada"), project=project, run=run).task == task
    assert world.commits.head(project) is not None
    assert world.tasks.has_ended(task)


def test_old_tasks_are_removed(world: World) -> None:
    """Tasks that ended longer ago than the retention go; younger and unended ones stay."""
    project = world.project()
    old = [world.task(project) for _ in range(3)]
    waiting = world.task(project)
    for task in old:
        world.tasks.stop_task(user("ada"), task=task)
    world.clock.advance(6 * 86_400)
    young = world.task(project)
    world.tasks.stop_task(user("ada"), task=young)
    world.clock.advance(2 * 86_400)
    assert world.tasks.remove_old(dt.timedelta(days=7)) == 3
    assert listed(world) == [young, waiting]
    assert world.tasks.remove_old(dt.timedelta(days=7)) == 0


def test_a_waiting_task_says_what_for(world: World) -> None:
    """The message of a queued task follows the runners as they come, go, and get labels from their agents."""
    project = world.project()
    task = world.task(project, labels={"gpu": "a100"})
    assert "`ds runner create`" in world.get(task).message
    agent = world.runner()
    world.runner("eve")
    assert world.get(task).message == "Waiting for a runner with gpu=a100; 1 runner is online, none has it."
    world.clock.advance(31)
    assert world.get(task).message == "Waiting for a runner with gpu=a100; the one that works for you is offline."
    world.hello(agent, gpu="a100")
    assert world.get(task).message == "Waiting for a runner with gpu=a100 to be free."
    assert world.claimed(agent).task == task


@pytest.mark.parametrize(
    "workload",
    [
        CommandWorkload(command=["x" * 100_000] * 20),
        CommandWorkload(command=["true"], environment={f"V{number}": "x" * 100_000 for number in range(20)}),
    ],
    ids=["command", "environment"],
)
def test_a_command_that_no_machine_can_start_is_refused(world: World, workload: CommandWorkload) -> None:
    """Megabytes of arguments or variables are one clear error, and no list of tasks has to carry them (B8)."""
    project = world.project()
    with pytest.raises(BadRequest, match="1048576 at the most"):
        world.task(project, workload=workload)
