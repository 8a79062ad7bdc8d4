"""A person with a login and a project, and folders of theirs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.projects import CollaboratorSet, ProjectCreate, Role
from jupyter_dotscience.api.runs import Run, RunQuery
from jupyter_dotscience.client import Client
from tests.cli.program import Program
from tests.hubprocess import RunningHub

from .server import jupyter


@dataclass
class Person:
    """Someone with a machine of their own."""

    hub: RunningHub
    place: Path
    token: str
    name: str
    client: Client = field(init=False)
    ds: Program = field(init=False)

    def __post_init__(self) -> None:
        """Log in."""
        self.client = Client(self.hub.url, self.token)
        self.place.mkdir(parents=True, exist_ok=True)
        self.ds = Program.at(self.place / "home", DOTSCIENCE_URL=self.hub.url, DOTSCIENCE_TOKEN=self.token)

    def close(self) -> None:
        """Close connections."""
        self.client.close()

    def clone(self, project: str, name: str = "work") -> Path:
        """A folder with the project's files, bound to it."""
        folder = self.place / name
        done = self.ds("clone", project, str(folder))
        assert done.returncode == 0, done.stderr.decode()
        return folder

    def jupyter(self, root: Path, *options: str, **environment: Any) -> Any:
        """A Jupyter Server of theirs."""
        known = {"DOTSCIENCE_URL": self.hub.url, "DOTSCIENCE_TOKEN": self.token}
        return jupyter(root, self.place / "jupyter", *options, **{**known, **environment})


@dataclass
class Study(Person):
    """Someone with a project."""

    project: str = ""
    others: list[Person] = field(default_factory=list)

    def close(self) -> None:
        """Close connections, also those of colleagues."""
        for person in self.others:
            person.close()
        super().close()

    def runs(self) -> list[Run]:
        """The project's runs, oldest first."""
        rows = self.client.list_runs(project=self.project, query=RunQuery(sort="created")).items
        return [self.client.get_run(project=self.project, run=row.id) for row in rows]

    def read(self, path: str, at: str = "main") -> bytes:
        """A file of the project."""
        from jupyter_dotscience.api.files import FileQuery

        with self.client.get_file(project=self.project, query=FileQuery(path=path, at=at)) as reader:
            return bytes(reader.read())

    def files(self) -> set[str]:
        """Paths on main."""
        return {item.path for item in self.client.get_tree(project=self.project).items}

    def colleague(self) -> Person:
        """Somebody else who may write to the project."""
        name = f"colleague{secrets.token_hex(4)}"
        other = Person(self.hub, self.place.parent / "colleague", self.hub.make_user(name), name)
        self.others.append(other)
        self.client.set_collaborator(CollaboratorSet(role=Role.WRITER), project=self.project, user=name)
        return other


@pytest.fixture
def study(running_hub: RunningHub, tmp_path: Path) -> Iterator[Study]:
    """A new person with a new, empty project on the tests' hub."""
    with study_on(running_hub, tmp_path) as found:
        yield found


@contextmanager
def study_on(hub: RunningHub, tmp_path: Path) -> Iterator[Study]:
    """A new person with a new, empty project."""
    token = hub.make_user()
    found = Study(hub, tmp_path / "mine", token, "")
    found.project = found.client.create_project(ProjectCreate()).id
    found.name = found.client.get_account().name
    try:
        yield found
    finally:
        found.close()
