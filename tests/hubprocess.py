"""A real hub for tests: `dotscience-hub up` in a folder of its own, on free ports."""

from __future__ import annotations

import contextlib
import itertools
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import urllib3

from jupyter_dotscience.api.routes import PREFIX
from tests.require import require

READY_SECONDS = 180.0
_serial = itertools.count(1)


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class RunningHub:
    """A hub that was started, and what tests do with it."""

    def __init__(self, data_dir: Path, process: subprocess.Popen[bytes], facts: dict[str, Any]) -> None:
        self.data_dir = data_dir
        self.process = process
        self.url: str = facts["url"]
        self.admin: str = facts["username"]
        self.password: str | None = facts["password"]
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30))

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the hub; a body that is no bytes goes as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        # No connection is kept: the proxy closes those that are idle, and one that is used in that moment is an error.
        sent = {"Connection": "close", **({"Authorization": f"Bearer {token}"} if token else {}), **(headers or {})}
        answer = self._http.request(method, self.url + path, body=data, headers=sent, redirect=False)
        return Answer(answer.status, answer.headers, answer.data)

    def api(self, method: str, path: str, body: Any = None, *, token: str | None = None, **more: Any) -> Answer:
        """Ask the Dotscience API."""
        return self.request(method, PREFIX + path, body, token=token, **more)

    def token(self, name: str, password: str, scopes: list[str] | None = None) -> str:
        """A hub token made with a password."""
        asked: dict[str, Any] = {"auth": {"username": name, "password": password}, "note": "test"}
        if scopes is not None:
            asked["scopes"] = scopes
        answer = self.request("POST", f"/hub/api/users/{name}/tokens", asked)
        assert answer.status == 201, answer.body
        return str(answer.json()["token"])

    @cached_property
    def admin_token(self) -> str:
        """A token of the admin with all rights."""
        assert self.password is not None
        return self.token(self.admin, self.password)

    def make_user(self, name: str | None = None) -> str:
        """A new user's token; without a name one is made up."""
        name = name or f"user{next(_serial)}"
        return self.token(name, self.command("user", "add", name).strip())

    def command(self, *arguments: str) -> str:
        """What `dotscience-hub` prints, on this hub's folder."""
        done = subprocess.run(
            [*PROGRAM, *arguments, "--data-dir", str(self.data_dir)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def close(self) -> None:
        """Close connections."""
        self._http.clear()


PROGRAM = (sys.executable, "-m", "dotscience_hub.launcher.main")


def launch(data_dir: Path, *arguments: str, log: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """Start `dotscience-hub up` without waiting for it; the process and its ready file."""
    ready = data_dir.parent / f"{data_dir.name}-ready-{next(_serial)}.json"
    command = [*PROGRAM, "up", "--data-dir", str(data_dir), "--port", "0", "--ready-file", str(ready), *arguments]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
    return process, ready


def await_ready(process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    """The ready file's content, once it is there."""
    deadline = time.monotonic() + READY_SECONDS
    while not ready.exists():
        assert process.poll() is None, f"the hub ended with {process.returncode}:\n{log.read_text()}"
        assert time.monotonic() < deadline, f"the hub was not ready in {READY_SECONDS} s:\n{log.read_text()}"
        time.sleep(0.05)
    return dict(json.loads(ready.read_text()))


def stop(process: subprocess.Popen[bytes], seconds: float = 60.0) -> None:
    """End a hub as a person would."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    process.wait(seconds)


@contextlib.contextmanager
def hub(data_dir: Path, *arguments: str) -> Iterator[RunningHub]:
    """A hub on this folder for the time of the block.

    Args:
        data_dir: Its data folder; what is there from before is used.
        arguments: More arguments, for example ``--no-runner`` or ``--backend process``.
    """
    log = data_dir.parent / f"{data_dir.name}.log"
    process, ready = launch(data_dir, *arguments, log=log)
    try:
        running = RunningHub(data_dir, process, await_ready(process, ready, log))
        yield running
        running.close()
    finally:
        stop(process)


def require_proxy() -> None:
    """Skip, or fail where services are required, without JupyterHub's proxy."""
    from dotscience_hub.launcher.errors import LauncherError
    from dotscience_hub.launcher.proxy import find_proxy

    try:
        find_proxy()
    except LauncherError as error:
        require(False, str(error))


@pytest.fixture(scope="session")
def running_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """One hub without a runner for all tests; each makes its own users and projects."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("hub") / "data", "--no-runner") as running:
        yield running
