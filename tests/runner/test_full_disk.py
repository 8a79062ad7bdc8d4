"""An agent at work keeps within its size, and lives through a full disk."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.require import missing
from tests.runner.conftest import AgentProcess
from tests.runner.datasets import Versions
from tests.runner.fakehub import FakeHub

MakeAgent = Callable[..., AgentProcess]
GROW = """
import os, signal, sys
def end(*_):
    os.unlink("big")
    open("kept.txt", "w").write("kept")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
with open("big", "wb") as file:
    os.posix_fallocate(file.fileno(), 0, 1_200_000_000)
print("grown", flush=True)
signal.pause()
"""


def test_a_task_that_grows_beyond_the_runners_size_is_ended(hub: FakeHub, make_agent: MakeAgent) -> None:
    """Before the disk is full, as failed whatever its exit code, with a sentence; what it saved is kept."""
    hub.storage = 1
    task = hub.add(["python3", "-c", GROW])
    make_agent("--backend", "process")
    hub.wait_for(lambda: task.finishes, "the outcome")
    finish = task.finish
    assert (finish.outcome, finish.exit_code) == ("out-of-storage", 0)
    assert "its files had grown to 1.2 GB and this runner may use 1 GB of its disk" in finish.message
    assert finish.commit is not None
    assert [change.path for change in finish.commit.changes] == ["kept.txt"]
    assert finish.message.encode() in task.text("agent")


def test_a_dataset_larger_than_the_runner_is_refused_before_it_comes(
    hub: FakeHub, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """The sentence names need, limit and the command; nothing was fetched."""
    hub.storage = 1
    dataset = Versions(hub, tmp_path / "git")
    task = hub.add(["true"], datasets=[dataset.mount("in", dataset.commit({"a": b"x"}), size=3 * 10**9)])
    make_agent("--backend", "dummy")
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert task.finish.outcome == "start-failed"
    assert "needs 3 GB on the runner (the dataset housing 3 GB)" in task.finish.message
    assert "ds runner create -s 4" in task.finish.message
    assert not (tmp_path / "spool" / "git" / f"{dataset.id}.git").exists()


@pytest.fixture
def small_spool(tmp_path: Path) -> Iterator[Path]:
    """The spool's place on a disk of 200 MiB."""
    folder = tmp_path / "spool"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=200m,mode=700", "dotscience-test", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        missing("the right to mount a tmpfs (root has it)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


FILL = """
import os
for number in range(2000):
    print("line", number, flush=True)
os.makedirs("results", exist_ok=True)
open("results/small.txt", "w").write("small")
print("[[DOTSCIENCE-RUN:run-1]]{}[[/DOTSCIENCE-RUN:run-1]]", flush=True)
with open("/tmp/filler" if os.path.isdir("/workspace") else "filler", "wb") as file:
    try:
        while True:
            file.write(b"x" * (1 << 20))
            file.flush()
    except OSError as error:
        print("stopped by:", error.strerror, flush=True)
"""


@pytest.mark.parametrize("then", ["", "import time; time.sleep(1000)", "raise SystemExit(3)"])
def test_a_task_that_fills_the_disk_ends_with_all_it_said(
    hub: FakeHub, make_agent: MakeAgent, small_spool: Path, bubblewrap: str, then: str
) -> None:
    """Log, files and runs arrive, the sentence is clear, the agent lives, and the next task works (F14)."""
    task = hub.add(["python3", "-c", FILL + then])
    agent = make_agent("--backend", "process")
    hub.wait_for(lambda: task.finishes, "the outcome", 120)
    finish = task.finish
    lines = task.text("stdout").splitlines()
    assert lines[:2000] == [b"line %d" % number for number in range(2000)]
    assert lines[-1] == b"stopped by: No space left on device"
    assert [run.id for run in finish.runs] == ["run-1"]
    assert finish.commit is not None
    assert [change.path for change in finish.commit.changes] == ["results/small.txt"]
    if finish.outcome == "out-of-storage":
        assert "the disk of this runner is full" in finish.message
    else:
        assert (finish.outcome, then) != ("exited", "import time; time.sleep(1000)")
    following = hub.add(["python3", "-c", "print('works')"])
    hub.wait_for(lambda: following.finishes, "the next task")
    assert following.text("stdout") == b"works\n"
    assert agent.returncode is None


def test_an_agent_does_not_claim_on_a_full_disk(hub: FakeHub, make_agent: MakeAgent, small_spool: Path) -> None:
    """Another runner may take the task; when there is room again this one does."""
    (small_spool / "foreign").write_bytes(b"x" * (190 << 20))
    agent = make_agent("--backend", "dummy")
    task = hub.add(["true"])
    deadline = time.monotonic() + 90
    while "no new task is taken" not in agent.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert not task.claimed
    (small_spool / "foreign").unlink()
    hub.wait_for(lambda: task.finishes, "the outcome")
