"""What is killed, cut off or taken away in the middle of a job, and that the job comes home once and whole.

Kills of the agent are in tests/scenarios. The leases here last twelve seconds, so that none outlives a test by chance.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from dotscience_hub.launcher.processes import Process, descendants

from jupyter_dotscience.api.datasets import DatasetCreate, LinkCreate, S3Create
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.tasks import Task
from jupyter_dotscience.client import Client
from tests import hubprocess
from tests.hubprocess import RunningHub
from tests.launcher.test_up import alive, serves, unattended
from tests.services.docker_engine import DockerEngine
from tests.services.process import free_port
from tests.services.s3 import S3Server

from .conftest import configuration
from .lab import Lab, processes, wait_for

pytestmark = pytest.mark.slow
LEASE = {"lease_seconds": 12.0, "heartbeat_seconds": 2.0}
LINES = 1500
CHATTER = """
import os, time
for number in range({lines}):
    os.write(1, b'out %d\\n' % number)
    os.write(2, b'err %d\\n' % number)
    time.sleep({pause})
with open('once.txt', 'a') as file:
    file.write('once\\n')
"""
OUT = b"".join(b"out %d\n" % n for n in range(LINES))
ERR = b"".join(b"err %d\n" % n for n in range(LINES))


def chatter(seconds: float = 5.0) -> str:
    return CHATTER.format(lines=LINES, pause=seconds / LINES)


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub without a runner that may be hurt."""
    hubprocess.require_proxy()
    folder = tmp_path_factory.mktemp("faults")
    with hubprocess.hub(folder / "data", "--no-runner", "--config", str(configuration(folder, **LEASE))) as running:
        yield running


@pytest.fixture
def lab(hub: RunningHub, tmp_path: Path) -> Iterator[Lab]:
    """A new user, still without a runner."""
    made = Lab.of(hub, tmp_path)
    yield made
    made.close()


def part(hub: RunningHub, word: str) -> Process:
    """The process of the hub whose command line has the word as an argument, or as the end of one."""
    pattern = re.compile(rb"(^|/|\0)" + re.escape(word.encode()) + rb"\0")
    for process in descendants(hub.process.pid):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            # Not the guards of ours that start it and stay with it.
            if pattern.search(command) and b"child.py" not in command:
                return process
    raise AssertionError(f"no process {word}")


def kill(process: Process) -> None:
    process.signal(signal.SIGKILL)
    wait_for(lambda: not process.alive(), "its end")


def assert_came_home_once(lab: Lab, task: Task, attempts: int = 1) -> None:
    """One outcome, one result, and logs byte for byte what the job wrote."""
    assert (task.status, task.exit_code, task.attempts) == ("succeeded", 0, attempts)
    assert lab.log(task) == OUT
    assert lab.log(task, "stderr") == ERR
    assert lab.file("once.txt") == b"once\n"
    assert len(lab.client.list_commits(project=lab.project).items) == 1
    assert [event.status for event in task.events if event.status.terminal] == ["succeeded"]


@pytest.mark.parametrize("victim", ["dotscience_hub", "configurable-http-proxy"])
def test_service_or_proxy_killed_under_a_job(lab: Lab, victim: str) -> None:
    """Twice by kill -9, while `ds run` follows: it goes on by itself, and what it prints is exactly the job's."""
    lab.add_runner()
    process = lab.begin(chatter())
    assert process.stdout is not None
    first = process.stdout.readline()
    for _ in range(2):
        kill(part(lab.hub, victim))
        wait_for(lambda: serves(lab.hub), f"a new {victim}")
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err.decode()
    assert first + out == OUT
    assert ERR in b"\n".join(line for line in err.split(b"\n") if line.startswith(b"err ")) + b"\n"
    assert b"Traceback" not in err
    assert_came_home_once(lab, lab.last_task())


def test_a_hub_away_for_longer_than_a_lease(tmp_path: Path) -> None:
    """The job goes on, its runner keeps it, and all that was written meanwhile arrives."""
    data, port = tmp_path / "data", str(free_port())
    options = ("--no-runner", "--port", port, "--config", str(configuration(tmp_path, **LEASE)))
    with hubprocess.hub(data, *options) as hub:
        lab = Lab.of(hub, tmp_path)
        lab.add_runner()
        task = lab.queue("python3", "-c", chatter(6))
        lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) != b"")
    try:
        away = time.monotonic()
        wait_for(lambda: time.monotonic() > away + LEASE["lease_seconds"] + 2, "longer than a lease")
        with hubprocess.hub(data, *options):
            assert_came_home_once(lab, lab.wait(task))
    finally:
        lab.close()


