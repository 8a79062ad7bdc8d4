"""One project or dataset of the hub, as the workspace engine sees it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from jupyter_dotscience.api.commits import (
    ChangedFiles,
    ChangesQuery,
    CommitCreate,
    CommitList,
    CommitQuery,
    CommitResult,
    Missing,
    MissingQuery,
    PackResult,
)
from jupyter_dotscience.api.files import FileQuery, Tree, TreeQuery
from jupyter_dotscience.api.problems import NotFound, TooLarge
from jupyter_dotscience.api.runs import Points, PointsQuery, Run, RunList, RunQuery, RunStatus

from ._methods import Methods
from .responses import Reader


class ProjectRemote:
    """Where contents and commits of one project go; the engine's protocol ``Remote``, and its ``Record``.

    Args:
        client: A caller who may write to the project; a task's token serves for contents, not for commits.
        project: The project's id.
    """

    def __init__(self, client: Methods, project: str) -> None:
        self._client = client
        self._project = project

    def get_tree(self, query: TreeQuery | None = None) -> Tree:
        """The files of a version."""
        return self._client.get_tree(project=self._project, query=query)

    def get_file(self, query: FileQuery) -> Reader:
        """The content of a file."""
        return self._client.get_file(project=self._project, query=query)

    def find_missing(self, query: MissingQuery) -> Missing:
        """Which of these contents the project lacks."""
        return self._client.find_missing(query, project=self._project)

    def put_pack(self, body: BinaryIO, size: int) -> PackResult:
        """Send a pack of ``size`` bytes; ``body`` is rewound for another try."""
        return self._client.put_pack(body, project=self._project, length=size)

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        """Send a large content of ``size`` bytes; ``body`` is rewound for another try."""
        self._client.put_object(body, project=self._project, sha256=sha256, length=size)

    def create_commit(self, request: CommitCreate) -> CommitResult:
        """Record a commit."""
        return self._client.create_commit(request, project=self._project)


class ProjectView:
    """What the hub knows of one project; the engine's protocol ``Project``.

    Args:
        client: A caller who may read the project; a task's token serves.
        project: The project's id.
        branch: Whose history is told, as far as it is there; else that of main.
    """

    def __init__(self, client: Methods, project: str, branch: str = "main") -> None:
        self._client, self._project_id, self._branch = client, project, branch

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        """Versions, newest first."""
        query = CommitQuery(at=self._branch, path=path, limit=limit, cursor=cursor)
        with contextlib.suppress(NotFound):  # a task has no branch before its first version
            found = self._client.list_commits(project=self._project_id, query=query)
            if found.items or self._branch == "main":
                return found
        query = CommitQuery(path=path, limit=limit, cursor=cursor)
        return self._client.list_commits(project=self._project_id, query=query)

    def known_runs(self, runs: Sequence[str]) -> list[str]:
        """Those of these runs that the project has. One that is still running has only drawn curves as yet."""
        known = []
        for run in runs:
            found = self._client.list_runs(project=self._project_id, query=RunQuery(ref=run, limit=2)).items
            known += [row.id for row in found if row.id == run and row.status is not RunStatus.RUNNING]
        return known

    def runs(self, limit: int, cursor: str | None) -> RunList:
        """Runs, newest first."""
        return self._client.list_runs(project=self._project_id, query=RunQuery(limit=limit, cursor=cursor))

    def run(self, run: str) -> Run:
        """One run with all details."""
        return self._client.get_run(project=self._project_id, run=run)

    def points(self, run: str, after: int, limit: int) -> Points:
        """A run's live curves: rows with an index greater than ``after``."""
        return self._client.get_points(project=self._project_id, run=run, query=PointsQuery(after=after, limit=limit))

    def read_file(self, path: str, at: str, limit: int) -> bytes:
        """A file as it was.

        Raises:
            TooLarge: it has more than ``limit`` bytes.
        """
        data = bytearray()
        for piece in self.content(path, at):
            data += piece
            if len(data) > limit:
                raise TooLarge(f"{path} has more than {limit >> 20} MiB; clone the project to get it.")
        return bytes(data)

    def content(self, path: str, at: str) -> Iterator[bytes]:
        """A file as it was, in pieces, however large it is."""
        with self._client.get_file(project=self._project_id, query=FileQuery(path=path, at=at)) as reader:
            yield from reader.pieces()

    def tree(self) -> Tree:
        """All files of main's newest version."""
        return self._client.get_tree(project=self._project_id)

    def changes_since(self, since: str | None, limit: int, at: str = "main") -> ChangedFiles:
        """Where a version, main's newest unless named, differs from an older one; nothing while main is empty."""
        query = ChangesQuery(since=since, limit=limit)
        try:
            return self._client.list_changes(project=self._project_id, commit=at, query=query)
        except NotFound:
            return ChangedFiles(base=since, items=[], total=0)


class DatasetRemote:
    """The same of a dataset.

    Args:
        client: Its owner; whoever sees it may read.
        dataset: The dataset's id.
    """

    def __init__(self, client: Methods, dataset: str) -> None:
        self._client = client
        self._dataset = dataset

    def get_tree(self, query: TreeQuery | None = None) -> Tree:
        """The files of a version."""
        return self._client.get_dataset_tree(dataset=self._dataset, query=query)

    def get_file(self, query: FileQuery) -> Reader:
        """The content of a file."""
        return self._client.get_dataset_file(dataset=self._dataset, query=query)

    def find_missing(self, query: MissingQuery) -> Missing:
        """Which of these contents the dataset lacks."""
        return self._client.find_dataset_missing(query, dataset=self._dataset)

    def put_pack(self, body: BinaryIO, size: int) -> PackResult:
        """Send a pack of ``size`` bytes; ``body`` is rewound for another try."""
        return self._client.put_dataset_pack(body, dataset=self._dataset, length=size)

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        """Send a large content of ``size`` bytes; ``body`` is rewound for another try."""
        self._client.put_dataset_object(body, dataset=self._dataset, sha256=sha256, length=size)

    def create_commit(self, request: CommitCreate) -> CommitResult:
        """Record a commit."""
        return self._client.create_dataset_commit(request, dataset=self._dataset)


AnyRemote = ProjectRemote | DatasetRemote
