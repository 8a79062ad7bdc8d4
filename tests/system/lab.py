"""A person at work: a login of `ds`, a project, and a runner of their own."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import CompletedProcess, Popen
from typing import Any

from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.runs import Run, RunQuery
from jupyter_dotscience.api.tasks import Task, TaskListQuery
from jupyter_dotscience.client import Client
from tests.cli.program import Program
from tests.hubprocess import RunningHub
from tests.scenarios.conftest import Agent, World


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60.0) -> Any:
    """Wait until something is so, and answer it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return found


@dataclass
class Lab(World):
    """One user with one project, their `ds`, and the agents that were started for them."""

    ds: Program = field(kw_only=True)
    folder: Path = field(kw_only=True)
    agents: list[Agent] = field(default_factory=list)

    @classmethod
    def of(cls, hub: RunningHub, folder: Path) -> Lab:
        """A new user with a new project, and no runner yet."""
        token = hub.make_user()
        client = Client(hub.url, token)
        project = client.create_project(ProjectCreate()).id
        ds = Program.at(folder / "home", DOTSCIENCE_URL=hub.url, DOTSCIENCE_TOKEN=token)
        return cls(hub, client, project, ds=ds, folder=folder)

    @classmethod
    @contextlib.contextmanager
    def at_work(cls, hub: RunningHub, folder: Path, *options: str) -> Iterator[Lab]:
        """A new user with a new project and a runner, whose agent has these options and ends with the block."""
        found = cls.of(hub, folder)
        try:
            found.add_runner(*options)
            yield found
        finally:
            found.close()

    @property
    def token(self) -> str:
        """The user's."""
        return str(self.client.credentials["Authorization"].removeprefix("Bearer "))

    def add_runner(self, *options: str) -> Agent:
        """A new runner of the user with its agent."""
        return self.add_agent(self.client.create_runner(RunnerCreate()).token, *options)

    def add_agent(self, token: str, *options: str) -> Agent:
        """One more agent with a runner's token and a spool of its own."""
        place = self.folder / f"runner{len(self.agents)}"
        place.mkdir()
        options = options or ("--backend", "process")
        self.agents.append(Agent(self.hub.url, token, place, *options))
        self.agents[-1].start()
        return self.agents[-1]

    def new_project(self, name: str | None = None) -> str:
        """Work in another, empty project from now on."""
        self.project = self.client.create_project(ProjectCreate(name=name)).id
        return self.project

    def run(self, *words: str | bytes, options: tuple[str, ...] = ()) -> CompletedProcess[bytes]:
        """`ds run`, to its end."""
        return self.ds("run", "-p", self.project, *options, "--", *words)

    def python(self, program: str, *options: str) -> CompletedProcess[bytes]:
        """`ds run` of a Python program, to its end."""
        return self.run("python3", "-c", program, options=options)

    def begin(self, program: str) -> Popen[bytes]:
        """`ds run` of a Python program that goes on; what is read of it here is not read again by `communicate`."""
        return self.ds.start("run", "-p", self.project, "--", "python3", "-c", program, bufsize=0)

    def last_task(self) -> Task:
        """The newest task of the project."""
        return self.client.list_tasks(query=TaskListQuery(project=self.project, limit=1)).items[0]

    def only_run(self) -> Run:
        """The project's one run."""
        [row] = self.client.list_runs(project=self.project, query=RunQuery()).items
        return self.client.get_run(project=self.project, run=row.id)

    def tree(self) -> dict[str, str]:
        """Modes by path, on main."""
        return {item.path: item.mode.value for item in self.client.get_tree(project=self.project).items}

    def json(self, *words: str) -> Any:
        """What `ds` prints, as JSON."""
        done = self.ds(*words)
        assert done.returncode == 0, done.stderr.decode()
        return json.loads(done.stdout)

    def close(self) -> None:
        """End the agents and show what they said."""
        for agent in self.agents:
            agent.end()
            print(agent.log.read_text(errors="replace"))
        self.client.close()


def processes(*words: str) -> list[int]:
    """Ids of the processes whose command line has an argument with each of these words."""
    found = []
    for place in Path("/proc").iterdir():
        try:
            command = (place / "cmdline").read_bytes().decode(errors="replace") if place.name.isdecimal() else ""
        except OSError:
            continue
        if command and int(place.name) != os.getpid() and all(word in command for word in words):
            found.append(int(place.name))
    return found
