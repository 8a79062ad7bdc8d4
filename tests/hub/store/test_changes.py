"""What transactions tell, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Set
from typing import Any

import pytest
from dotscience_hub.services.feed import Feed
from dotscience_hub.store import changes, models
from dotscience_hub.store.audience import audiences
from dotscience_hub.store.base import Table
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.telling import Told

from jupyter_dotscience.api import projects, runners
from jupyter_dotscience.api.changes import Notice, NoticeKind
from jupyter_dotscience.api.datasets import DatasetCreate, DatasetDelete, LinkCreate
from jupyter_dotscience.api.projects import CollaboratorSet, ProjectUpdate, Role
from jupyter_dotscience.api.runs import PointRow, PointsAppend, RunReport, RunsRecord
from jupyter_dotscience.api.secrets import SecretCreate
from tests.hub.world import World, user

ALICE, BOB = user("alice"), user("bob")
PARTS = {
    "commits": "`Commits.moved` tells when a branch points to it",
    "file_versions": "of a commit",
    "project_objects": "of a commit",
    "task_events": "of a task, whose version grows",
    "leases": "of a task",
    "task_datasets": "of a task",
    "task_environments": "never shown",
    "doors": "not shown on pages",
    "run_keys": "of a run",
    "run_values": "of a run",
    "run_files": "of a run",
    "run_points": "of a run, whose `points_next` grows",
    "dataset_objects": "of a dataset's synchronisation",
    "dataset_syncs": "of a dataset's synchronisation, which `Syncs` watches",
    "ended_tokens": "never shown",
    "garbage": "never shown",
    "idempotency": "never shown",
    "task_recipes": "of a task that is gone, and whose runs tell",
}
"""Tables whose rows tell nothing by themselves, and why."""


@pytest.fixture
def told(world: World) -> Callable[[], set[Told]]:
    """What was told since the last call."""
    gathered: set[Told] = set()
    changes.connect(world.database, gathered.update)

    def since() -> set[Told]:
        found = set(gathered)
        gathered.clear()
        return found

    return since


def notice(kind: NoticeKind, **of: str) -> Notice:
    return Notice(kind=kind, **of)


def names(found: Set[Told]) -> set[tuple[str, ...]]:
    """Kinds with what they are of, for short."""
    return {
        (each.notice.kind.value, *filter(None, (each.notice.project, each.notice.dataset, each.notice.runner)))
        for each in found
    }


def people(world: World, found: Set[Told]) -> dict[str, Set[str]]:
    """Who hears of each kind."""
    ordered = list(found)
    with world.database.read() as session:
        seen = audiences(session, ordered)
    result: dict[str, set[str]] = {}
    for each, audience in zip(ordered, seen, strict=True):
        result.setdefault(each.notice.kind.value, set()).update(audience.people)
    return result


def test_every_table_tells_or_is_said_not_to() -> None:
    """Whoever adds a table decides whether pages hear of its rows."""
    tables = {kind.__tablename__ for kind in changes.NOTICES}
    assert set(models.metadata.tables) - set(PARTS) == tables
    assert {kind.__tablename__ for kind in _all_kinds(Table)} <= tables | set(PARTS)


def _all_kinds(kind: type[Table]) -> Iterator[Any]:
    for each in kind.__subclasses__():
        yield each
        yield from _all_kinds(each)


def test_a_project_s_life(world: World, told: Callable[[], set[Told]]) -> None:
    """Made, renamed, shared, unshared and deleted: each is told to who sees it, the last to who saw it."""
    project = world.projects.create_project(ALICE, body=projects.ProjectCreate()).id
    assert names(told()) == {("projects", project)}
    world.projects.update_project(ALICE, project=project, body=ProjectUpdate(name="new name"))
    assert people(world, told()) == {"projects": {"alice"}}
    world.projects.set_collaborator(ALICE, project=project, user="bob", body=CollaboratorSet(role=Role.READER))
    assert people(world, told()) == {"projects": {"alice", "bob"}, "everything": {"bob"}}
    world.projects.remove_collaborator(ALICE, project=project, user="bob")
    assert people(world, told()) == {"projects": {"alice"}, "everything": {"bob"}}
    world.projects.delete_project(ALICE, project=project)
    gone = told()
    assert ("projects", project) in names(gone)
    assert people(world, gone)["projects"] == {"alice"}


def test_what_is_rolled_back_is_not_told(world: World, told: Callable[[], set[Told]]) -> None:
    """A transaction that fails has changed nothing."""

    def fail() -> None:
        with world.database.write():
            world.projects.create_project(ALICE, body=projects.ProjectCreate())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert told() == set()


def test_runs_and_their_points(world: World, told: Callable[[], set[Told]]) -> None:
    """A run tells that it is there; its points only that there are more of them."""
    project = world.projects.create_project(ALICE, body=projects.ProjectCreate()).id
    told()
    world.runs.record_runs(ALICE, project=project, body=RunsRecord(runs=[RunReport(id="r1")]))
    assert {each.notice for each in told()} == {notice(NoticeKind.RUNS, project=project, run="r1")}
    points = PointsAppend(first=0, points=[PointRow(step=0, time=1, values={"loss": 1.0})])
    world.runs.append_points(ALICE, project=project, run="r1", body=points)
    assert {each.notice for each in told()} == {notice(NoticeKind.POINTS, project=project, run="r1")}


def test_tasks_tell_what_is_shown_and_not_each_heartbeat(world: World, told: Callable[[], set[Told]]) -> None:
    """Queued, given, ended; a renewed lease is nobody's news."""
    project = world.projects.create_project(ALICE, body=projects.ProjectCreate()).id
    agent = world.runner("alice")
    told()
    world.task(project, "alice")
    assert names(told()) == {("tasks", project)}
    taken = world.claimed(agent)
    found = {each for each in told() if each.notice.kind is not NoticeKind.RUNNERS}
    assert names(found) == {("tasks", project)}
    for _ in range(2):
        world.clock.advance(15)
        world.sync(agent, taken)
    assert names(told()) <= {("runners", agent.id)}