def test_a_launcher_killed_under_a_job(tmp_path: Path) -> None:
    """Hub, proxy, service and agent end with it, the job does not: the next `up` brings it home."""
    data, config = tmp_path / "data", configuration(tmp_path, **LEASE)
    options = ("--backend", "process", "--config", str(config))
    with unattended(data, *options) as hub:
        lab = Lab.of(hub, tmp_path)
        project, token = lab.project, lab.ds.environment["DOTSCIENCE_TOKEN"]
        task = lab.queue("python3", "-c", chatter(8))
        lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) != b"")
        programs = [part(hub, word) for word in ("jupyterhub", "configurable-http-proxy", "dotscience_hub")]
        hub.process.kill()
        hub.process.wait()
        wait_for(lambda: alive(programs) == [], "all parts to end")
        with hubprocess.hub(data, *options) as again, Client(again.url, token) as client:
            found = Lab(again, client, project, ds=lab.ds, folder=tmp_path)
            assert_came_home_once(found, found.wait(task))
        lab.close()


def test_two_agents_with_one_token(lab: Lab) -> None:
    """They share the queue: a second agent does not disturb what the first one runs, and nothing runs twice."""
    token = lab.client.create_runner(RunnerCreate()).token
    lab.add_agent(token)
    long = lab.queue("python3", "-c", chatter(4))
    lab.wait(long, lambda seen: seen.status == "running")
    lab.add_agent(token)
    tasks = [lab.queue("sh", "-c", f"echo task {n}; echo {n} > file{n}") for n in range(6)]
    for number, task in enumerate(tasks):
        done = lab.wait(task)
        assert (done.status, done.attempts, lab.log(task)) == ("succeeded", 1, b"task %d\n" % number)
    done = lab.wait(long)
    assert (done.status, done.attempts, lab.log(long)) == ("succeeded", 1, OUT)
    assert set(lab.tree()) == {"once.txt", *(f"file{n}" for n in range(6))}


def test_a_runner_removed_under_a_job(lab: Lab) -> None:
    """The job is ended there, goes back to the queue, and another runner does it from the start, once."""
    mark = f"mark-{uuid4()}"
    first = lab.add_runner()
    task = lab.queue("sh", "-c", f"echo begun {mark}; test -e done || sleep 15; echo end > done")
    seen = lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) != b"")
    assert processes(mark)
    assert lab.ds("runner", "rm", str(seen.runner)).returncode == 0
    again = lab.wait(task, lambda seen: seen.status == "queued")
    assert again.runner is None or again.runner != seen.runner
    wait_for(lambda: not processes(mark), "the end of the job there")
    assert first.process is not None
    assert first.process.wait(60) == 1
    lab.add_runner()
    done = lab.wait(task)
    assert (done.status, done.attempts) == ("succeeded", 2)
    assert done.runner != seen.runner
    assert lab.log(task) == f"begun {mark}\n".encode() * 2
    assert lab.file("done") == b"end\n"
    assert len(lab.client.list_commits(project=lab.project).items) == 1


def _workload(mark: str) -> list[int]:
    """The job's own Python, not the sandbox around it."""
    found = processes(mark)
    return [pid for pid in found if not _name(pid).startswith(("bwrap", "ds"))]


def _name(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text()
    return ""


@pytest.mark.parametrize(
    ("victim", "status", "code"), [(_workload, "failed", 137), (processes, "failed", 137)], ids=["job", "sandbox"]
)
def test_a_job_killed_from_outside(lab: Lab, victim: Callable[[str], list[int]], status: str, code: int) -> None:
    """By the kernel or an admin: failed, with the signal's code; what it printed and wrote is kept."""
    lab.add_runner()
    mark = f"mark-{uuid4()}"
    program = "import time; open('kept', 'w').write('kept'); print('begun', flush=True); time.sleep(1000)"
    task = lab.queue("python3", "-c", program, mark)
    lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) != b"")
    for pid in victim(mark):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    done = lab.wait(task)
    assert (done.status, done.exit_code, done.attempts) == (status, code, 1)
    assert (lab.log(task), lab.file("kept")) == (b"begun\n", b"kept")


