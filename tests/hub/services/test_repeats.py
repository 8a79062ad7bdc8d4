"""Running a run again: from the same versions, in the same image, and what is said where that cannot be."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from dotscience_hub.services.recipes import keep_recipes

from jupyter_dotscience.api import repeats as api
from jupyter_dotscience.api import runs, tasks
from jupyter_dotscience.api.problems import Conflict, NotFound
from jupyter_dotscience.api.protocol import Assignment
from tests.hub.world import Agent, World, changes, user

DIGEST = "sha256:" + "ab" * 32
COMMIT = "c" * 40


def report(run: str, **fields: Any) -> runs.RunReport:
    return runs.RunReport(id=run, **fields)


def done(world: World, agent: Agent, held: Assignment, *found: runs.RunReport, **execution: Any) -> None:
    """The end of a task that recorded runs."""
    facts = tasks.Execution(**{"image_digest": DIGEST, "backend": "docker", **execution})
    world.finish(agent, held, runs=list(found), execution=facts)


def made(world: World, project: str, *found: str, execution: dict[str, Any] | None = None, **fields: Any) -> str:
    """A task that has ended and recorded these runs."""
    agent = world.runner()
    task = world.task(project, **fields)
    held = world.claimed(agent)
    assert held.task == task
    done(world, agent, held, *(report(run) for run in found), **(execution or {}))
    return task


def repetition(world: World, project: str, run: str) -> api.Repetition:
    return world.repeats.get_repetition(user("ada"), project=project, run=run)


def again(world: World, project: str, run: str, **fields: Any) -> tasks.Task:
    return world.repeats.repeat_run(user("ada"), project=project, run=run, body=api.RunRepeat(**fields))


def test_everything_is_as_it_was(world: World) -> None:
    """Version, command, environment, size and labels are the first task's; the image is named by its digest."""
    project = world.project()
    first = world.commits.record(project, changes(a="1"), "ada").commit
    command = tasks.CommandWorkload(
        command=["python", "train.py"],
        image="registry.example.org:5000/ml/torch:2.1",
        environment={"SEED": "1"},
        repository=tasks.Repository(url="https://example.org/fit.git", ref="main"),
    )
    asked: dict[str, Any] = {"labels": {"room": "12"}, "resources": tasks.Resources(cpus=2, memory=1 << 30)}
    agent = world.runner(room="12")
    world.task(project, workload=command, **asked)
    done(world, agent, world.claimed(agent), report("r"), repository_commit=COMMIT)
    world.commits.record(project, changes(first, a="2"), "ada")
    task = again(world, project, "r")
    assert (task.commit, task.repeats) == (first, "r")
    assert (task.labels, task.resources) == (asked["labels"], asked["resources"])
    assert task.workload == tasks.CommandWorkload(
        command=["python", "train.py"],
        image=f"registry.example.org:5000/ml/torch@{DIGEST}",
        environment={"SEED": "1"},
        repository=tasks.Repository(url="https://example.org/fit.git", ref=COMMIT),
    )


def test_an_empty_workspace_stays_empty(world: World) -> None:
    """A task that started before there was any version starts from none again, whatever main has now."""
    project = world.project()
    made(world, project, "r")
    world.commits.record(project, changes(a="1"), "ada")
    assert again(world, project, "r").commit is None


def test_data_is_as_it_was(world: World) -> None:
    """A dataset is seen in the version of then, where it was then; a bucket is not looked at, nobody waits."""
    project, dataset, bucket = world.project(), world.dataset(numbers="1"), world.bucket()
    world.synced(bucket, b="1")
    world.link(project, dataset, "data")
    world.link(project, bucket, "bucket")
    agent = world.runner()
    world.task(project)
    world.synced(bucket)
    held = world.claimed(agent)
    done(world, agent, held, report("r"))
    then = world.get(held.task).datasets
    world.put(dataset, numbers="22")
    world.synced(bucket, b="2")
    asked = len(world.syncs.requested)
    task = again(world, project, "r")
    assert sorted(task.datasets, key=lambda one: one.path) == sorted(then, key=lambda one: one.path)
    assert len(world.syncs.requested) == asked
    found = world.claimed(agent)
    assert {mount.dataset: (mount.commit, mount.size) for mount in found.datasets} == {
        seen.dataset: (seen.commit, 1) for seen in then
    }


def test_data_of_a_task_that_is_gone_is_counted_anew(world: World) -> None:
    """The size of a version that no task has noted any more is found out; runners make room by it."""
    project, dataset = world.project(), world.dataset(a="1", b="22")
    world.link(project, dataset, "data")
    task = made(world, project, "r")
    world.put(dataset, a="333")
    world.tasks.delete_task(user("ada"), task=task)
    agent = world.runner()
    again(world, project, "r")
    [mount] = world.claimed(agent).datasets
    assert mount.size == 3