def test_runners_come_and_go(world: World, told: Callable[[], set[Told]]) -> None:
    """A runner that is heard of, and one that is not any more, are told once; going away is nothing that happens."""
    agent = world.runner("alice")
    told()
    presence = world.queue.presence
    presence.seen(agent.id)
    assert names(told()) == {("runners", agent.id)}
    world.clock.advance(11)
    presence.seen(agent.id)
    presence.look()
    assert told() == set()
    world.clock.advance(31)
    presence.look()
    assert names(told()) == {("runners", agent.id)}
    presence.look()
    assert told() == set()
    presence.seen(agent.id)
    assert names(told()) == {("runners", agent.id)}


def test_a_shared_runner_is_everybody_s(world: World, told: Callable[[], set[Told]]) -> None:
    """Also the last word of one that is removed."""
    root = user("root", admin=True)
    made = world.runners.create_runner(root, body=runners.RunnerCreate(shared=True)).runner.id
    told()
    world.runners.delete_runner(root, runner=made)
    (gone,) = (each for each in told() if each.notice.runner == made)
    assert gone.everybody
    with world.database.read() as session:
        assert session.get(RunnerRow, made) is None


def test_datasets_and_secrets(world: World, told: Callable[[], set[Told]]) -> None:
    """A link lets the project's people hear of the dataset; keys of an account are their owner's alone."""
    project = world.projects.create_project(ALICE, body=projects.ProjectCreate()).id
    world.projects.set_collaborator(ALICE, project=project, user="bob", body=CollaboratorSet(role=Role.READER))
    dataset = world.datasets.create_dataset(ALICE, body=DatasetCreate(name="data")).id
    assert ("datasets", dataset) in names(told())
    links = world.dataset_links
    links.link_dataset(ALICE, project=project, dataset=dataset, body=LinkCreate(path="data"))
    assert people(world, told()) == {"projects": {"alice", "bob"}, "datasets": {"alice", "bob"}}
    links.unlink_dataset(ALICE, project=project, dataset=dataset)
    assert people(world, {each for each in told() if each.notice.dataset}) == {"datasets": {"alice"}}
    world.datasets.delete_dataset(ALICE, dataset=dataset, query=DatasetDelete())
    assert people(world, told())["datasets"] == {"alice"}
    secret = world.secrets.create_secret(BOB, body=SecretCreate(name="key")).id
    assert people(world, told()) == {"secrets": {"bob"}}
    world.secrets.delete_secret(BOB, secret=secret)
    assert people(world, told()) == {"secrets": {"bob"}}


def test_many_runs_at_a_time_are_one_notice(world: World) -> None:
    """The feed remembers a bounded number of different changes."""
    feed = Feed(world.database)
    changes.connect(world.database, feed.publish)
    project = world.projects.create_project(ALICE, body=projects.ProjectCreate()).id
    reports = [RunReport(id=f"r{number}") for number in range(5_000)]
    world.runs.record_runs(ALICE, project=project, body=RunsRecord(runs=reports))
    kept = {each.notice for each in feed._kept}
    assert kept == {notice(NoticeKind.PROJECTS, project=project), notice(NoticeKind.RUNS, project=project)}