def test_a_job_whose_keeper_is_killed(lab: Lab) -> None:
    """The process that collects its output dies, and the job with it: lost, said why, results kept, not run again."""
    agent = lab.add_runner()
    mark = f"mark-{uuid4()}"
    program = "import time; open('kept', 'w').write('kept'); print('begun', flush=True); time.sleep(1000)"
    task = lab.queue("python3", "-c", program, mark)
    lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) != b"")
    keepers = processes("shim.py", str(agent.log.parent))
    assert keepers
    for pid in keepers:
        os.kill(pid, signal.SIGKILL)
    done = lab.wait(task)
    assert (done.status, done.attempts) == ("lost", 1)
    assert done.message.endswith((".", "?"))
    assert (lab.log(task), lab.file("kept")) == (b"begun\n", b"kept")
    wait_for(lambda: not processes(mark), "the end of the job")


@pytest.mark.docker
def test_a_container_killed_under_a_job(lab: Lab, docker_engine: DockerEngine) -> None:
    """`docker kill`: failed with 137, the log whole and the files kept."""
    lab.add_runner("--backend", "docker")
    program = "import os, time; open('kept', 'w').write('kept'); os.write(1, b'line\\n' * 10000); time.sleep(1000)"
    task = lab.queue("python3", "-c", program)
    lab.wait(task, lambda seen: seen.status == "running" and lab.log(task) == b"line\n" * 10_000)
    [container] = [each for each in docker_engine.client.containers.list() if task.id in str(each.attrs)]
    container.kill()
    done = lab.wait(task)
    assert (done.status, done.exit_code, done.attempts) == ("failed", 137, 1)
    assert lab.log(task) == b"line\n" * 10_000
    assert lab.file("kept") == b"kept"


def test_a_person_s_ds_killed_leaves_the_job_alone(lab: Lab) -> None:
    """`ds run` that dies has no part in the job; `ds logs -f` shows all of it from the start."""
    lab.add_runner()
    process = lab.begin(chatter(3))
    assert process.stdout is not None
    assert process.stdout.readline() == b"out 0\n"
    process.kill()
    process.communicate()
    task = lab.last_task()
    followed = lab.ds("logs", "-f", task.id)
    assert followed.returncode == 0
    assert followed.stdout == OUT or OUT in _without_errors(followed)
    assert_came_home_once(lab, lab.wait(task))


def _without_errors(done: subprocess.CompletedProcess[bytes]) -> bytes:
    return b"".join(line for line in done.stdout.splitlines(keepends=True) if not line.startswith(b"ERROR: "))


@pytest.mark.s3
def test_a_service_killed_while_a_task_waits_for_a_bucket(lab: Lab, s3_server: S3Server) -> None:
    """The wait is in the store: the task gets its version after the next start, and what it then reads is all there."""
    client = s3_server.client()
    client.put_object(Bucket=s3_server.bucket, Key="a.csv", Body=b"1,2\n")
    source = S3Create(
        bucket=s3_server.bucket,
        access_key_id=s3_server.key,
        secret_access_key=s3_server.secret,
        endpoint_url=s3_server.endpoint,
        region=s3_server.region,
    )
    dataset = lab.client.create_dataset(DatasetCreate(name="bucket", s3=source)).id
    lab.client.link_dataset(LinkCreate(path="data"), project=lab.project, dataset=dataset)
    client.put_object(Bucket=s3_server.bucket, Key="b.csv", Body=b"3,4\n")
    task = lab.queue("cat", "data/a.csv", "data/b.csv")
    kill(part(lab.hub, "dotscience_hub"))
    wait_for(lambda: serves(lab.hub), "a new service")
    lab.add_runner()
    done = lab.wait(task)
    assert (done.status, done.exit_code) == ("succeeded", 0)
    assert lab.log(done) == b"1,2\n3,4\n"
    assert done.datasets[0].commit == lab.client.get_dataset(dataset=dataset).head
