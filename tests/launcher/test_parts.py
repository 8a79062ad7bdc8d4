"""The launcher's parts, each alone."""

from __future__ import annotations

import dataclasses
import os
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from dotscience_hub.launcher import child, proxy
from dotscience_hub.launcher.backend import choose_backend
from dotscience_hub.launcher.errors import LauncherError
from dotscience_hub.launcher.folder import DataFolder
from dotscience_hub.launcher.ports import inner_ports, public_port
from dotscience_hub.launcher.processes import Process, end_all, identify
from dotscience_hub.launcher.record import Record
from dotscience_hub.privatefile import write_private
from traitlets.config import PyFileConfigLoader

from jupyter_dotscience.api.routes import SERVER_SCOPES

SLEEP = [sys.executable, "-c", "import time; print(flush=True); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=True); time.sleep(600)",
]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def started(command: list[str]) -> tuple[subprocess.Popen[bytes], Process]:
    """A process that has said a line, and who it is."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    found = identify(process.pid)
    assert found is not None
    return process, found


def test_what_was_recorded_is_ended_and_forgotten(tmp_path: Path) -> None:
    """The next launcher ends what the last one left, by force where needed."""
    process, known = started(DEAF)
    Record(tmp_path / "record").save([known])
    record = Record(tmp_path / "record")
    assert record.clean() == 1
    assert process.wait(20) == -9
    assert record.clean() == 0


def test_a_process_that_only_has_the_same_id_is_left_alone(tmp_path: Path) -> None:
    """Ids are used again; another start time is another process."""
    process, known = started(SLEEP)
    other = dataclasses.replace(known, started=known.started - 1)
    record = Record(tmp_path / "record")
    record.save([other])
    assert record.clean() == 0
    end_all([other], 0.1)
    assert process.poll() is None
    end_all([known], 20)
    assert process.wait(20) == -15


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b'[{"pid": "x", "started": 1}]'])
def test_a_broken_record_is_none(tmp_path: Path, content: bytes) -> None:
    """A launcher that was killed while the disk was full must not keep the next one from starting."""
    (tmp_path / "record").write_bytes(content)
    assert Record(tmp_path / "record").clean() == 0


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux'")
def test_a_child_ends_with_its_parent() -> None:
    """However the parent ends."""
    guard = [sys.executable, "-I", child.__file__, "with"]
    script = f"import os, subprocess, time; p = subprocess.Popen({guard} + [str(os.getpid()), 'sleep', '600']);"
    parent = subprocess.Popen(
        [sys.executable, "-c", script + "print(p.pid, flush=True); time.sleep(600)"], stdout=subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    parent.stdout.close()
    wait_for(lambda: Path(f"/proc/{pid}/comm").read_text() == "sleep\n")
    known = identify(pid)
    assert known is not None
    parent.kill()
    parent.wait()
    wait_for(lambda: not known.alive())


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux'")
def test_a_child_whose_parent_is_gone_before_it_looks_does_not_start() -> None:
    """Between the fork and the request to the kernel there is a gap."""
    done = subprocess.run(
        [sys.executable, "-I", child.__file__, "with", "1", "echo", "started"], capture_output=True, check=False
    )
    assert done.stdout == b""


def kept(tmp_path: Path, script: str) -> subprocess.Popen[bytes]:
    """A keeper of a shell script; each start of the script notes its process id."""
    command = [sys.executable, "-I", child.__file__, "keep", "sh", "-c", f"echo $$ >> pids; {script}"]
    return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)


def pids(tmp_path: Path) -> list[int]:
    path = tmp_path / "pids"
    return [int(line) for line in path.read_text().split()] if path.exists() else []


def test_a_killed_program_is_started_again_and_a_stop_reaches_it(tmp_path: Path) -> None:
    """Sooner than JupyterHub would look; SIGINT, with which it stops services, ends both."""
    keeper = kept(tmp_path, "exec sleep 600")
    wait_for(lambda: len(pids(tmp_path)) == 1)
    os.kill(pids(tmp_path)[0], 9)
    wait_for(lambda: len(pids(tmp_path)) == 2)
    last = identify(pids(tmp_path)[1])
    assert last is not None
    keeper.send_signal(2)
    assert keeper.wait(20) == 130
    assert not last.alive()


def test_a_program_that_fails_at_its_first_start_is_not_kept(tmp_path: Path) -> None:
    """Who started it shall see that it cannot work."""
    assert kept(tmp_path, "exit 3").wait(20) == 3
    assert len(pids(tmp_path)) == 1


def test_a_kept_program_is_told_who_its_parent_is(tmp_path: Path) -> None:
    """By the environment variable by which programs of ours end with their parent."""
    keeper = kept(tmp_path, 'test "$DOTSCIENCE_DIE_WITH_PARENT" = "$PPID" || exit 9; exec sleep 600')
    wait_for(lambda: len(pids(tmp_path)) == 1)
    assert keeper.poll() is None
    os.kill(pids(tmp_path)[0], 15)
    wait_for(lambda: len(pids(tmp_path)) == 2)
    keeper.terminate()
    assert keeper.wait(20) == 143


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    """The lock ends with its holder."""
    folder = DataFolder(tmp_path / "data")
    folder.make()
    with folder.lock(), pytest.raises(LauncherError, match=f"runs already on .* \\(process {os.getpid()}\\)"):
        folder.lock()
    folder.lock().close()


def test_secrets_are_private_and_kept(tmp_path: Path) -> None:
    """Made once, long enough, readable by their owner alone."""
    folder = DataFolder(tmp_path / "data")
    folder.make()
    secret = folder.secret("x")
    assert len(secret) == 43
    assert folder.secret("x") == secret
    assert folder.secret("y") != secret
    assert stat.S_IMODE((folder.secrets / "x").stat().st_mode) == 0o600


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """A failure leaves the old content, and nothing beside it."""
    path = tmp_path / "file"
    write_private(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_private(path, "\ud800")
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_inner_ports_are_kept_while_they_are_free(tmp_path: Path) -> None:
    """Three different ones; when somebody else has one, all are new."""
    ports = inner_ports(tmp_path / "ports")
    assert len({ports.hub, ports.proxy, ports.service}) == 3
    assert inner_ports(tmp_path / "ports") == ports
    with socket.create_server(("127.0.0.1", ports.proxy)):
        new = inner_ports(tmp_path / "ports")
        assert ports.proxy not in (new.hub, new.proxy, new.service)


def test_port_0_is_a_free_one() -> None:
    """It can be listened on."""
    port = public_port("127.0.0.1", 0)
    assert public_port("127.0.0.1", port) == port


def test_a_port_whose_owner_is_about_to_end_is_waited_for() -> None:
    """So that a start right after a kill finds it; without patience, or beyond it, it is an error that says so."""
    with socket.create_server(("127.0.0.1", 0)) as owner:
        port = owner.getsockname()[1]
        with pytest.raises(LauncherError, match="is in use"):
            public_port("127.0.0.1", port, patience=0.1)
        threading.Timer(0.3, owner.close).start()
        assert public_port("127.0.0.1", port, patience=60) == port


def test_a_proxy_script_gets_its_node_by_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`#!/usr/bin/env node` would need the right PATH in the hub; any other program is started as it is."""
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    for name, text in (("script", "#!/usr/bin/env node\n"), ("own", "#!/bin/sh\n"), ("node", "#!/bin/sh\n")):
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_))
    monkeypatch.setenv("DOTSCIENCE_PROXY", str(bin_ / "script"))
    assert proxy.find_proxy() == [str(bin_ / "node"), str(bin_ / "script")]
    monkeypatch.setenv("DOTSCIENCE_PROXY", str(bin_ / "own"))
    assert proxy.find_proxy() == [str(bin_ / "own")]


