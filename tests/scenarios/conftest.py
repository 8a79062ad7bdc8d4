"""Fixtures: a user with a project on a real hub, and agents of a runner of theirs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api import _base
from jupyter_dotscience.api.commits import Change, CommitCreate, Mode
from jupyter_dotscience.api.logs import LogEntry, LogQuery
from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.tasks import CommandWorkload, Task, TaskCreate, TaskQuery
from jupyter_dotscience.client import Client
from tests.hubprocess import RunningHub

WAIT_SECONDS = 90


@dataclass
class World:
    """One user with one project."""

    hub: RunningHub
    client: Client
    project: str

    def upload(self, files: dict[str, bytes], mode: Mode = Mode.FILE) -> str:
        """Commit files to main."""
        head = self.client.get_project(project=self.project).head
        changes = [Change(path=path, size=len(data), data=data, mode=mode) for path, data in files.items()]
        request = CommitCreate(parent=head, message="Upload", created=_base.now(), changes=changes)
        result = self.client.create_commit(request, project=self.project)
        assert result.commit is not None
        return result.commit

    def queue(self, *command: str, environment: dict[str, str] | None = None, **rest: Any) -> Task:
        workload = CommandWorkload(command=list(command), environment=environment or {})
        return self.client.create_task(TaskCreate(workload=workload, **rest), project=self.project)

    def task(self, task: Task) -> Task:
        return self.client.get_task(task=task.id)

    def wait(self, task: Task, condition: Callable[[Task], bool] = lambda task: task.status.terminal) -> Task:
        """Follow a task until the condition holds."""
        deadline = time.monotonic() + WAIT_SECONDS
        seen = self.client.get_task(task=task.id)
        while not condition(seen):
            assert time.monotonic() < deadline, f"timed out; the task is {seen}"
            assert not seen.status.terminal, f"the task ended: {seen}"
            seen = self.client.get_task(task=task.id, query=TaskQuery(after=seen.version, wait=5))
        return seen

    def entries(self, task: Task) -> list[LogEntry]:
        with self.client.read_logs(task=task.id, query=LogQuery(all=True)) as entries:
            return list(entries)

    def log(self, task: Task, stream: str = "stdout") -> bytes:
        return b"".join(entry.data for entry in self.entries(task) if entry.stream == stream)

    def file(self, path: str) -> bytes:
        from jupyter_dotscience.api.files import FileQuery

        with self.client.get_file(project=self.project, query=FileQuery(path=path)) as reader:
            return reader.readall()


@pytest.fixture
def world(running_hub: RunningHub) -> Iterator[World]:
    """A new user with a new project."""
    with Client(running_hub.url, running_hub.make_user()) as client:
        project = client.create_project(ProjectCreate())
        yield World(running_hub, client, project.id)


class Agent:
    """An agent process of a runner."""

    def __init__(self, url: str, token: str, folder: Path, *options: str) -> None:
        self._command = [sys.executable, "-m", "dotscience_runner", "--spool", str(folder / "spool"), *options]
        self._environment = {**os.environ, "TOKEN": token, "DOTSCIENCE_URL": url}
        self.log = folder / "agent.log"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture
def make_agent(world: World, tmp_path: Path) -> Iterator[Callable[..., Agent]]:
    """Makes agents, each of a new runner of the user."""
    made: list[Agent] = []

    def make(*options: str) -> Agent:
        runner = world.client.create_runner(RunnerCreate())
        folder = tmp_path / f"runner{len(made)}"
        folder.mkdir()
        made.append(Agent(world.hub.url, runner.token, folder, *options))
        made[-1].start()
        return made[-1]

    yield make
    for agent in made:
        agent.end()
        print(agent.log.read_text(errors="replace"))
