"""One project or dataset of the hub, as the workspace engine sees it."""

from __future__ import annotations

from typing import BinaryIO

from jupyter_dotscience.api.commits import CommitCreate, CommitResult, Missing, MissingQuery, PackResult
from jupyter_dotscience.api.files import FileQuery, Tree, TreeQuery

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
