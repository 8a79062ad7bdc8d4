"""`dotscience-hub up`: started, stopped, killed, started again."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dotscience_hub.launcher.processes import Process, descendants

from jupyter_dotscience.api.routes import PREFIX
from tests import hubprocess
from tests.hubprocess import RunningHub

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _proxy() -> None:
    hubprocess.require_proxy()


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.1)


def alive(processes: list[Process]) -> list[Process]:
    """Those that still run."""
    return [process for process in processes if process.alive()]


def serves(hub: RunningHub) -> bool:
    """Whether hub, service and gateway answer through the proxy."""
    try:
        paths = (PREFIX + "/ready", "/hub/login", "/services/dotscience-gateway/health")
        return all(hub.request("GET", path).status == 200 for path in paths)
    except Exception:  # noqa: BLE001 - whatever it is, it is not an answer
        return False


@contextlib.contextmanager
def unattended(data_dir: Path, *arguments: str) -> Iterator[RunningHub]:
    """A hub whose launcher the test ends itself; what is left of it is ended."""
    log = data_dir.parent / "unattended.log"
    process, ready = hubprocess.launch(data_dir, *arguments, log=log)
    hub = RunningHub(data_dir, process, hubprocess.await_ready(process, ready, log))
    family = descendants(process.pid)
    try:
        yield hub
    finally:
        hub.close()
        process.kill()
        process.wait()
        for left in family:
            left.signal(signal.SIGKILL)


def test_start_use_stop_and_start_again(tmp_path: Path) -> None:
    """The ready file says how to log in; SIGTERM ends all; the next start has the data and shows no secret."""
    data = tmp_path / "data"
    with unattended(data, "--no-runner") as hub:
        ready = next(tmp_path.glob("*ready*.json"))
        assert set(json.loads(ready.read_text())) == {"url", "username", "password"}
        assert stat.S_IMODE(ready.stat().st_mode) == 0o600
        assert stat.S_IMODE(data.stat().st_mode) == 0o700
        said = (tmp_path / "unattended.log").read_text()
        assert hub.url in said
        assert str(hub.password) in said
        project = hub.api("POST", "/projects", {"name": "kept"}, token=hub.admin_token).json()["id"]
        family, password = descendants(hub.process.pid), hub.password
        assert len(family) >= 3
        began = time.monotonic()
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(15) == 0
        assert time.monotonic() - began < 15
        assert alive(family) == []
        assert not ready.exists()
    with hubprocess.hub(data, "--no-runner") as again:
        assert again.password == password
        assert str(password) not in (tmp_path / "data.log").read_text()
        assert again.api("GET", f"/projects/{project}", token=again.admin_token).json()["name"] == "kept"
        assert again.command("user", "passwd", "admin").strip() != password
        assert not (data / "admin-password").exists()


def test_a_killed_launcher_leaves_nothing_running(tmp_path: Path) -> None:
    """Kill -9 of the launcher ends hub, proxy and service too, and the next start works."""
    data = tmp_path / "data"
    with unattended(data, "--no-runner") as hub:
        family = descendants(hub.process.pid)
        hub.process.kill()
        hub.process.wait()
        wait_for(lambda: alive(family) == [], "all processes to end")
    with hubprocess.hub(data, "--no-runner") as again:
        assert serves(again)


def test_a_killed_hub_service_and_gateway_come_back(tmp_path: Path) -> None:
    """Kill -9 of JupyterHub, of the service, then of the gateway: the launcher and JupyterHub start them again."""
    with hubprocess.hub(tmp_path / "data", "--no-runner") as hub:
        token = hub.admin_token
        for name in ("jupyterhub", "dotscience_hub", GATEWAY):
            victim = find(hub.process.pid, name)
            victim.signal(signal.SIGKILL)
            wait_for(lambda victim=victim: not victim.alive(), f"{name} to die")  # type: ignore[misc]
            wait_for(lambda: serves(hub), f"a new {name}")
            assert hub.api("GET", "/account", token=token).status == 200
    assert "The hub ended (killed by SIGKILL); starting it again." in (tmp_path / "data.log").read_text()


GATEWAY = "the gateway"


def running(launcher: int, module: str) -> list[Process]:
    """The Python processes of a launcher that run a module."""
    found = []
    for process in descendants(launcher):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            name = GATEWAY if command[3:4] == [b"gateway"] else b"".join(command[2:3]).decode()
            found += [process] if command[1:2] == [b"-m"] and name == module else []
    return found


def find(launcher: int, module: str) -> Process:
    """The one that runs a module."""
    (process,) = running(launcher, module)
    return process


def test_a_second_hub_on_the_same_folder_is_refused(running_hub: RunningHub) -> None:
    """One sentence, and the first one goes on."""
    answer = up(running_hub.data_dir, "--port", "0")
    assert answer.returncode == 1
    assert answer.stderr == (
        f"Error: A hub runs already on {running_hub.data_dir} (process {running_hub.process.pid}).\n"
    )
    assert serves(running_hub)


def up(data_dir: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `dotscience-hub up` where it must fail."""
    command = [*hubprocess.PROGRAM, "up", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environment}
    )


