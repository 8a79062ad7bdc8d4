"""Fixtures for tests of the runner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runner.fakehub import TOKEN, FakeHub, fake_hub


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """A fake hub that listens."""
    with fake_hub() as running:
        yield running


class AgentProcess:
    """An agent as a process of its own, which can be killed and started again."""

    def __init__(self, hub: FakeHub, spool: Path, *options: str) -> None:
        self._hub, self.spool, self._options = hub, spool, options
        self._process: subprocess.Popen[bytes] | None = None
        self.log = spool.parent / "agent.log"

    def start(self) -> None:
        command = [sys.executable, "-m", "dotscience_runner", "--spool", str(self.spool), *self._options]
        environment = {**os.environ, "TOKEN": TOKEN, "DOTSCIENCE_URL": self._hub.url}
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def terminate(self) -> int:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)

    def end(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self.kill()

    @property
    def returncode(self) -> int | None:
        return None if self._process is None else self._process.poll()

    def wait(self, seconds: float = 30) -> int:
        assert self._process is not None
        return self._process.wait(seconds)


@pytest.fixture
def make_agent(hub: FakeHub, tmp_path: Path) -> Iterator[Callable[..., AgentProcess]]:
    """Makes agents of one spool; those still running at the end of the test are killed."""
    made: list[AgentProcess] = []

    def make(*options: str) -> AgentProcess:
        agent = AgentProcess(hub, tmp_path / "spool", *options)
        made.append(agent)
        agent.start()
        return agent

    yield make
    for agent in made:
        agent.end()
    if made:
        print(made[0].log.read_text(errors="replace"))
