"""Command tasks on a real hub, from the queue to what people see."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable

import pytest

from jupyter_dotscience.api.runs import PointsQuery, RunQuery
from tests.scenarios.conftest import Agent, World

pytest_plugins = ["tests.hubprocess"]
MakeAgent = Callable[..., Agent]


def test_a_task_of_the_dummy_backend_ends_with_its_results(world: World, make_agent: MakeAgent) -> None:
    """Queue, claim, pull, output, exit code, changed files on main."""
    task = world.queue(
        "train",
        environment={
            "DUMMY_PULL_STEPS": "2",
            "DUMMY_LINES": "1000",
            "DUMMY_STDERR": "oh\n",
            "DUMMY_FILES": json.dumps({"model/w.txt": "0.5"}),
        },
    )
    make_agent("--backend", "dummy")
    done = world.wait(task)
    assert (done.status, done.exit_code) == ("succeeded", 0)
    assert world.log(task) == b"".join(b"line %d\n" % n for n in range(1000))
    assert world.log(task, "stderr") == b"oh\n"
    assert world.log(task, "pull").count(b"\n") == 2
    assert done.merge == "fast-forward"
    assert world.file("model/w.txt") == b"0.5"
    assert done.execution.backend == "dummy"


TRAIN = b"""
import dotscience as ds, time
ds.start()
rate = ds.parameter("rate", 0.1)
with open(ds.input("data.csv")) as file:
    total = sum(float(line) for line in file)
for step in range(50):
    ds.log({"loss": 1 / (step + 1)}, step=step)
with open(ds.output("model.txt"), "w") as file:
    file.write(str(total * rate))
ds.summary("total", total)
ds.publish("trained")
"""


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> str:
    """Name of a backend that executes something."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    return str(request.param)


def test_a_published_run_is_recorded_with_its_files_and_points(
    world: World, make_agent: MakeAgent, backend: str
) -> None:
    """The workspace is checked out, the library is at hand, run, curve, input version and output reach the hub."""
    head = world.upload({"train.py": TRAIN, "data.csv": b"1\n2\n"})
    task = world.queue("python3", "train.py")
    make_agent("--backend", backend)
    done = world.wait(task)
    assert done.status == "succeeded", (done, world.entries(task))
    [row] = world.client.list_runs(project=world.project, query=RunQuery()).items
    run = world.client.get_run(project=world.project, run=row.id)
    assert (run.description, run.parameters, run.summary) == ("trained", {"rate": "0.1"}, {"total": "3.0"})
    assert [(file.path, file.commit) for file in run.inputs] == [("data.csv", head)]
    assert [file.path for file in run.outputs] == ["model.txt"]
    curves = world.client.get_points(project=world.project, run=row.id, query=PointsQuery()).curves
    assert curves["loss"].steps == list(range(50))
    assert world.file("model.txt") == b"0.30000000000000004"


def test_a_run_that_was_not_published_has_failed(world: World, make_agent: MakeAgent) -> None:
    """Its points stay, and it says why it failed."""
    program = "import dotscience as ds; ds.start(); ds.log({'loss': 1.0}, step=0); raise SystemExit(5)"
    task = world.queue("python3", "-c", program)
    make_agent("--backend", "process")
    done = world.wait(task)
    assert (done.status, done.exit_code) == ("failed", 5)
    [row] = world.client.list_runs(project=world.project, query=RunQuery()).items
    assert row.status == "failed"
    assert world.client.get_run(project=world.project, run=row.id).error is not None


def test_a_command_that_is_not_there_fails_with_its_name(world: World, make_agent: MakeAgent, backend: str) -> None:
    """One sentence for the person who queued it."""
    task = world.queue("no-such-command")
    make_agent("--backend", backend)
    done = world.wait(task)
    assert done.status == "failed"
    assert "command not found: no-such-command" in done.message


def test_stop_reaches_the_workload_and_keeps_its_files(world: World, make_agent: MakeAgent, backend: str) -> None:
    """A person's stop ends the task as stopped, with what it wrote."""
    task = world.queue(
        "python3",
        "-c",
        "import time; open('kept.txt', 'w').write('kept'); print('ready', flush=True); time.sleep(1000)",
    )
    make_agent("--backend", backend)
    world.wait(task, lambda seen: seen.status == "running" and world.log(task) != b"")
    world.client.stop_task(task=task.id)
    done = world.wait(task)
    assert done.status == "stopped"
    assert world.file("kept.txt") == b"kept"


CHATTER = """
import os, time
for number in range(300):
    os.write(1, b'out %d\\n' % number)
    os.write(2, b'err %d\\n' % number)
    time.sleep(0.01)
open('once.txt', 'a').write('once\\n')
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_an_agent_killed_again_and_again_brings_the_task_home_once(
    world: World, make_agent: MakeAgent, backend: str, seed: int
) -> None:
    """After each kill -9 the next agent goes on: one attempt, exact logs, one commit (F1)."""
    task = world.queue("python3", "-c", CHATTER)
    agent = make_agent("--backend", backend)
    world.wait(task, lambda seen: seen.status == "running")
    chance = random.Random(seed)
    for _ in range(5):
        time.sleep(chance.uniform(0.05, 0.8))
        agent.kill()
        agent.start()
    done = world.wait(task)
    assert (done.status, done.attempts) == ("succeeded", 1)
    assert world.log(task) == b"".join(b"out %d\n" % n for n in range(300))
    assert world.log(task, "stderr") == b"".join(b"err %d\n" % n for n in range(300))
    assert world.file("once.txt") == b"once\n"


def test_two_runners_share_the_queue_and_no_task_runs_twice(world: World, make_agent: MakeAgent) -> None:
    """Each of many tasks is executed once, by either."""
    tasks = [world.queue("true", environment={"DUMMY_STDOUT": f"task {n}\n"}) for n in range(12)]
    for _ in range(2):
        make_agent("--backend", "dummy")
    for number, task in enumerate(tasks):
        done = world.wait(task)
        assert (done.status, done.attempts) == ("succeeded", 1)
        assert world.log(task) == f"task {number}\n".encode()


def test_a_task_waits_for_a_runner_with_its_labels(world: World, make_agent: MakeAgent) -> None:
    """A runner without the label leaves it alone."""
    picky = world.queue("true", labels={"zone": "a"})
    plain = world.queue("true")
    make_agent("--backend", "dummy")
    world.wait(plain)
    assert world.task(picky).status == "queued"
    make_agent("--backend", "dummy", "--label", "zone=a")
    assert world.wait(picky).status == "succeeded"
