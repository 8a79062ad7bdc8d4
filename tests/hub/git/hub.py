"""The workspace part of a hub, for tests."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from dotscience_hub.git.limits import Limits
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.commits import Commits
from dotscience_hub.services.contents import Contents
from dotscience_hub.services.runs import Runs
from dotscience_hub.services.workspace import Workspace
from dotscience_hub.store import versions
from dotscience_hub.store.base import Table
from dotscience_hub.store.database import Database
from dotscience_hub.store.garbage import GarbageRow
from dotscience_hub.store.versions import CommitRow, FileVersionRow, ProjectObjectRow

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.commits import Change, CommitCreate

ALICE = Caller(kind=Principal.USER, name="alice")
TIME = dt.datetime(2026, 3, 1, 12, 0, tzinfo=dt.UTC)


@dataclass
class Hub:
    """The workspace part of a hub, with one empty project."""

    database: Database
    commits: Commits
    contents: Contents
    workspace: Workspace
    objects: FolderObjects
    project: str

    def add_object(self, sha256: str, size: int, project: str | None = None) -> None:
        """Let a project have an object."""
        with self.database.write() as session:
            versions.add_objects(session, project or self.project, {sha256: size}, TIME)

    def commit(self, parent: str | None, **files: bytes | None) -> str:
        """Commit files of the top folder (None deletes one); the new commit."""
        request = commit_of(parent, {name.replace("_", "."): content for name, content in files.items()})
        found = self.workspace.create_commit(ALICE, project=self.project, body=request).commit
        assert found is not None
        return found


def commit_of(
    parent: str | None, files: dict[str, bytes | None], message: str = "a change", branch: str = "main"
) -> CommitCreate:
    """A request that writes and deletes small files."""
    changes = [Change(path=path, size=len(data), data=data) for path, data in files.items() if data is not None]
    deletes = [path for path, data in files.items() if data is None]
    return CommitCreate(branch=branch, parent=parent, message=message, created=TIME, changes=changes, deletes=deletes)


def open_hub(folder: Path, project: str, limits: Limits | None = None, quota: int | None = None) -> Hub:
    """The hub whose data are in a folder; it may be opened again, also by another process."""
    database = Database(f"sqlite:///{folder}/hub.db")
    tables = [table.__table__ for table in (CommitRow, FileVersionRow, GarbageRow, ProjectObjectRow)]
    Table.metadata.create_all(database.engine, tables=tables)
    return hub_on(database, folder, project, limits, quota)


def hub_on(
    database: Database, folder: Path, project: str, limits: Limits | None = None, quota: int | None = None
) -> Hub:
    """A hub on a database that has its tables."""
    repositories = Repositories(folder / "git", limits)
    commits = Commits(database, repositories)
    objects = FolderObjects(folder / "objects")
    contents = Contents(database, repositories, objects, quota)
    repositories.create(project)
    return Hub(database, commits, contents, Workspace(database, commits, contents, _runs(database)), objects, project)


def _runs(database: Database) -> Runs:
    """The service of runs; no task and no lease is known here."""

    def nobody(*_: object) -> tuple[str, str]:
        raise AssertionError("no task is known here")

    return Runs(database, nobody, nobody, lambda project, commit: {})