def test_runs_are_paired_in_their_order(world: World) -> None:
    """Each run of the second task stands for the one of the first at its place; both sides know of each other."""
    project = world.project()
    made(world, project, "a1", "b1")
    agent = world.runner()
    task = again(world, project, "b1")
    assert [(one.task, one.run, one.status) for one in repetition(world, project, "a1").repeated] == [
        (task.id, None, tasks.TaskStatus.QUEUED)
    ]
    done(world, agent, world.claimed(agent), report("a2"), report("b2"), report("more"))
    assert [repetition(world, project, run).repeats for run in ("a2", "b2", "more", "a1")] == ["a1", "b1", None, None]
    assert [one.run for one in repetition(world, project, "b1").repeated] == ["b2"]
    third = again(world, project, "b2")
    assert [one.task for one in repetition(world, project, "b2").repeated] == [third.id]


def test_runs_outlive_their_task_and_can_be_repeated(world: World) -> None:
    """What a removed task was made of is kept with its runs; what it repeated, too."""
    project = world.project()
    workload = tasks.CommandWorkload(command=["train"], image="python:3")
    first = made(world, project, "r", workload=workload)
    second = again(world, project, "r")
    agent = world.runner()
    done(world, agent, world.claimed(agent), report("s"))
    for task in (first, second.id):
        world.tasks.delete_task(user("ada"), task=task)
    found = repetition(world, project, "s")
    assert (found.repeats, found.obstacles) == ("r", [])
    assert found.recipe is not None
    assert found.recipe.execution.image_digest == DIGEST
    [repeated] = repetition(world, project, "r").repeated
    assert (repeated.run, repeated.status) == ("s", None)
    third = again(world, project, "s")
    assert third.workload == second.workload
    world.clock.advance(86_400)
    assert world.tasks.remove_old(dt.timedelta(days=0)) == 0, "a queued task is no old one"


def test_a_task_that_two_remove_at_once_is_kept_once(world: World) -> None:
    """Whoever comes second finds it kept, and that is no error."""
    project = world.project()
    task = made(world, project, "r")
    with world.database.write() as session:
        for _ in range(2):
            keep_recipes(session, [task])
    world.tasks.delete_task(user("ada"), task=task)
    assert repetition(world, project, "r").obstacles == []


def refused(world: World, project: str, run: str = "r") -> list[str]:
    """What stands in the way; asking for it in vain queues nothing."""
    found = repetition(world, project, run).obstacles
    with pytest.raises(Conflict) as caught:
        again(world, project, run)
    assert (caught.value.code, caught.value.detail) == ("cannot_repeat", {"obstacles": found})
    active = world.tasks.list_tasks(user("ada"), query=tasks.TaskListQuery(status=tasks.TaskStatus.QUEUED))
    assert active.items == []
    return found


def test_what_a_client_recorded_cannot_be_repeated(world: World) -> None:
    """The hub does not know what ran, and says so."""
    project = world.project()
    world.runs.record_runs(user("ada"), project=project, body=runs.RunsRecord(runs=[report("r")]))
    [why] = refused(world, project)
    assert "outside of any task" in why


def test_a_notebook_is_not_repeated(world: World) -> None:
    """Nobody knows in which order its cells ran."""
    project = world.project()
    made(world, project, "r", workload=tasks.JupyterWorkload())
    [why] = refused(world, project)
    assert "JupyterLab" in why


def test_data_that_is_gone_is_named(world: World) -> None:
    """Also when only the link is gone: who took it away does not want the project to read the dataset."""
    project, dataset = world.project(), world.dataset(name="numbers", a="1")
    world.link(project, dataset, "data")
    made(world, project, "r")
    world.dataset_links.unlink_dataset(user("ada"), project=project, dataset=dataset)
    assert refused(world, project) == [
        "The dataset numbers that it used is not linked to the project any more; link it."
    ]
    world.link(project, dataset, "elsewhere")
    assert repetition(world, project, "r").obstacles == []
    with world.database.write() as session:
        session.connection().exec_driver_sql(f"UPDATE task_datasets SET \"commit\" = '{COMMIT}'")
    assert refused(world, project) == [f"The version {COMMIT[:12]} of the dataset numbers is not there any more."]


def test_what_will_not_be_as_it_was_is_said(world: World) -> None:
    """No digest, no image at all, a repository without a commit, and variables that were forgotten."""
    project = world.project()
    repository = tasks.Repository(url="https://example.org/fit.git")
    workload = tasks.CommandWorkload(command=["x"], repository=repository)
    made(
        world,
        project,
        "r",
        execution={"image_digest": None},
        workload=workload,
        sealed_environment={"TOKEN": "t", "KEY": "k"},
    )
    found = repetition(world, project, "r")
    assert found.recipe is not None
    assert found.recipe.sealed == 2
    said = zip(("digest", "repository", "2 variables"), found.caveats, strict=True)
    assert [word for word, text in said if word not in text] == []
    made(world, project, "p", execution={"image_digest": None, "backend": "process"})
    [caveat] = repetition(world, project, "p").caveats
    assert "without an image" in caveat
    task = again(world, project, "r", sealed_environment={"TOKEN": "new"}, labels={"fast": ""})
    assert (task.workload, task.labels) == (workload, {"fast": ""})


def test_a_run_that_is_not_there(world: World) -> None:
    """Neither by another name nor in another project."""
    project = world.project()
    made(world, project, "r")
    for place, run in ((project, "none"), (world.project(), "r"), (project, "a\0b")):
        with pytest.raises(NotFound):
            repetition(world, place, run)
        with pytest.raises(NotFound):
            again(world, place, run)
