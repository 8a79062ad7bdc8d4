"""The agent against a hub that speaks the contract: one task from claim to outcome."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path

from jupyter_dotscience.api.logs import LogEntry, LogStream
from tests.runner.conftest import AgentProcess
from tests.runner.fakehub import FakeHub

MakeAgent = Callable[..., AgentProcess]


def finished(hub: FakeHub, *tasks: object) -> None:
    hub.wait_for(lambda: all(task.finishes for task in tasks), "the outcome")  # type: ignore[attr-defined]


def test_a_task_is_carried_from_claim_to_outcome(hub: FakeHub, make_agent: MakeAgent) -> None:
    """States in order, output whole, changed files committed on the task's branch, exit code told."""
    task = hub.add(
        ["train"],
        environment={
            "DUMMY_PULL_STEPS": "3", "DUMMY_STDOUT": "one\ntwo", "DUMMY_STDERR": "oh\n", "DUMMY_LINES": "1000",
            "DUMMY_FILES": json.dumps({"model/weights.txt": "0.5"}), "DUMMY_EXIT_CODE": "3",
        },
    )  # fmt: skip
    make_agent("--backend", "dummy", "--label", "fast", "--label", "zone=a")
    finished(hub, task)
    assert task.statuses == ["preparing", "running", "saving"]
    assert task.text("stdout") == b"one\ntwo" + b"".join(b"line %d\n" % n for n in range(1000))
    assert task.text("stderr") == b"oh\n"
    assert task.text("pull").count(b"\n") == 3
    finish = task.finish
    assert (finish.outcome, finish.exit_code) == ("exited", 3)
    assert finish.commit is not None
    assert finish.commit.branch == f"tasks/{task.assignment.task}"
    assert [(c.path, c.data) for c in finish.commit.changes] == [("model/weights.txt", b"0.5")]
    assert finish.commit.created == finish.execution.ended
    assert hub.hellos[0].labels == {"fast": "", "zone": "a"}


def test_a_later_attempt_adds_to_the_log(hub: FakeHub, make_agent: MakeAgent, tmp_path: Path) -> None:
    """What it says before it has heard from the hub comes after what the hub has of the attempt before."""
    task = hub.add(["train"], environment={"DUMMY_STDOUT": "of the second attempt\n"}, logs_next=3)
    task.entries = [LogEntry(number, LogStream.STDOUT, 1, b"of the first attempt\n") for number in range(3)]
    log = tmp_path / "spool" / "tasks" / task.assignment.task / "log"

    def wait_for_output(route: str, body: object) -> None:
        while route == "append_logs" and not any(b"second" in path.read_bytes() for path in log.glob("*.log")):
            time.sleep(0.01)

    hub.before = wait_for_output
    make_agent("--backend", "dummy")
    finished(hub, task)
    assert task.text("stdout") == b"of the first attempt\n" * 3 + b"of the second attempt\n"


def test_nothing_is_left_of_a_finished_task(hub: FakeHub, make_agent: MakeAgent, tmp_path: Path) -> None:
    """The spool is empty again once the hub knows the outcome."""
    task = hub.add(["train"])
    agent = make_agent("--backend", "dummy")
    finished(hub, task)
    assert agent.terminate() == 0
    assert list((tmp_path / "spool" / "tasks").iterdir()) == []
    assert task.finish.commit is None


def test_a_process_runs_in_its_workspace_with_the_library_at_hand(hub: FakeHub, make_agent: MakeAgent) -> None:
    """A published run is found in the output, and the file it wrote is in the commit."""
    program = (
        "import dotscience as ds, os\n"
        "ds.start()\n"
        "ds.parameter('lr', 0.1)\n"
        "open('out.txt', 'w').write('result')\n"
        "ds.summary('loss', 0.25)\n"
        "ds.publish('done')\n"
        "print(os.environ['GREETING'])\n"
    )
    task = hub.add(["python", "-c", program], environment={"GREETING": "a 'b'\n\"c\" ü"})
    make_agent("--backend", "process")
    finished(hub, task)
    finish = task.finish
    assert finish.exit_code == 0, task.entries
    assert task.text("stdout").endswith("a 'b'\n\"c\" ü\n".encode())
    [run] = finish.runs
    assert run.description == "done"
    assert run.parameters == {"lr": "0.1"}
    assert finish.commit is not None
    assert [c.path for c in finish.commit.changes] == ["out.txt"]
