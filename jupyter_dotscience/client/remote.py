"""One project of the hub, as the workspace engine sees it."""

from __future__ import annotations

from typing import BinaryIO

from jupyter_dotscience.api.commits import CommitCreate, CommitResult, Missing, MissingQuery, PackResult

from ._methods import Methods


class ProjectRemote:
    """Where contents and commits of one project go; the engine's protocol ``Remote``, and its ``Record``.

    Args:
        client: A caller who may write to the project; a task's token serves for contents, not for commits.
        project: The project's id.
    """

    def __init__(self, client: Methods, project: str) -> None:
        self._client = client
        self._project = project

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
