"""The runner as a container, started by the very line that `ds runner create` prints."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from docker.errors import NotFound

from tests.cli.program import COMMAND
from tests.hubprocess import RunningHub, hub, require_proxy
from tests.require import require
from tests.services.docker_engine import DEFAULT_URL, DockerEngine, sweep_tasks

pytestmark = [pytest.mark.docker, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
WAIT_SECONDS = 60
TRAIN = """
import dotscience as ds
ds.start()
rate = ds.parameter("rate", 0.5)
with open(ds.input("data.csv")) as file:
    total = sum(float(line) for line in file)
for step in range(20):
    ds.log(step=step, loss=1 / (step + 1))
with open(ds.output("model.txt"), "w") as file:
    file.write(str(total * rate))
ds.summary("total", total)
ds.publish("trained")
"""
# Three seconds of both streams, and a file at the end that tells how often it was started.
CHATTER = """
import os, sys, time
for number in range(300):
    os.write(1, b'out %d\\n' % number)
    os.write(2, b'err %d\\n' % number)
    time.sleep(.01)
with open(sys.argv[1], 'a') as file:
    file.write('started once\\n')
"""
STDOUT = b"".join(b"out %d\n" % number for number in range(300))
STDERR = b"".join(b"err %d\n" % number for number in range(300))


@pytest.fixture(scope="module")
def image(docker_engine: DockerEngine) -> Iterator[str]:
    """The runner's image as `make runner-image` builds it, on the image that tasks have here too."""
    require(shutil.which("docker") is not None, "the program docker")
    require(docker_engine.url == DEFAULT_URL, f"an engine at {DEFAULT_URL}, which is what the line to paste says")
    name = f"dotscience-runner-test:{docker_engine.session}"
    settings = {"IMAGE": name, "BASE": docker_engine.image, "PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "tools/build_runner_image.sh"],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=False,
    )
    require(done.returncode == 0, f"an image with the runner, which could not be built: {done.stderr[-1000:]}")
    yield name
    docker_engine.client.images.remove(name, force=True)


@dataclass(frozen=True)
class Desk:
    """A person at a terminal: `ds` with their login, and one project."""

    hub: RunningHub
    environment: dict[str, str]
    folder: Path
    project: str = ""

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start one command of `ds`."""
        return subprocess.Popen(
            [*COMMAND, *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            # What was read line by line must not be more than that.
            bufsize=0,
        )

    def ds(self, *arguments: str) -> str:
        """What a command of `ds` prints."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=WAIT_SECONDS)
        assert process.returncode == 0, err
        return out.decode()

    def json(self, *arguments: str) -> Any:
        return json.loads(self.ds(*arguments))


@contextlib.contextmanager
def _desk(running: RunningHub, folder: Path) -> Iterator[Desk]:
    settings = {"DOTSCIENCE_URL": running.url, "DOTSCIENCE_TOKEN": running.make_user()}
    desk = Desk(running, {**os.environ, **settings, "DOTSCIENCE_CONFIG_DIR": str(folder / "ds")}, folder)
    yield replace(desk, project=desk.ds("project", "create").strip())


