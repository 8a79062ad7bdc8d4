"""What must hold whatever happens to agent and hub while a task runs (faults F1, F2, F4, F5)."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from jupyter_dotscience.api.problems import BadRequest, Conflict, TooLarge
from jupyter_dotscience.api.protocol import Claim, Claimed, Finish
from tests.runner.conftest import AgentProcess
from tests.runner.fakehub import FakeHub, FakeTask

MakeAgent = Callable[..., AgentProcess]

# Writes to both streams for two seconds, with long lines, binary data and no newline at the end; and a file.
CHATTER = """
import os, sys, time
for number in range(400):
    os.write(1, b'out %d\\n' % number + (b'L' * 40000 + b'\\n' if number % 100 == 0 else b''))
    os.write(2, b'err %d \\xff\\x00\\r' % number)
    if number == 200:
        print('[[DOTSCIENCE-RUN:run-1]]{"summary": {"loss": "1"}}[[/DOTSCIENCE-RUN:run-1]]', flush=True)
    time.sleep(0.005)
with open('starts.txt', 'a') as file:
    file.write('started once\\n')
os.write(1, b'the end')
"""
MARKER = b'[[DOTSCIENCE-RUN:run-1]]{"summary": {"loss": "1"}}[[/DOTSCIENCE-RUN:run-1]]\n'


def expected() -> tuple[bytes, bytes]:
    out, err = b"", b""
    for number in range(400):
        out += b"out %d\n" % number + (b"L" * 40000 + b"\n" if number % 100 == 0 else b"")
        out += MARKER if number == 200 else b""
        err += b"err %d \xff\x00\r" % number
    return out + b"the end", err


def check_whole(task: FakeTask) -> None:
    """One outcome; every byte once; one commit; one run."""
    finish = task.finish
    out, err = expected()
    assert finish.exit_code == 0
    assert task.text("stdout") == out
    assert task.text("stderr") == err
    assert [run.id for run in finish.runs] == ["run-1"]
    assert finish.commit is not None
    assert [(c.path, c.data) for c in finish.commit.changes] == [("starts.txt", b"started once\n")]


@pytest.fixture(params=["process", pytest.param("docker", marks=pytest.mark.docker)])
def backend(request: pytest.FixtureRequest) -> str:
    """Name of a backend that executes something."""
    if request.param == "docker":
        request.getfixturevalue("docker_engine")
    return str(request.param)


@pytest.mark.parametrize("seed", range(3))
def test_an_agent_killed_again_and_again_loses_and_doubles_nothing(
    hub: FakeHub, make_agent: MakeAgent, backend: str, seed: int
) -> None:
    """Killed with -9 at random moments: the task is started once, its log is exact, its outcome is the same (F1)."""
    task = hub.add(["python", "-c", CHATTER])
    agent = make_agent("--backend", backend)
    chance = random.Random(seed)
    for _ in range(8):
        # From the start of the interpreter to the middle of the work.
        time.sleep(chance.uniform(0.1, 0.9))
        if task.finishes:
            break
        agent.kill()
        if chance.random() < 0.3:
            time.sleep(chance.uniform(0, 0.5))
        agent.start()
    hub.wait_for(lambda: task.finishes, "the outcome")
    check_whole(task)


STEPS = ["report", "append_logs", "finish"]


@pytest.mark.parametrize("step", STEPS)
def test_an_agent_killed_in_the_middle_of_a_call_repeats_it(hub: FakeHub, make_agent: MakeAgent, step: str) -> None:
    """The hub has taken the call, the agent dies before it hears the answer (F1)."""
    task = hub.add(["python", "-c", CHATTER])
    killed: list[str] = []
    agent = make_agent("--backend", "process")
    done = getattr(hub, "finish_" if step == "finish" else step)

    def take_and_kill(*arguments: object, **parameters: str) -> object:
        answer = done(*arguments, **parameters)
        if len(killed) < 2:
            killed.append(step)
            agent.kill()
        return answer

    setattr(hub, "finish_" if step == "finish" else step, take_and_kill)
    for number in (1, 2):
        hub.wait_for(lambda number=number: len(killed) >= number, f"kill {number}")
        agent.start()
    hub.wait_for(lambda: len(task.finishes) >= (3 if step == "finish" else 1), "the outcome")
    check_whole(task)


def test_a_hub_that_is_away_costs_nothing_but_time(
    hub: FakeHub, make_agent: MakeAgent, backend: str, tmp_path: Path
) -> None:
    """The task ends while the hub is away; all arrives when it is back (F2)."""
    task = hub.add(["python", "-c", CHATTER])
    make_agent("--backend", backend)
    hub.wait_for(lambda: len(task.entries) > 20, "output")
    hub.go_away()
    folder = tmp_path / "spool" / "tasks" / task.assignment.task
    deadline = time.monotonic() + 90
    while json.loads((folder / "task.json").read_bytes())["phase"] != "ended":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    hub.start()
    hub.wait_for(lambda: task.finishes, "the outcome")
    check_whole(task)


def test_an_agent_may_start_before_its_hub(hub: FakeHub, make_agent: MakeAgent) -> None:
    """The agent says that the hub is away, keeps trying, and works when it is there."""
    hub.go_away()
    agent = make_agent("--backend", "dummy")
    deadline = time.monotonic() + 90
    while "hub is away" not in agent.log.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    task = hub.add(["x"])
    hub.start()
    hub.wait_for(lambda: task.finishes, "the outcome")


def wait_gone(folder: Path) -> None:
    deadline = time.monotonic() + 90
    while folder.exists():
        assert time.monotonic() < deadline, f"{folder} is still there"
        time.sleep(0.02)


def running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()


SLEEPER = "import os, time; print(os.getpid(), flush=True); open('f', 'w').write('x'); time.sleep(1000)"


def test_a_lost_lease_ends_the_workload_and_saves_nothing(hub: FakeHub, make_agent: MakeAgent, tmp_path: Path) -> None:
    """The hub gave the task to another runner: no outcome, no process, nothing left in the spool (F4)."""
    task = hub.add(["sleep", "1000"])
    make_agent("--backend", "process")
    folder = tmp_path / "spool" / "tasks" / task.assignment.task
    hub.wait_for(lambda: "running" in task.statuses, "the start")
    hub.give_away(task)
    wait_gone(folder)
    assert task.finishes == []
    status = [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(folder).encode() in _read(path)]
    assert status == []


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_lease_lost_while_the_agent_was_dead_ends_the_workload(
    hub: FakeHub, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """The next agent learns of it from the hub, ends what still runs and removes it (F1, F4)."""
    task = hub.add(["sleep", "1000"])
    agent = make_agent("--backend", "process")
    folder = tmp_path / "spool" / "tasks" / task.assignment.task
    hub.wait_for(lambda: "running" in task.statuses, "the start")
    agent.kill()
    shim = json.loads((folder / "process" / "started.json").read_bytes())["shim"]
    assert running(shim)
    hub.give_away(task)
    agent.start()
    wait_gone(folder)
    assert not running(shim)
    assert task.finishes == []


def test_a_stopped_task_keeps_its_results(hub: FakeHub, make_agent: MakeAgent, backend: str) -> None:
    """SIGTERM reaches the workload at once; what it wrote before is committed."""
    program = "import time; open('f', 'w').write('x'); print('ready', flush=True); time.sleep(1000)"
    task = hub.add(["python", "-c", program])
    make_agent("--backend", backend)
    hub.wait_for(lambda: task.text("stdout"), "output")
    hub.ask_stop(task)
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert (task.finish.outcome, task.finish.exit_code) == ("stopped", 143)
    assert task.finish.commit is not None
    assert [c.path for c in task.finish.commit.changes] == ["f"]


def test_a_terminated_agent_leaves_its_task_running(hub: FakeHub, make_agent: MakeAgent, backend: str) -> None:
    """SIGTERM ends the agent with 0 and not the task; the next agent brings the task home."""
    task = hub.add(["python", "-c", CHATTER])
    agent = make_agent("--backend", backend)
    hub.wait_for(lambda: task.text("stdout"), "output")
    assert agent.terminate() == 0
    agent.start()
    hub.wait_for(lambda: task.finishes, "the outcome")
    check_whole(task)


def test_a_runner_that_was_deleted_ends_its_tasks_and_itself(
    hub: FakeHub, make_agent: MakeAgent, tmp_path: Path
) -> None:
    """The hub does not know the token any more: the tasks are queued elsewhere, so they are ended here."""
    task = hub.add(["sleep", "1000"])
    agent = make_agent("--backend", "process")
    hub.wait_for(lambda: "running" in task.statuses, "the start")
    hub.known = False
    assert agent.wait() == 1
    assert list((tmp_path / "spool" / "tasks").iterdir()) == []
    assert "was the runner deleted?" in agent.log.read_text()


def test_large_files_go_as_objects(hub: FakeHub, make_agent: MakeAgent) -> None:
    """A file above the threshold is sent by its SHA-256 before the outcome names it."""
    task = hub.add(["python", "-c", "open('big', 'wb').write(b'x' * 3000000)"], threshold=1_000_000)
    make_agent("--backend", "process")
    hub.wait_for(lambda: task.finishes, "the outcome")
    digest = hashlib.sha256(b"x" * 3_000_000).hexdigest()
    assert hub.objects[digest] == b"x" * 3_000_000
    assert task.finish.commit is not None
    assert [(c.path, c.large, c.sha256) for c in task.finish.commit.changes] == [("big", True, digest)]


def test_two_agents_do_not_share_a_spool(hub: FakeHub, make_agent: MakeAgent) -> None:
    """The second one says so and ends."""
    first = make_agent("--backend", "dummy")
    hub.wait_for(lambda: hub.hellos, "the first agent")
    second = make_agent("--backend", "dummy")
    assert second.wait() == 1
    assert "give each its own" in second.log.read_text()
    assert first.returncode is None


def test_an_idle_agent_ends_at_once(hub: FakeHub, make_agent: MakeAgent) -> None:
    """Its waiting for a task does not hold it up."""
    waiting = threading.Event()

    def claim(body: Claim) -> Claimed:
        waiting.set()
        hub.lock.wait(60)
        return Claimed(assignment=None)

    hub.claim = claim  # type: ignore[method-assign]
    agent = make_agent("--backend", "dummy")
    assert waiting.wait(30)
    begin = time.monotonic()
    assert agent.terminate() == 0
    assert time.monotonic() - begin < 20, "it waited for the hub's answer"


def test_remains_that_cannot_be_read_do_not_stop_the_agent(hub: FakeHub, make_agent: MakeAgent, tmp_path: Path) -> None:
    """A damaged record costs that task's attempt; the same task given again begins anew."""
    task = hub.add(["x"], environment={"DUMMY_STDOUT": "done\n"})
    remains = tmp_path / "spool" / "tasks" / task.assignment.task
    remains.mkdir(parents=True)
    (remains / "task.json").write_text("{")
    make_agent("--backend", "dummy")
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert task.text("stdout") == b"done\n"