def test_a_port_in_use_is_a_sentence(tmp_path: Path) -> None:
    """It names the port and the option, and nothing is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        answer = up(tmp_path / "data", "--port", str(port))
    assert answer.returncode == 1
    assert f"Error: Port {port} is in use; choose another one with --port." in answer.stderr


def test_an_address_of_another_machine_is_a_sentence(tmp_path: Path) -> None:
    """--host takes an address of this machine."""
    answer = up(tmp_path / "data", "--host", "192.0.2.1")
    assert answer.returncode == 1
    assert "cannot be listened on" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_missing_proxy_is_a_sentence(tmp_path: Path) -> None:
    """It says how to get one."""
    answer = up(tmp_path / "data", "--port", "0", DOTSCIENCE_PROXY=str(tmp_path / "nowhere"))
    assert answer.returncode == 1
    assert "DOTSCIENCE_PROXY names" in answer.stderr


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file is in the way."""
    (tmp_path / "file").write_text("")
    answer = up(tmp_path / "file" / "data")
    assert answer.returncode == 1
    assert "cannot be used: Not a directory." in answer.stderr
    assert "Traceback" not in answer.stderr


def test_a_ready_file_in_no_folder_is_a_sentence(tmp_path: Path) -> None:
    """It is said before anything is started."""
    answer = up(tmp_path / "data", "--port", "0", "--ready-file", str(tmp_path / "none" / "ready.json"))
    assert answer.returncode == 1
    assert "There is no folder" in answer.stderr


def test_the_runner_works_and_ends_with_the_hub(tmp_path: Path) -> None:
    """With the process backend a task runs at once; SIGTERM ends its processes too."""
    with unattended(tmp_path / "data", "--backend", "process") as hub:
        project = hub.api("POST", "/projects", {}, token=hub.admin_token).json()["id"]
        workload = {"kind": "command", "image": "python:3", "command": ["sh", "-c", "echo working; exec sleep 3600"]}
        task = hub.api("POST", f"/projects/{project}/tasks", {"workload": workload}, token=hub.admin_token).json()["id"]

        def working() -> bool:
            return b"d29ya2luZwo=" in hub.api("GET", f"/tasks/{task}/logs", token=hub.admin_token).body

        wait_for(working, "the task's output")
        agent = find(hub.process.pid, "dotscience_runner")
        agent.signal(signal.SIGKILL)
        log = tmp_path / "unattended.log"
        wait_for(lambda: "The runner ended (killed by SIGKILL)" in log.read_text(), "word of its end")
        wait_for(lambda: bool(running(hub.process.pid, "dotscience_runner")), "a new runner")
        family = descendants(hub.process.pid)
        hub.process.send_signal(signal.SIGTERM)
        assert hub.process.wait(15) == 0
        assert alive(family) == []


def test_tasks_without_a_sandbox_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is neither Docker nor bubblewrap, whoever starts a hub hears what that means before others use it."""
    programs = tmp_path / "bin"
    programs.mkdir()
    # A PATH may name folders that its user cannot read.
    for folder in filter(lambda name: os.access(name, os.R_OK | os.X_OK), os.environ["PATH"].split(os.pathsep)):
        for program in Path(folder).glob("*"):
            link = programs / program.name
            if program.name != "bwrap" and not link.is_symlink():
                link.symlink_to(program)
    monkeypatch.setenv("PATH", str(programs))
    with hubprocess.hub(tmp_path / "data", "--backend", "process"):
        assert "without a sandbox" in (tmp_path / "data.log").read_text()
