"""The contents of datasets: what a workspace's routes do, for a dataset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import DatasetRow
from jupyter_dotscience.api import commits as api
from jupyter_dotscience.api import uploads
from jupyter_dotscience.api.datasets import DatasetType
from jupyter_dotscience.api.files import FileQuery, Tree, TreeQuery
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound

from .access import NO_DATASET
from .caller import Caller
from .dataset_versions import DatasetVersions
from .download import Download
from .uploads import Uploads
from .workspace import Workspace


class DatasetFiles:
    """Serves the routes below a dataset. Its history is kept as a workspace's is, by the dataset's id."""

    def __init__(self, database: Database, workspace: Workspace, versions: DatasetVersions, parts: Uploads) -> None:
        """Make the service.

        Args:
            database: Knows which datasets are copies of buckets.
            workspace: Does the work.
            versions: Keeps the note of the newest version.
            parts: Takes large contents in parts.
        """
        self._database = database
        self._workspace = workspace
        self._versions = versions
        self._parts = parts

    def check_writable(self, dataset: str) -> None:
        """Whether people send this dataset's files.

        Raises:
            NotFound: There is no such dataset.
            Conflict: They come from a bucket.
        """
        with self._database.read() as session:
            row = session.get(DatasetRow, dataset)
        if row is None:
            raise NotFound(NO_DATASET)
        if row.type != DatasetType.FILES:
            raise Conflict(
                "This dataset is the copy of a bucket: change the bucket, then synchronise it (`ds dataset sync`).",
                code="dataset_is_synchronised",
            )

    def get_dataset_tree(self, caller: Caller, *, dataset: str, query: TreeQuery) -> Tree:
        """All files below a folder at a version."""
        return self._workspace.get_tree(caller, project=dataset, query=query)

    async def get_dataset_file(self, caller: Caller, *, dataset: str, query: FileQuery) -> Download:
        """One file's content."""
        return await self._workspace.get_file(caller, project=dataset, query=query)

    def list_dataset_commits(self, caller: Caller, *, dataset: str, query: api.CommitQuery) -> api.CommitList:
        """Versions, newest first."""
        return self._workspace.list_commits(caller, project=dataset, query=query)

    def get_dataset_commit(self, caller: Caller, *, dataset: str, commit: str) -> api.Commit:
        """A version."""
        return self._workspace.get_commit(caller, project=dataset, commit=commit)

    def list_dataset_changes(
        self, caller: Caller, *, dataset: str, commit: str, query: api.ChangesQuery
    ) -> api.ChangedFiles:
        """Files that differ between two versions."""
        return self._workspace.list_changes(caller, project=dataset, commit=commit, query=query)

    def create_dataset_commit(self, caller: Caller, *, dataset: str, body: api.CommitCreate) -> api.CommitResult:
        """Record changes as a new version.

        Raises:
            BadRequest: On another branch than `main`, the only one that is a dataset's.
            Conflict: It is the copy of a bucket.
        """
        self.check_writable(dataset)
        if body.branch != "main":
            raise BadRequest("The versions of a dataset are those of its branch main.", code="bad_branch")
        result = self._workspace.create_commit(caller, project=dataset, body=body)
        self._versions.note(dataset)
        return result

    def find_dataset_missing(self, caller: Caller, *, dataset: str, body: api.MissingQuery) -> api.Missing:
        """Which contents have to be sent."""
        self.check_writable(dataset)
        return self._workspace.find_missing(caller, project=dataset, body=body)

    async def put_dataset_object(
        self, caller: Caller, *, dataset: str, sha256: str, body: AsyncIterator[bytes]
    ) -> None:
        """Store a large file's content."""
        await asyncio.to_thread(self.check_writable, dataset)
        await self._workspace.put_object(caller, project=dataset, sha256=sha256, body=body)

    def begin_dataset_upload(self, caller: Caller, *, dataset: str, body: uploads.UploadBegin) -> uploads.Upload:
        """How far an upload is."""
        self.check_writable(dataset)
        return self._parts.begin_upload(caller, project=dataset, body=body)

    async def put_dataset_part(
        self, caller: Caller, *, dataset: str, sha256: str, query: uploads.PartQuery, body: AsyncIterator[bytes]
    ) -> uploads.Upload:
        """Add a part."""
        await asyncio.to_thread(self.check_writable, dataset)
        return await self._parts.put_part(caller, project=dataset, sha256=sha256, query=query, body=body)

    async def finish_dataset_upload(
        self, caller: Caller, *, dataset: str, sha256: str, body: uploads.UploadFinish
    ) -> None:
        """Make an object of what was sent."""
        await asyncio.to_thread(self.check_writable, dataset)
        await self._parts.finish_upload(caller, project=dataset, sha256=sha256, body=body)

    async def get_dataset_object(self, caller: Caller, *, dataset: str, sha256: str) -> Download:
        """A large file's content."""
        return await self._workspace.get_object(caller, project=dataset, sha256=sha256)

    async def put_dataset_pack(self, caller: Caller, *, dataset: str, body: AsyncIterator[bytes]) -> api.PackResult:
        """Take many small contents at once."""
        await asyncio.to_thread(self.check_writable, dataset)
        return await self._workspace.put_pack(caller, project=dataset, body=body)