def test_a_task_that_comes_back_to_the_same_runner_begins_anew(hub: FakeHub, make_agent: MakeAgent) -> None:
    """The old lease's workload is ended first, and nothing of it gets into the new attempt (F4)."""
    program = (
        "import os, time\n"
        "print(sorted(os.listdir()), flush=True)\n"
        "open('trace', 'w').close()\n"
        "time.sleep(1000 if 'again' not in os.environ else 0)"
    )
    task = hub.add(["python", "-c", program])
    make_agent("--backend", "process")
    hub.wait_for(lambda: task.text("stdout"), "output")
    with hub.lock:
        task.entries.clear()
        task.fence += 1
        workload = msgspec.structs.replace(task.assignment.workload, environment={"again": "1"})
        task.assignment = msgspec.structs.replace(task.assignment, fence=task.fence, workload=workload)
        task.claimed = False
        hub.lock.notify_all()
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert task.finish.fence == task.fence
    assert task.text("stdout") == b"[]\n"


def test_states_that_the_hub_refuses_do_not_stop_a_task(hub: FakeHub, make_agent: MakeAgent) -> None:
    """The outcome is what counts."""

    def refuse(name: str, _: object) -> None:
        if name == "report":
            raise Conflict("That state cannot follow.")

    hub.before = refuse
    task = hub.add(["x"], environment={"DUMMY_STDOUT": "done\n"})
    make_agent("--backend", "dummy")
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert task.text("stdout") == b"done\n"