@pytest.fixture(scope="module")
def far_hub(docker_engine: DockerEngine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub that containers reach as they reach another machine: at the address of the engine's bridge."""
    require_proxy()
    program = "import socket; print(socket.gethostbyname('hub'))"
    host = docker_engine.client.containers.run(
        docker_engine.image, ["python3", "-c", program], extra_hosts={"hub": "host-gateway"}, remove=True
    )
    gateway = host.decode().strip()
    require(lambda: _is_own(gateway), f"an engine on this machine: {gateway}, where containers find it, is another one")
    with hub(tmp_path_factory.mktemp("far") / "data", "--no-runner", "--host", gateway) as running:
        yield running


def _is_own(address: str) -> bool:
    """Whether a server of this machine can have the address; not where the engine is in a virtual machine."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.bind((address, 0))
        return True
    return False


@pytest.fixture(scope="module")
def desk(far_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A new user with a project on the far hub."""
    with _desk(far_hub, tmp_path_factory.mktemp("desk")) as made:
        yield made


class Box:
    """The runner's container.

    Args:
        engine: Where it runs.
        line: What `ds runner create -q` printed.
    """

    def __init__(self, engine: DockerEngine, line: str) -> None:
        self._client = engine.client
        self.name, self.volume = f"ds-runner-{secrets.token_hex(6)}", f"ds-spool-{secrets.token_hex(6)}"
        # As it was printed, but for two names that a person's own runner on this machine may have.
        self._line = line.replace("--name dotscience-runner ", f"--name {self.name} ")
        self._line = self._line.replace("-v dotscience-task-spool:", f"-v {self.volume}:")
        assert self.name in self._line
        assert self.volume in self._line

    def paste(self) -> None:
        """Do what a person does with the line."""
        done = subprocess.run(["bash", "-c", self._line], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    @property
    def container(self) -> Any:
        return self._client.containers.get(self.name)

    def kill(self) -> None:
        """SIGKILL from outside; the engine is not asked, so its restart policy holds."""
        before = self.container.attrs
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        self.wait(lambda: self.container.attrs["RestartCount"] > before["RestartCount"])

    def wait(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def log(self) -> str:
        return str(self.container.logs().decode(errors="replace"))

    def remove(self) -> None:
        """Remove container, tasks and volume, and fail if the engine still has one of them."""
        with contextlib.suppress(NotFound):
            self.container.remove(force=True, v=True)
        with contextlib.suppress(NotFound):
            volume = self._client.volumes.get(self.volume)
            sweep_tasks(self._client, Path(volume.attrs["Mountpoint"]))
            volume.remove()


@pytest.fixture(scope="module")
def box(docker_engine: DockerEngine, image: str, desk: Desk) -> Iterator[Box]:
    """A runner of the user at the desk, started by the printed line."""
    made = Box(docker_engine, desk.ds("runner", "create", "-q", "--runner-image", image))
    yield from _kept(made)


def _kept(box: Box) -> Iterator[Box]:
    try:
        box.paste()
        yield box
        with contextlib.suppress(NotFound):
            print(box.log())
    finally:
        box.remove()


def run_whole(desk: Desk, meanwhile: Callable[[], object]) -> list[str]:
    """Run CHATTER, do something after its first lines, and see every byte and one start; the outcomes of the task."""
    name = secrets.token_hex(6)
    process = desk.start("run", "-p", desk.project, "--", "python3", "-c", CHATTER, f"{name}.txt")
    assert process.stdout is not None
    first = process.stdout.readline() + process.stdout.readline()
    meanwhile()
    rest, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, err
    task = desk.json("task", "ls", "--output", "json")[0]["id"]
    check_output(first + rest, err)
    # A line for each start, in a file of its own for each job.
    assert desk.ds("file", "get", desk.project, f"{name}.txt", "-") == "started once\n"
    return [one["status"] for one in desk.json("task", "inspect", task)]


def test_a_dataset_is_seen_read_only_from_the_runners_volume(desk: Desk, box: Box, tmp_path: Path) -> None:
    """The engine mounts a part of the volume inside of another part of it; the commit has nothing of it."""
    (tmp_path / "files" / "deep").mkdir(parents=True)
    (tmp_path / "files" / "numbers.csv").write_text("1\n2\n")
    (tmp_path / "files" / "deep" / "large.bin").write_bytes(os.urandom(11 << 20))
    project = desk.ds("project", "create").strip()
    dataset = desk.ds("dataset", "create", "files", "--name", f"set-{secrets.token_hex(6)}").strip()
    desk.ds("dataset", "put", dataset, str(tmp_path / "files"))
    desk.ds("project", "link", project, dataset, "data/in")
    program = (
        "import os; print(sorted(os.listdir('data/in')), os.path.getsize('data/in/deep/large.bin'))\n"
        "open('new.txt', 'w').close()\n"
        "try: open('data/in/numbers.csv', 'a')\nexcept OSError as error: print(error.strerror)"
    )
    said = desk.ds("run", "-p", project, "--", "python3", "-c", program)
    assert said == f"['deep', 'numbers.csv'] {11 << 20}\nRead-only file system\n"
    assert [line.split()[0] for line in desk.ds("file", "ls", project).splitlines()[1:]] == ["new.txt"]


def check_output(out: bytes, err: bytes) -> None:
    """`ds` showed the job's output byte for byte, among words of its own."""
    assert only(out, b"out ") == STDOUT
    assert only(err, b"err ") == STDERR


def only(text: bytes, start: bytes) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if line.startswith(start))


def test_the_line_that_is_printed_starts_a_runner_that_records(desk: Desk, box: Box) -> None:
    """Pasted, it executes an uploaded program as a sibling container, with the library, its values and its points."""
    work = desk.folder / "work"
    work.mkdir()
    (work / "train.py").write_text(TRAIN)
    (work / "data.csv").write_text("1\n2\n")
    process = desk.start("run", "-p", desk.project, "-u", "work", "--", "python3", "train.py")
    out, err = process.communicate(timeout=WAIT_SECONDS)
    assert process.returncode == 0, (out, err, box.log())
    [run] = desk.json("runs", "ls", "--output", "json", desk.project)
    [task] = desk.json("runs", "inspect", "--project", desk.project, run["id"])
    [run] = task["runs"]
    assert (run["parameters"], run["summary"]) == ({"rate": "0.5"}, {"total": "3.0"})
    assert desk.ds("file", "get", desk.project, "model.txt", "-") == "1.5"


def test_a_container_of_the_agent_that_is_killed_comes_back_to_its_task(desk: Desk, box: Box) -> None:
    """SIGKILL of the agent in the middle of a job: one outcome, every byte once, one start (F1)."""
    require(os.geteuid() == 0, "root, to kill a container's process")
    assert run_whole(desk, box.kill) == ["succeeded"]


def test_a_container_of_the_agent_that_is_stopped_and_started_goes_on(desk: Desk, box: Box) -> None:
    """`docker stop` ends the agent at once and not its tasks; `docker start` brings their results home."""

    def stop_and_start() -> None:
        box.container.stop(timeout=WAIT_SECONDS)
        assert box.container.attrs["State"]["ExitCode"] == 0, box.log()
        box.container.start()

    assert run_whole(desk, stop_and_start) == ["succeeded"]


def test_a_hub_on_the_same_machine_is_reached(
    running_hub: RunningHub, docker_engine: DockerEngine, image: str, tmp_path: Path
) -> None:
    """The line for a hub at 127.0.0.1 works when it is pasted on the hub's own machine."""
    with _desk(running_hub, tmp_path) as desk:
        box = Box(docker_engine, desk.ds("runner", "create", "-q", "--runner-image", image))
        for _ in _kept(box):
            process = desk.start("run", "-p", desk.project, "--", "python3", "-c", "print('here')")
            out, err = process.communicate(timeout=WAIT_SECONDS)
            assert process.returncode == 0, (err, box.log())
            assert b"here\n" in out


def test_nothing_is_left_when_it_was_removed(docker_engine: DockerEngine, desk: Desk, box: Box) -> None:
    """After its jobs the spool has nothing of them; container and volume go by Docker's own commands."""
    desk.ds("run", "-p", desk.project, "--", "true")
    box.wait(lambda: box.container.exec_run(["ls", "/spool/tasks"]).output == b"")
    subprocess.run(["docker", "rm", "--force", box.name], check=True, capture_output=True)
    subprocess.run(["docker", "volume", "rm", box.volume], check=True, capture_output=True)
    # The fixture looks for the tasks' containers by the volume; here is what the engine still has of any kind.
    containers = docker_engine.client.api.containers(all=True)
    assert [one["Names"] for one in containers if box.volume in repr(one["Mounts"])] == []
