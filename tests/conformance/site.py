"""The place where the manual is tried: a real hub with a runner, people with the real program."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cli.program import Program
from tests.hubprocess import RunningHub

from .terminal import COLUMNS, SECONDS, Terminal

_serial = itertools.count(1)
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Site:
    """A hub with one runner that serves all."""

    hub: RunningHub
    backend: str


@dataclass(frozen=True)
class Dataset:
    """A dataset that somebody has."""

    id: str
    name: str


@dataclass
class Person:
    """Somebody at a shell, logged in."""

    site: Site
    name: str
    token: str
    home: Path
    ds: Program

    def __call__(self, *arguments: str, status: int = 0, stdin: bytes = b"", cwd: Path | None = None) -> str:
        """What a command prints; it must end with this exit status."""
        done = self.ds(*arguments, stdin=stdin, cwd=cwd)
        assert done.returncode == status, (arguments, done.returncode, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done.stdout.decode()

    def fails(self, *arguments: str, status: int = 1, cwd: Path | None = None) -> str:
        """What a command that must fail says: nothing on standard output, no traceback."""
        done = self.ds(*arguments, cwd=cwd)
        assert (done.returncode, done.stdout) == (status, b""), (arguments, done.returncode, done.stdout, done.stderr)
        assert b"Traceback" not in done.stderr
        return done.stderr.decode()

    def json(self, *arguments: str) -> Any:
        """What a command prints as JSON."""
        return json.loads(self(*arguments))

    def terminal(self, *arguments: str, pipe: bool = False, columns: int = COLUMNS) -> Terminal:
        """A command on a terminal."""
        return Terminal(self.ds, *arguments, pipe=pipe, columns=columns)

    def project(self) -> str:
        """A new project's name; no other project of anybody has it."""
        name = f"project-{os.getpid()}-{next(_serial)}"
        self("project", "create", name)
        return name

    def dataset(self, folder: Path | None) -> Dataset:
        """A new dataset with the files of a folder; empty without one. No other dataset of anybody has its name."""
        name = f"dataset-{os.getpid()}-{next(_serial)}"
        made = Dataset(self("dataset", "create", "files", "--name", name).strip(), name)
        if folder is not None:
            self("dataset", "put", name, str(folder))
        return made

    def run(self, project: str, *arguments: str, status: int | None = 0) -> subprocess.CompletedProcess[bytes]:
        """`ds run`; what it printed, with the job's exit status."""
        done = self.ds("run", "-p", project, *arguments)
        assert status is None or done.returncode == status, (arguments, done)
        assert b"Traceback" not in done.stderr
        return done

    def start(self, project: str, *arguments: str) -> str:
        """`ds run -d`; the task's id."""
        return self("run", "-p", project, "-d", *arguments).strip()

    def task(self, task: str) -> Any:
        """What `ds task inspect` shows."""
        [found] = self.json("task", "inspect", task)
        return found

    def wait(self, task: str, *states: str) -> Any:
        """A task, once it is in one of these states; without any, once it has ended."""
        states = states or ("succeeded", "failed", "stopped", "lost")
        return wait(lambda: self.task(task), lambda found: found["status"] in states)

    def busy(self, project: str, said: str = "ready") -> str:
        """The id of a task that runs until it is stopped and has printed a word."""
        task = self.start(project, "sh", "-c", f"echo {said}; exec sleep 1000")
        wait(lambda: self("logs", task), lambda log: said in log)
        return task


@contextlib.contextmanager
def own_runner(
    person: Person, folder: Path, name: str, *labels: str, backend: str = "process"
) -> Iterator[subprocess.Popen[bytes]]:
    """A new runner of this person, and its agent.

    Args:
        person: Its owner.
        folder: For its spool and its log.
        name: Of the runner.
        labels: NAME=VALUE.
        backend: How it runs tasks.
    """
    given = [word for label in labels for word in ("--label", label)]
    token = person("runner", "create", "-q", *given, name).partition("TOKEN=")[2].split()[0]
    environment = {**os.environ, "TOKEN": token, "DOTSCIENCE_URL": person.site.hub.url}
    agent = [sys.executable, "-m", "dotscience_runner", "--spool", str(folder / "spool"), "--backend", backend]
    with (folder / "agent.log").open("wb") as log:
        process = subprocess.Popen(agent, env=environment, stdout=log, stderr=log)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)
        print((folder / "agent.log").read_text(errors="replace"))


def wait(look: Callable[[], Any], condition: Callable[[Any], bool]) -> Any:
    """What is seen as soon as it is as wanted."""
    deadline = time.monotonic() + SECONDS
    while not condition(seen := look()):
        assert time.monotonic() < deadline, f"it stayed so: {seen}"
        time.sleep(0.1)
    return seen


def table(text: str) -> list[dict[str, str]]:
    """The rows of a table by its headings; the columns must be where the headings are, three spaces apart."""
    lines = text.splitlines()
    starts = [match.start() for match in re.finditer(r"(?:(?<=^)|(?<=   ))\S", lines[0])]
    assert starts[0] == 0
    ends = [*starts[1:], None]
    for line in lines:
        assert line == line.rstrip(" ")
        assert all(line[start - 3 : start].strip() == "" for start in starts[1:]), (lines[0], line)
    return [{lines[0][s:e].strip(): line[s:e].strip() for s, e in zip(starts, ends, strict=True)} for line in lines[1:]]