def test_without_any_proxy_the_way_to_one_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`make setup` or npm; where a wheel brought the locked list of it, npm with that."""
    monkeypatch.delenv("DOTSCIENCE_PROXY", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(LauncherError, match=r"make setup.*npm install -g configurable-http-proxy"):
        proxy.find_proxy()
    folder = tmp_path / "share" / "dotscience" / "proxy"
    folder.mkdir(parents=True)
    (folder / "package-lock.json").write_text("{}")
    with pytest.raises(LauncherError, match=f"npm ci --prefix {folder}"):
        proxy.find_proxy()


def test_without_an_engine_the_backend_is_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket that is not there, or that nobody serves."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/none.sock")
    assert choose_backend() == "process"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(tmp_path / "dead.sock"))
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/dead.sock")
        assert choose_backend() == "process"


def test_the_sample_configuration_is_one() -> None:
    """It loads, and adds the service with its scopes and role, the gateway, and the spawner."""
    config = PyFileConfigLoader("jupyterhub_config.py", str(Path(__file__).parents[2] / "jupyter_config")).load_config()
    service, gateway = config.JupyterHub.services
    assert service["name"] == "dotscience"
    assert set(service["oauth_client_allowed_scopes"]) == {
        *config.JupyterHub.custom_scopes,
        *SERVER_SCOPES,
        "tokens!user",
    }
    assert config.JupyterHub.load_roles[0]["scopes"] == ["read:users:name", "list:users", "shares"]
    assert gateway["name"] == "dotscience-gateway"
    assert "gateway" in gateway["command"]
    assert config.JupyterHub.spawner_class == "dotscience_spawner.DotscienceSpawner"
    assert config.DotscienceSpawner.service_url == service["url"]
