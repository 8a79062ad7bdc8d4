"""Datasets in tasks: read-only, shared by all tasks of a runner, and never part of a commit."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_dotscience.api.datasets import DatasetMount
from tests.runner.conftest import AgentProcess
from tests.runner.datasets import Versions
from tests.runner.fakehub import FakeHub, FakeTask

MakeAgent = Callable[..., AgentProcess]
LARGE = os.urandom(50_000)
FILES = {"a.csv": b"1\n2\n", "deep/b.bin": LARGE, "deep/run.sh": b"#!/bin/sh\n"}

# Says what it sees, and tries what it must not.
LOOK = """
import json, os
def tried(action):
    try:
        action()
    except OSError as error:
        return error.strerror
    return "done"
top = "data/in"
seen = {
    "files": {os.path.relpath(os.path.join(at, name), top): os.path.getsize(os.path.join(at, name))
              for at, _, names in os.walk(top) for name in names},
    "inode": os.stat(top + "/deep/b.bin").st_ino,
    "small": os.stat(top + "/a.csv").st_ino,
    "new": tried(lambda: open(top + "/new", "w")),
    "change": tried(lambda: open(top + "/a.csv", "a")),
    "large": tried(lambda: open(top + "/deep/b.bin", "a")),
    "remove": tried(lambda: os.unlink(top + "/a.csv")),
    "mode": tried(lambda: os.chmod(top + "/a.csv", 0o777)),
}
print(json.dumps(seen), flush=True)
open("result.txt", "w").write("made")
"""


@pytest.fixture(params=["bubblewrap", pytest.param("docker", marks=pytest.mark.docker)])
def mounting(request: pytest.FixtureRequest) -> str:
    """Name of a backend that mounts."""
    request.getfixturevalue("docker_engine" if request.param == "docker" else "bubblewrap")
    return "docker" if request.param == "docker" else "process"


@pytest.fixture
def housing(hub: FakeHub, tmp_path: Path) -> Versions:
    """A dataset."""
    return Versions(hub, tmp_path / "git")


def mounted(dataset: Versions, path: str = "data/in") -> list[DatasetMount]:
    return [dataset.mount(path, dataset.commit(FILES, {"deep/run.sh": "100755"}))]


def end_of(hub: FakeHub, task: FakeTask) -> FakeTask:
    hub.wait_for(lambda: task.finishes, "the outcome")
    return task


def test_a_task_sees_its_dataset_and_cannot_change_it(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, mounting: str
) -> None:
    """All files are there, whatever is written to them is refused, and the commit has nothing of them."""
    task = hub.add(["python3", "-c", LOOK], datasets=mounted(housing))
    make_agent("--backend", mounting)
    finish = end_of(hub, task).finish
    assert finish.outcome == "exited", (finish.message, task.entries)
    seen = json.loads(task.text("stdout"))
    assert seen["files"] == {path: len(data) for path, data in FILES.items()}
    assert seen["mode"] == "Read-only file system"
    refused = {"Read-only file system", "Permission denied"}
    assert {seen[what] for what in ("new", "change", "large", "remove")} <= refused
    assert finish.commit is not None
    assert [change.path for change in finish.commit.changes] == ["result.txt"]
    assert b"The dataset housing is at data/in" in task.text("agent")


def test_two_tasks_at_once_share_one_checkout(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, mounting: str, tmp_path: Path
) -> None:
    """The same files, not copies, and each large content was downloaded once."""
    mounts = mounted(housing)
    tasks = [hub.add(["python3", "-c", LOOK], datasets=mounts) for _ in range(2)]
    make_agent("--backend", mounting, "--slots", "2")
    seen = [json.loads(end_of(hub, task).text("stdout")) for task in tasks]
    assert seen[0]["inode"] == seen[1]["inode"]
    assert seen[0]["small"] == seen[1]["small"]
    [cached] = (tmp_path / "spool" / "objects").glob("[0-9a-f][0-9a-f]/*")
    assert cached.stat().st_ino == seen[0]["inode"]
    assert len(hub.downloads) == 1


def test_without_a_sandbox_a_link_leads_to_the_dataset(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The files are seen, nothing is copied, and what the task puts in the link's place is named and not saved."""
    monkeypatch.setenv("PATH", _without_bubblewrap(tmp_path))
    program = "import os; print(open('data/in/a.csv').read()); os.unlink('data/in'); open('data/in', 'w').write('x')"
    task = hub.add(["python3", "-c", program], datasets=mounted(housing))
    make_agent("--backend", "process")
    finish = end_of(hub, task).finish
    assert finish.exit_code == 0, task.entries
    assert task.text("stdout") == b"1\n2\n\n"
    assert finish.commit is None
    assert b"Not saved: data/in" in task.text("committer")


