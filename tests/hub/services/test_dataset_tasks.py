"""Datasets and tasks: which version a task sees, what it waits for, and what its runs say of it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from dotscience_hub.store import datasets as store

from jupyter_dotscience.api import datasets as api
from jupyter_dotscience.api.problems import Conflict, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.protocol import Assignment
from jupyter_dotscience.api.routes import BY_NAME
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.api.tasks import CommandWorkload, TaskCreate, TaskStatus
from tests.hub.world import World, changes, user

S = TaskStatus
FORCE = api.DatasetDelete(force=True)


def linked(world: World, *paths: str) -> tuple[str, list[str]]:
    """A project with copies of buckets at these paths."""
    project, found = world.project(), []
    for path in paths:
        found.append(world.bucket(name=path))
        world.link(project, found[-1], path)
    return project, found


def seen(held: Assignment) -> dict[str, str | None]:
    return {mount.path: mount.commit for mount in held.datasets}


def test_a_task_sees_the_version_from_when_it_was_queued(world: World) -> None:
    """Whatever is put into the dataset later, and however it is linked then; requeued, it sees the same."""
    project, dataset = world.project(), world.dataset(name="numbers", a="1")
    world.link(project, dataset, "data")
    first, agent = world.commits.head(dataset), world.runner()
    task = world.task(project)
    world.put(dataset, a="22", b="3")
    world.link(project, dataset, "elsewhere")
    mount = api.DatasetMount(
        dataset=dataset,
        name="numbers",
        path="data",
        commit=first,
        git_path=f"/services/dotscience/git/{dataset}",
        size=1,
        files=1,
    )
    assert world.claimed(agent).datasets == [mount]
    world.clock.advance(120)
    world.queue.expiry.expire()
    assert world.claimed(agent).datasets == [mount]
    shown = api.TaskDataset(dataset=dataset, name="numbers", path="data", commit=first)
    assert world.get(task).datasets == [shown]


def test_a_dataset_without_a_version_is_an_empty_folder(world: World) -> None:
    """It holds nothing up."""
    project, dataset = world.project(), world.dataset()
    world.link(project, dataset, "data")
    world.task(project)
    held = world.claimed(world.runner())
    assert [(mount.commit, mount.files, mount.size) for mount in held.datasets] == [(None, 0, 0)]


def test_what_was_pushed_is_seen_too(world: World) -> None:
    """A push is noted before a task is queued."""
    project, dataset = world.project(), world.dataset()
    world.link(project, dataset, "data")
    pushed = world.commits.record(dataset, changes(None, b="22"), "ada").commit
    body = TaskCreate(workload=CommandWorkload(command=["true"]))
    world.tasks.prepare_create_task(user("ada"), project=project, body=body)
    world.task(project)
    assert seen(world.claimed(world.runner())) == {"data": pushed}


def test_a_task_waits_for_a_synchronisation_that_began_after_it(world: World) -> None:
    """No runner gets it before; then it has the version that was made."""
    project, (dataset,) = linked(world, "data")
    world.synced(dataset, a="old")
    agent = world.runner()
    world.syncs.requested.clear()
    world.clock.advance(1)
    task = world.task(project)
    assert world.syncs.requested == [dataset]
    assert world.get(task).message == "Waiting for the synchronisation of the dataset data."
    world.waits.ended(dataset)  # one that began before the task was queued
    assert world.claim(agent) is None
    world.clock.advance(1)
    world.synced(dataset, b="new")
    held = world.claimed(agent)
    assert (held.task, seen(held)) == (task, {"data": world.commits.head(dataset)})
    assert [event.message for event in world.get(task).events][1] == "Its datasets are there."


def test_progress_is_told(world: World) -> None:
    """While it goes on."""
    project, (dataset,) = linked(world, "data")
    task = world.task(project)
    with world.database.write() as session:
        row = session.get_one(store.SourceRow, dataset)
        row.state, row.objects_done, row.objects_total, row.bytes_done, row.bytes_total = "syncing", 1, 2, 3, 4
    assert "(1 of 2 objects, 75 %)" in world.get(task).message


def test_all_of_several_must_be_there(world: World) -> None:
    """In whatever order they come; the message names those that are missing."""
    project, (one, two) = linked(world, "one", "two")
    files = world.dataset(a="1")
    world.link(project, files, "three")
    agent, task = world.runner(), world.task(project)
    world.synced(two, a="2")
    assert world.claim(agent) is None
    assert world.get(task).message == "Waiting for the synchronisation of the dataset one."
    world.synced(one, a="1")
    assert set(seen(world.claimed(agent))) == {"one", "two", "three"}


def test_a_waiting_task_holds_up_no_other(world: World) -> None:
    """Of the same project and demand: runners go on with what is behind it, and are woken by what waited."""
    project, (dataset,) = linked(world, "data")
    agent, waiting = world.runner(), world.task(project)
    other = world.task(world.project())
    assert world.claimed(agent).task == other
    assert world.claim(agent) is None
    world.synced(dataset, a="1")
    assert world.claimed(agent).task == waiting


def test_after_a_failure_the_version_from_before_is_taken(world: World) -> None:
    """With a sentence about it."""
    project, (dataset,) = linked(world, "data")
    world.synced(dataset, a="1")
    before = world.commits.head(dataset)
    world.clock.advance(1)
    task = world.task(project)
    world.synced(dataset, error="The bucket is gone.")
    assert seen(world.claimed(world.runner())) == {"data": before}
    assert any("The bucket is gone." in event.message for event in world.get(task).events)


def test_without_any_version_a_failure_ends_the_task(world: World) -> None:
    """It says why."""
    project, (dataset, _) = linked(world, "data", "other")
    task = world.task(project)
    world.synced(dataset, error="The key is wrong.")
    ended = world.get(task)
    assert (ended.status, ended.message) == (
        S.FAILED,
        "The dataset data has no version yet, and copying its bucket failed: The key is wrong.",
    )
    with world.database.read() as session:
        assert store.waiting_tasks(session) == []


def test_an_empty_bucket_is_an_empty_folder(world: World) -> None:
    """It was looked at, and held nothing."""
    project, (dataset,) = linked(world, "data")
    world.task(project)
    world.synced(dataset)
    assert seen(world.claimed(world.runner())) == {"data": None}


def test_a_waiting_task_is_stopped_and_deleted_as_any(world: World) -> None:
    """What it waited for may come afterwards."""
    project, (dataset,) = linked(world, "data")
    task = world.task(project)
    assert world.tasks.stop_task(user("ada"), task=task).status is S.STOPPED
    world.synced(dataset, a="1")
    assert world.get(task).status is S.STOPPED
    world.tasks.delete_task(user("ada"), task=task)
    with world.database.read() as session:
        assert store.datasets_of(session, [task]) == {task: []}


def test_nothing_is_forgotten_when_the_service_restarts(world: World) -> None:
    """What ended unheard is noticed, and what nobody asked for is asked for again."""
    project, (heard, unheard) = linked(world, "heard", "unheard")
    task = world.task(project)
    world.syncs.requested.clear()
    world.synced(heard, a="1")
    with world.database.write() as session:
        session.get_one(store.SourceRow, unheard).requested = None
    world.waits.look_again()
    assert world.syncs.requested == [unheard]
    with world.database.write() as session:
        row = session.get_one(store.SourceRow, unheard)
        row.state, row.started, row.ended, row.succeeded = "ready", *[world.clock()] * 3
        row.requested = world.clock()
    world.waits.look_again()
    assert world.claimed(world.runner()).task == task
    assert world.syncs.requested == [unheard]


def test_a_dataset_deleted_while_tasks_are_in_the_queue(world: World) -> None:
    """Those that would see it end with a sentence, waiting or not; those that never would go on."""
    project, (bucket,) = linked(world, "data")
    files, other = world.dataset(a="1"), world.project()
    world.link(other, files, "data")
    waiting, queued, free = world.task(project), world.task(other), world.task(world.project())
    for dataset in (bucket, files):
        world.datasets.delete_dataset(user("ada"), dataset=dataset, query=FORCE)
    for task in (waiting, queued):
        ended = world.get(task)
        assert (ended.status, ended.message) == (S.FAILED, "A dataset that the task was to see was deleted.")
    assert world.claimed(world.runner()).task == free


def test_a_task_queued_while_its_datasets_are_deleted(world: World) -> None:
    """It either does not see a dataset any more, or ends with a sentence; nobody waits for ever."""
    for _ in range(4):
        project, (bucket,) = linked(world, "data")
        files = world.dataset(a="1")
        world.link(project, files, "files")

        def delete(dataset: str) -> None:
            world.datasets.delete_dataset(user("ada"), dataset=dataset, query=FORCE)

        with ThreadPoolExecutor(3) as pool:
            queued = pool.submit(world.task, project)
            for work in [pool.submit(delete, dataset) for dataset in (bucket, files)]:
                work.result(60)
            task = world.get(queued.result(60))
        assert (task.status is S.FAILED) == bool(task.datasets)
        assert task.status in (S.FAILED, S.QUEUED)
        with world.database.read() as session:
            assert store.waiting_tasks(session) == []


def test_a_dataset_deleted_while_a_task_runs(world: World) -> None:
    """The task goes on with what it has; its runs still say which version that was."""
    project, dataset = world.project(), world.dataset(a="1")
    world.link(project, dataset, "data")
    commit, agent, task = world.commits.head(dataset), world.runner(), world.task(project)
    held = world.claimed(agent)
    world.datasets.delete_dataset(user("ada"), dataset=dataset, query=FORCE)
    run = RunReport(id="r", inputs=["data/a"], outputs=["model"])
    done = world.finish(agent, held, commit=changes(None, model="m"), runs=[run])
    assert done.status is S.SUCCEEDED
    assert world.metadata(project, done.commit)["input-dataset.data"] == f"{dataset}@{commit}"
    file = world.runs.get_run(user("ada"), project=project, run="r").inputs[0]
    assert (file.path, file.dataset, file.commit) == ("data/a", dataset, None)
    assert world.get(task).datasets[0].commit == commit


def test_runs_say_which_versions_of_datasets_they_read(world: World) -> None:
    """Each file with the dataset's commit that last changed it, apart from the workspace's files."""
    project, dataset = world.project(), world.dataset(a="1", sub__b="2")
    first = world.commits.head(dataset)
    newest = world.put(dataset, a="one")
    world.link(project, dataset, "in/data")
    start = world.commits.record(project, changes(None, code="c"), "ada").commit
    world.task(project)
    agent = world.runner()
    held = world.claimed(agent)
    run = RunReport(id="r", inputs=["code", "in/data/a", "in/data/sub/b", "in/data/none", "in/data2"], outputs=["out"])
    done = world.finish(agent, held, commit=changes(start, out="o"), runs=[run])
    metadata = world.metadata(project, done.commit)
    assert metadata["input-dataset.in/data"] == f"{dataset}@{newest}"
    assert json.loads(metadata["run.r.dataset-input-files.in/data"]) == [f"a@{newest}", f"sub/b@{first}", "none"]
    assert json.loads(metadata["run.r.input-files"]) == [f"code@{start}", "in/data2"]
    found = world.runs.get_run(user("ada"), project=project, run="r").inputs
    assert [(file.path, file.dataset, file.commit) for file in found] == [
        ("code", None, start),
        ("in/data/a", dataset, newest),
        ("in/data/sub/b", dataset, first),
        ("in/data/none", dataset, None),
        ("in/data2", None, None),
    ]
    assert found[1].sha256 is not None


def test_a_version_of_the_workspace_that_is_in_the_way(world: World) -> None:
    """Is refused when the task is queued: where the dataset is linked, it has a file."""
    project, dataset = world.project(), world.dataset(a="1")
    world.link(project, dataset, "data")
    free = world.commits.record(project, changes(None, code="c"), "ada").commit
    world.commits.record(project, changes(free, data="d"), "ada")
    with pytest.raises(Conflict, match="'data'"):
        world.task(project)
    world.task(project, commit=free)


def test_a_task_reads_its_own_datasets_and_no_others(world: World) -> None:
    """As they were linked when it was queued, for as long as it runs."""
    project, mine, other = world.project(), world.dataset(a="1"), world.dataset(a="2")
    world.link(project, mine, "data")
    world.task(project)
    agent = world.runner()
    held = world.claimed(agent)
    world.link(project, other, "other")
    world.dataset_links.unlink_dataset(user("ada"), project=project, dataset=mine)
    caller = world.access.task_caller(held.task_token)
    route = BY_NAME["get_dataset_tree"]
    allowed = world.access.check(route, caller, {"dataset": mine})
    assert allowed is not None
    assert allowed.role is Role.READER
    for dataset in (other, project, held.task, "a\0b", ""):
        with pytest.raises(NotFound):
            world.access.check(route, caller, {"dataset": dataset})
    world.finish(agent, held)
    assert world.access.task_caller(held.task_token) is None