@pytest.mark.parametrize(("refused", "kept"), [("runs", "commit"), ("commit", "runs")])
def test_what_the_hub_does_not_refuse_of_the_results_is_kept(
    hub: FakeHub, make_agent: MakeAgent, refused: str, kept: str
) -> None:
    """Too many runs do not cost the files, nor too many files the runs."""

    def refuse(name: str, body: object) -> None:
        if isinstance(body, Finish) and getattr(body, refused):
            raise TooLarge("A JSON body has at most 64 MiB.")

    hub.before = refuse
    task = hub.add(["x"], environment={"DUMMY_FILES": '{"a": "b"}', "DUMMY_STDOUT": MARKER.decode()})
    make_agent("--backend", "dummy")
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert task.finish.outcome == "lost"
    assert getattr(task.finish, kept)
    assert not getattr(task.finish, refused)
    assert "64 MiB" in task.finish.message


def test_results_that_the_hub_refuses_are_told(hub: FakeHub, make_agent: MakeAgent) -> None:
    """The outcome is known, and that the files were not saved; not a success without files."""

    def refuse(name: str, body: object) -> None:
        if isinstance(body, Finish) and body.commit is not None:
            raise BadRequest("The quota is used up.")

    hub.before = refuse
    task = hub.add(["x"], environment={"DUMMY_FILES": '{"a": "b"}'})
    make_agent("--backend", "dummy")
    hub.wait_for(lambda: task.finishes, "the outcome")
    assert (task.finish.outcome, task.finish.commit) == ("lost", None)
    assert "The quota is used up." in task.finish.message
