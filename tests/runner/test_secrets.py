"""Keys of a task: on the runner only while they are used, and no others are offered."""

from __future__ import annotations

import shlex
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import cast

import pytest
from dotscience_runner.agent import secrets

from jupyter_dotscience.api.protocol import SecretsQuery
from jupyter_dotscience.api.secrets import SecretType, TaskSecret, TaskSecrets
from jupyter_dotscience.client import Client

PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nnot a real one\n-----END OPENSSH PRIVATE KEY-----\n"


class Hub:
    """The one route that is needed."""

    def __init__(self, count: int) -> None:
        self.asked: list[tuple[int, str]] = []
        self._items = [
            TaskSecret(name=f"../k{n}", type=SecretType.ED25519, private_key=f"{n}{PRIVATE}") for n in range(count)
        ]

    def get_task_secrets(self, request: SecretsQuery, *, task: str) -> TaskSecrets:
        self.asked.append((request.fence, task))
        return TaskSecrets(items=self._items)


@pytest.fixture(params=["memory", "disk"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A runner's folder, with a folder in memory beside it and without one."""
    memory = tmp_path / "shm"
    if request.param == "memory":
        memory.mkdir()
    monkeypatch.setattr(secrets, "MEMORY", memory)
    return tmp_path / "a spool" / "ssh 100%"


def client(hub: Hub) -> Client:
    return cast("Client", hub)


def options_of(command: str) -> dict[str, list[str]]:
    """What ssh itself makes of a command line."""
    done = subprocess.run([*shlex.split(command), "-G", "h"], capture_output=True, text=True, check=True)
    options: dict[str, list[str]] = {}
    for line in done.stdout.splitlines():
        name, _, value = line.partition(" ")
        options.setdefault(name, []).append(value)
    return options


def left(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and PRIVATE.encode() in path.read_bytes()]


def test_keys_are_there_during_the_use_and_gone_after_it(folder: Path, tmp_path: Path) -> None:
    """Each key is a file for its user alone inside the block, and no file after it, whatever ends it."""
    hub = Hub(2)
    with suppress(ZeroDivisionError), secrets.keys(client(hub), "t", 7, folder):
        found = left(tmp_path)
        assert sorted(path.read_text() for path in found) == [f"0{PRIVATE}", f"1{PRIVATE}"]
        assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o600}
        assert {stat.S_IMODE(path.parent.stat().st_mode) for path in found} == {0o700}
        raise ZeroDivisionError
    assert hub.asked == [(7, "t")]
    assert left(tmp_path) == []
    assert list((tmp_path / "shm").glob("*")) == []


def test_many_tasks_at_once(folder: Path, tmp_path: Path) -> None:
    """Each finds its keys, whoever is done meanwhile, and nothing stays."""

    def use() -> int:
        with secrets.keys(client(Hub(1)), "t", 1, folder) as command:
            (key,) = options_of(command)["identityfile"]
            return Path(key.strip('"').replace("%%", "%")).read_text().count(PRIVATE)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: use(), range(40))) == [1] * 40
    assert left(tmp_path) == []


def test_ssh_is_told_of_these_keys_alone(folder: Path) -> None:
    """Ssh reads from the command the task's keys in their order, and the runner's own file of hosts."""
    with secrets.keys(client(Hub(2)), "t", 1, folder) as command:
        options = options_of(command)
        keys = [Path(path.strip('"').replace("%%", "%")) for path in options["identityfile"]]
        assert [path.read_text()[0] for path in keys] == ["0", "1"]
    assert options["userknownhostsfile"][0].strip('"').replace("%%", "%") == str(folder / "known_hosts")
    assert options["identitiesonly"] == ["yes"]
    assert options["batchmode"] == ["yes"]
    assert options["stricthostkeychecking"] == ["accept-new"]


def test_keys_of_the_machines_user_are_not_used(folder: Path) -> None:
    """A task without keys gets none: not those in the home of whoever runs the agent, nor those of an agent for ssh."""
    with secrets.keys(client(Hub(0)), "t", 1, folder) as command:
        options = options_of(command)
    assert options["identityfile"] == ["none"]
    assert options["identityagent"] == ["none"]


def test_a_new_agent_sweeps_what_a_killed_one_left(folder: Path, tmp_path: Path) -> None:
    """Keys of a use that was never ended are removed by the sweep; known hosts stay."""
    unended = secrets.keys(client(Hub(1)), "t", 1, folder)
    unended.__enter__()
    (folder / "known_hosts").write_text("h ssh-ed25519 AAAA\n")
    assert len(left(tmp_path)) == 1
    secrets.sweep(folder)
    assert left(tmp_path) == []
    assert (folder / "known_hosts").exists()


def test_nothing_to_sweep_is_no_error(folder: Path) -> None:
    """An agent on a new machine sweeps nothing, and makes nothing."""
    secrets.sweep(folder)
    assert not folder.exists()


def test_a_place_in_memory_that_somebody_else_made_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link or an open folder with our name in the shared memory gets no key: the runner's own folder does."""
    (memory := tmp_path / "shm").mkdir()
    monkeypatch.setattr(secrets, "MEMORY", memory)
    folder, elsewhere = tmp_path / "ssh", tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    (precious := elsewhere / "use-less").mkdir()
    place = secrets._in_memory(folder)
    assert place is not None
    place.symlink_to(elsewhere)
    secrets.sweep(folder)
    with secrets.keys(client(Hub(1)), "t", 1, folder):
        assert [path.is_relative_to(folder) for path in left(tmp_path)] == [True]
    place.unlink()
    place.mkdir()
    place.chmod(0o777)
    with secrets.keys(client(Hub(1)), "t", 1, folder):
        assert [path.is_relative_to(folder) for path in left(tmp_path)] == [True]
    assert precious.is_dir()


def test_an_open_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others could read them, keys are not written at all."""
    monkeypatch.setattr(secrets, "MEMORY", tmp_path / "none")
    (folder := tmp_path / "ssh").mkdir()
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="0700"), secrets.keys(client(Hub(1)), "t", 1, folder):
        pass
    assert list(folder.iterdir()) == []
