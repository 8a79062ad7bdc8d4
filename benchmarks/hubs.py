"""A hub to measure: ``dotscience-hub up`` in a scratch folder, as a person would start it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.login import with_password

from . import clock
from .rows import Options

BIN = Path(sys.executable).parent
READY_SECONDS = 60
STOP_SECONDS = 20


@dataclass(frozen=True)
class Hub:
    """A running hub.

    Attributes:
        folder: Everything of it, its data in ``data``.
        pid: Of ``dotscience-hub up``.
        url: Its address.
        username: The admin.
        password: Theirs.
        started: Seconds from the command to the ready file.
    """

    folder: Path
    pid: int
    url: str
    username: str
    password: str
    started: float

    @cached_property
    def token(self) -> str:
        """Of the admin, with what `ds` asks for."""
        return with_password(self.url, self.username, self.password, note="benchmark").token

    @cached_property
    def direct(self) -> str:
        """The service's own address, without the proxy."""
        settings = json.loads((self.folder / "data" / "state" / "settings.json").read_bytes())
        return f"http://127.0.0.1:{settings['ports']['service']}"

    @cached_property
    def client(self) -> Client:
        """As the admin, through the proxy."""
        return Client(self.url, self.token)

    def project(self, name: str = "bench") -> str:
        """A new project's id."""
        return self.client.create_project(ProjectCreate(name=name)).id

    @cached_property
    def processes(self) -> dict[str, int]:
        """The ids of its parts by name."""
        found = clock.family(self.pid)
        words = {
            "hub": "-m jupyterhub", "service": "-m dotscience_hub --data-dir", "gateway": "-m dotscience_hub gateway",
            "proxy": "configurable-http-proxy", "runner": "-m dotscience_runner",
        }  # fmt: skip
        below = found[1:]
        return {name: pids[-1] for name, word in words.items() if (pids := clock.named(below, word))}

    @cached_property
    def environment(self) -> dict[str, str]:
        """Where `ds` is logged in at this hub."""
        environment = {**os.environ, "DOTSCIENCE_CONFIG_DIR": str(self.folder / "ds")}
        _ds(environment, "set", "server-url", self.url)
        _ds(environment, "login", self.username, feed=self.password)
        return environment

    def ds(self, *arguments: str) -> str:
        """What a `ds` command prints."""
        return _ds(self.environment, *arguments)

    def popen(self, *arguments: str, **more: Any) -> subprocess.Popen[bytes]:
        """A `ds` command whose output is read while it runs."""
        return subprocess.Popen([BIN / "ds", *arguments], env=self.environment, stdout=subprocess.PIPE, **more)


def _ds(environment: dict[str, str], *arguments: str, feed: str = "") -> str:
    done = subprocess.run(
        [BIN / "ds", *arguments], env=environment, input=feed.encode(), capture_output=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"`ds {arguments[0]}` ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout.decode()


@contextmanager
def start(options: Options, *arguments: str) -> Iterator[Hub]:
    """A fresh hub for the time of the block.

    Args:
        options: Where.
        arguments: More of them, such as ``--backend docker`` or ``--no-runner``.

    Raises:
        RuntimeError: It did not start.
    """
    folder = options.scratch / f"hub-{time.monotonic_ns()}"
    folder.mkdir(parents=True)
    ready, log = folder / "ready.json", folder / "log"
    command: list[str | Path] = [
        BIN / "dotscience-hub",
        "up",
        "--data-dir",
        folder / "data",
        "--port",
        "0",
        "--ready-file",
        ready,
    ]
    begin = time.perf_counter()
    with log.open("wb") as output:
        process = subprocess.Popen([*command, *arguments], stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        facts = _await(process, ready, log)
        yield Hub(folder, process.pid, started=time.perf_counter() - begin, **facts)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(STOP_SECONDS)


def _await(process: subprocess.Popen[bytes], ready: Path, log: Path) -> dict[str, Any]:
    deadline = time.monotonic() + READY_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The hub did not start:\n{log.read_text()}")
        time.sleep(0.02)
    return dict(json.loads(ready.read_text()))
