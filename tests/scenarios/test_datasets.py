"""Datasets on a real hub: tasks see one version of them, and runs say which files they read."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_dotscience.api.datasets import DatasetCreate, LinkCreate
from jupyter_dotscience.api.runs import RunQuery
from jupyter_dotscience.client.remote import DatasetRemote
from jupyter_dotscience.workspace import changes, commit_request, scan, send
from tests.scenarios.conftest import Agent, World

pytest_plugins = ["tests.hubprocess"]
MakeAgent = Callable[..., Agent]
LARGE = os.urandom(11 << 20)

TRAIN = """
import hashlib, json, os
import dotscience as ds
ds.start()
with open(ds.input("data/in/deep/large.bin"), "rb") as file:
    large = hashlib.sha256(file.read()).hexdigest()
with open(ds.input("data/in/numbers.csv")) as file:
    total = sum(map(int, file))
with open(ds.output("model.txt"), "w") as file:
    file.write(str(total))
ds.summary("total", total)
try:
    open("data/in/numbers.csv", "a")
    refused = False
except OSError:
    refused = True
ds.publish("trained")
print(json.dumps([large, refused, os.stat("data/in/deep/large.bin").st_ino]), flush=True)
"""


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> str:
    """Name of a backend that mounts."""
    request.getfixturevalue("docker_engine" if request.param == "docker" else "bubblewrap")
    return "docker" if request.param == "docker" else "process"


def put(world: World, dataset: str, files: dict[str, bytes], folder: Path) -> str:
    """Make a version of a dataset with just these files."""
    for path, data in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
    remote = DatasetRemote(world.client, dataset)
    head = world.client.get_dataset(dataset=dataset).head
    found = changes({}, scan(folder))
    request = commit_request(found, send(folder, found, remote), branch="main", parent=head, message="Put")
    result = world.client.create_dataset_commit(request, dataset=dataset)
    assert result.commit is not None
    return result.commit


@pytest.fixture
def dataset(world: World, tmp_path: Path) -> tuple[str, str]:
    """A dataset, linked at data/in: its id and version."""
    made = world.client.create_dataset(DatasetCreate(name="housing")).id
    commit = put(world, made, {"numbers.csv": b"1\n2\n", "deep/large.bin": LARGE}, tmp_path / "one")
    world.client.link_dataset(LinkCreate(path="data/in"), project=world.project, dataset=made)
    return made, commit


def test_tasks_share_a_dataset_and_runs_record_its_files(
    world: World, make_agent: MakeAgent, backend: str, dataset: tuple[str, str]
) -> None:
    """Both read the same inodes, cannot change them, commit nothing of them; inputs are the dataset's versions."""
    world.upload({"train.py": TRAIN.encode()})
    tasks = [world.queue("python3", "train.py") for _ in range(2)]
    make_agent("--backend", backend)
    seen = []
    for task in tasks:
        done = world.wait(task)
        assert done.status == "succeeded", (done, world.entries(task))
        seen.append(json.loads(world.log(task).splitlines()[-1]))
        assert [(one.path, one.commit) for one in done.datasets] == [("data/in", dataset[1])]
    assert seen[0] == seen[1]
    assert seen[0][1] is True
    rows = world.client.list_runs(project=world.project, query=RunQuery()).items
    run = world.client.get_run(project=world.project, run=rows[0].id)
    found = {(file.path, file.dataset, file.commit) for file in run.inputs}
    assert found == {
        ("data/in/deep/large.bin", dataset[0], dataset[1]),
        ("data/in/numbers.csv", dataset[0], dataset[1]),
    }
    tree = {entry.path for entry in world.client.get_tree(project=world.project).items}
    assert tree == {"train.py", "model.txt"}


def test_a_task_keeps_the_version_it_was_queued_with(
    world: World, make_agent: MakeAgent, dataset: tuple[str, str], tmp_path: Path
) -> None:
    """A later version is for later tasks; the runner has both, and fetches only what is new."""
    show = ["python3", "-c", "print(open('data/in/numbers.csv').read(), end='')"]
    early = world.queue(*show)
    put(world, dataset[0], {"numbers.csv": b"3\n", "deep/large.bin": LARGE}, tmp_path / "two")
    late = world.queue(*show)
    make_agent("--backend", "process")
    assert world.wait(early).status == "succeeded"
    assert world.wait(late).status == "succeeded"
    assert (world.log(early), world.log(late)) == (b"1\n2\n", b"3\n")
    place = tmp_path / "runner0" / "spool" / "datasets" / dataset[0]
    large = [(commit / "tree" / "deep" / "large.bin").stat().st_ino for commit in place.iterdir()]
    assert len(large) == 2
    assert len(set(large)) == 1


def test_a_task_cannot_read_a_dataset_it_does_not_have(
    world: World, make_agent: MakeAgent, dataset: tuple[str, str]
) -> None:
    """After the link is removed new tasks do not see it, and their token does not open it."""
    world.client.unlink_dataset(project=world.project, dataset=dataset[0])
    task = world.queue("python3", "-c", "import os; print(os.path.exists('data/in'))")
    make_agent("--backend", "process")
    assert world.wait(task).status == "succeeded"
    assert world.log(task) == b"False\n"


def test_an_empty_dataset_is_an_empty_folder(world: World, make_agent: MakeAgent, backend: str) -> None:
    """A task may look before anybody has put anything."""
    made = world.client.create_dataset(DatasetCreate(name="empty")).id
    world.client.link_dataset(LinkCreate(path="in"), project=world.project, dataset=made)
    task = world.queue("python3", "-c", "import os; print(os.listdir('in'))")
    make_agent("--backend", backend)
    assert world.wait(task).status == "succeeded"
    assert world.log(task) == b"[]\n"


def test_an_agent_killed_between_steps_brings_the_task_home(
    world: World, make_agent: MakeAgent, backend: str, dataset: tuple[str, str]
) -> None:
    """From the fetch of the dataset to the end: whatever was there in part is not taken for whole (F1)."""
    world.upload({"train.py": TRAIN.encode()})
    task = world.queue("python3", "train.py")
    agent = make_agent("--backend", backend)
    for status in ("preparing", "running"):
        world.wait(
            task, lambda seen, status=status: seen.status in (status, "running", "saving") or seen.status.terminal
        )
        agent.kill()
        agent.start()
    done = world.wait(task)
    assert (done.status, done.attempts) == ("succeeded", 1), world.entries(task)
    assert world.file("model.txt") == b"3"