SPOIL = """
import os
for name in ("data/in/a.csv", "data/in/deep/b.bin"):
    os.chmod(name, 0o644)
    with open(name, "r+b") as file:
        file.write(b"spoilt")
"""
TELL = "import hashlib; print(hashlib.sha256(open('data/in/deep/b.bin', 'rb').read()).hexdigest())"


def test_a_dataset_that_a_task_could_change_is_fetched_anew(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a sandbox a task can; it is told, the next task gets the true files, large contents included."""
    monkeypatch.setenv("PATH", _without_bubblewrap(tmp_path))
    mounts = mounted(housing)
    spoiler = hub.add(["python3", "-c", SPOIL], datasets=mounts)
    make_agent("--backend", "process", "--slots", "1")
    assert end_of(hub, spoiler).finish.exit_code == 0, spoiler.entries
    assert b"Files of the dataset housing were changed" in spoiler.text("committer")
    following = hub.add(["python3", "-c", TELL], datasets=mounts)
    assert end_of(hub, following).text("stdout").strip().decode() == hashlib.sha256(LARGE).hexdigest()
    assert b"it is fetched anew" in following.text("agent")
    assert following.text("committer") == b""


def _without_bubblewrap(folder: Path) -> str:
    """A PATH with all programs but `bwrap`."""
    programs = folder / "programs"
    programs.mkdir()
    for place in os.environ["PATH"].split(":"):
        for program in Path(place).glob("*") if os.access(place, os.R_OK | os.X_OK) else ():
            if program.name != "bwrap" and not (programs / program.name).exists():
                (programs / program.name).symlink_to(program)
    return str(programs)


def test_a_dataset_without_versions_is_an_empty_folder(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, mounting: str
) -> None:
    """The task finds the folder, with nothing in it."""
    task = hub.add(["python3", "-c", "import os; print(os.listdir('in'))"], datasets=[housing.mount("in", None)])
    make_agent("--backend", mounting)
    assert end_of(hub, task).finish.exit_code == 0
    assert task.text("stdout") == b"[]\n"
    assert task.finish.commit is None


@pytest.mark.parametrize(
    ("files", "modes", "said"),
    [
        ({"data/in": b"mine"}, {}, "The workspace has a file 'data/in' where the dataset at 'data/in' goes"),
        ({"data": b"mine"}, {}, "The workspace has a file 'data' where"),
        ({"data": b"/etc"}, {"data": "120000"}, "The workspace has a symlink 'data' where"),
        ({"data/in": b"/etc"}, {"data/in": "120000"}, "The workspace has a symlink 'data/in' where"),
    ],
)
@pytest.mark.parametrize("backend", ["process", "dummy"])
def test_something_in_the_way_is_a_clear_failure(
    hub: FakeHub,
    make_agent: MakeAgent,
    housing: Versions,
    tmp_path: Path,
    files: dict[str, bytes],
    modes: dict[str, str],
    said: str,
    backend: str,
) -> None:
    """The task is not started, nothing is replaced and no link followed, and the sentence names what is there."""
    project = Versions(hub, tmp_path / "git")
    task = hub.add(
        ["true"],
        datasets=mounted(housing),
        project=project.id,
        commit=project.commit(files, modes),
        git_path=project.git_path,
    )
    make_agent("--backend", backend)
    finish = end_of(hub, task).finish
    assert (finish.outcome, finish.commit) == ("start-failed", None)
    assert said in finish.message
    assert "in" not in [path.name for path in Path("/etc").iterdir()]


def test_files_that_a_dataset_hides_stay_in_the_project(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, mounting: str, tmp_path: Path
) -> None:
    """They are not seen by the task, and its commit does not delete them."""
    project = Versions(hub, tmp_path / "git")
    commit = project.commit({"data/in/hidden.txt": b"old", "data/seen.txt": b"old"})
    task = hub.add(
        ["python3", "-c", LOOK],
        datasets=mounted(housing),
        project=project.id,
        commit=commit,
        git_path=project.git_path,
    )
    make_agent("--backend", mounting)
    finish = end_of(hub, task).finish
    assert "hidden.txt" not in json.loads(task.text("stdout"))["files"]
    assert finish.commit is not None
    assert ([c.path for c in finish.commit.changes], finish.commit.deletes) == (["result.txt"], [])
    assert b"It hides what the workspace has at data/in" in task.text("agent")


@pytest.mark.parametrize("paths", [("data", "data/in"), ("data/in", "data"), ("data", "data")])
def test_datasets_in_each_other_are_refused(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, tmp_path: Path, paths: tuple[str, str]
) -> None:
    """One would have to be made in the read-only files of the other."""
    other = Versions(hub, tmp_path / "git")
    mounts = [housing.mount(paths[0], None), other.mount(paths[1], None)]
    task = hub.add(["true"], datasets=mounts)
    make_agent("--backend", "dummy")
    assert end_of(hub, task).finish.outcome == "start-failed"
    assert "are in each other" in task.finish.message


@pytest.mark.parametrize("path", ["../x", "/etc", "a//b", "a/../../b", ".git"])
def test_a_path_out_of_the_workspace_is_refused(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, path: str
) -> None:
    """Whatever a hub says."""
    task = hub.add(["true"], datasets=[housing.mount(path, None)])
    make_agent("--backend", "dummy")
    assert end_of(hub, task).finish.outcome == "start-failed"
    assert "cannot be mounted" in task.finish.message


def test_a_dataset_that_is_gone_fails_the_task_with_its_name(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions
) -> None:
    """Its large contents cannot be had any more: the task fails, it is not taken for lost."""
    mounts = mounted(housing)
    hub.objects.clear()
    task = hub.add(["true"], datasets=mounts)
    make_agent("--backend", "dummy")
    assert end_of(hub, task).finish.outcome == "start-failed"
    assert "The dataset housing cannot be had" in task.finish.message


def test_an_agent_killed_while_it_brings_a_dataset_begins_again(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, tmp_path: Path
) -> None:
    """Whatever was there in part is not taken for the dataset, and is gone in the end (F1)."""
    task = hub.add(["python3", "-c", LOOK], datasets=mounted(housing))
    arrived, held = threading.Event(), threading.Event()

    def hold(route: str, body: object) -> None:
        if route == "get_dataset_object" and not held.is_set():
            arrived.set()
            held.wait(30)

    hub.before = hold
    agent = make_agent("--backend", "process")
    assert arrived.wait(30)
    place = tmp_path / "spool" / "datasets" / housing.id
    assert [path.name[:5] for path in place.iterdir()] == [".new-"]
    agent.kill()
    held.set()
    agent.start()
    end_of(hub, task)
    assert json.loads(task.text("stdout"))["files"] == {path: len(data) for path, data in FILES.items()}
    assert [path.name for path in place.iterdir()] == [task.assignment.datasets[0].commit]


@pytest.mark.parametrize("what", ["object", "history"])
def test_a_task_that_is_stopped_while_its_dataset_comes_ends_at_once(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, what: str
) -> None:
    """A server that sends no more history keeps nobody waiting; of large files the next piece is the last."""
    mounts = mounted(housing)
    arrived, over = threading.Event(), threading.Event()

    def hold(route: str, body: object) -> None:
        if route == ("get_dataset_object" if what == "object" else "git"):
            arrived.set()
            over.wait(60)

    hub.before = hold
    task = hub.add(["true"], datasets=mounts)
    make_agent("--backend", "dummy")
    assert arrived.wait(30)
    beats = task.beats
    hub.ask_stop(task)
    if what == "object":
        hub.wait_for(lambda: task.beats > beats + 1, "the agent to have heard of the stop")
        over.set()
    hub.wait_for(lambda: task.finishes, "the outcome", 30)
    over.set()
    assert (task.finish.outcome, task.finish.commit) == ("stopped", None)


def test_an_agent_killed_while_the_task_runs_keeps_its_dataset(
    hub: FakeHub, make_agent: MakeAgent, housing: Versions, mounting: str, tmp_path: Path
) -> None:
    """The task goes on with its files, and the next agent finishes it without fetching again (F1)."""
    program = (
        "import os, time\nprint('up', flush=True)\nwhile not os.path.exists('/workspace/go'): time.sleep(0.05)\n"
        "print(open('data/in/a.csv').read())"
    )
    task = hub.add(["python3", "-c", program], datasets=mounted(housing))
    agent = make_agent("--backend", mounting)
    hub.wait_for(lambda: task.text("stdout"), "the start")
    agent.kill()
    agent.start()
    deadline = time.monotonic() + 90
    while agent.log.read_text().count("is ready") < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    (tmp_path / "spool" / "tasks" / task.assignment.task / "work" / "go").touch()
    assert end_of(hub, task).finish.exit_code == 0
    assert task.text("stdout") == b"up\n1\n2\n\n"
    assert len(hub.downloads) == 1


def test_progress_is_told_while_a_dataset_comes(hub: FakeHub, make_agent: MakeAgent, housing: Versions) -> None:
    """The task's message says what is fetched; the log has plain lines."""
    task = hub.add(["true"], datasets=[housing.mount("in", housing.commit(FILES), size=50_000)])
    make_agent("--backend", "dummy")
    end_of(hub, task)
    assert "Dataset housing: fetching" in [report.message for report in task.reports]
    assert b"Fetching the dataset housing" in task.text("agent")
    assert re.search(rb"^Dataset housing: \d+ % \([\d.]+ kB of 50 kB\)$", task.text("agent"), re.MULTILINE)
