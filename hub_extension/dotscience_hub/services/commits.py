"""What other services need of projects' versions: recording tasks' results, merging them, asking for file versions."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping, Sequence

import msgspec

from dotscience_hub.git.changes import Changes
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.git.trees import SYMLINK, TREE
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.changes import Notice, NoticeKind
from jupyter_dotscience.api.commits import CommitCreate, CommitResult
from jupyter_dotscience.api.paths import to_bytes, to_text
from jupyter_dotscience.api.problems import Conflict
from jupyter_dotscience.api.tasks import MergeState

from .indexing import SKIPPED, Indexer
from .listing import FileId, Listing
from .maintenance import Maintenance

_KINDS = {TREE: "folder", SYMLINK: "symlink"}
_DIGEST = "metadata.sha256"


class Commits:
    """The commit graph of all projects, for the hub's other services. All methods block.

    Do not call them inside a transaction of the store: a merge takes longer than a writer should hold it.
    """

    def __init__(self, database: Database, repositories: Repositories) -> None:
        """Between a store and the repositories."""
        self._database = database
        self.repositories = repositories
        self.indexer = Indexer(database, repositories)
        self.listing = Listing(database, repositories, self.indexer)
        self.maintenance = Maintenance(repositories)

    def delete_project(self, project: str) -> None:
        """Remove a project's history. Objects stay until nobody's project has them."""
        self.repositories.delete(project)
        with self._database.write() as session:
            versions.delete_project(session, project)

    def fork_project(self, source: str, target: str) -> None:
        """Give a new project the branches, versions and objects of another; no content is copied.

        Raises:
            NotFound: there is no source.
        """
        with self._database.write() as session:
            versions.copy_objects(session, source, target, dt.datetime.now(dt.UTC))
            versions.copy_commits(session, source, target)
        self.repositories.fork(source, target)

    def head(self, project: str, branch: str = "main") -> str | None:
        """A branch's newest commit, or None; also None for a project without storage."""
        if not self.repositories.exists(project):
            return None
        return self.repositories.open(project).head(branch)

    def resolve(self, project: str, revision: str) -> str | None:
        """The commit that a commit id or a branch names; None while `main` is empty.

        Raises:
            NotFound: there is no such commit or branch.
        """
        return self.repositories.open(project).resolve(revision)

    def record(
        self, project: str, request: CommitCreate, author: str, *,
        task: str | None = None, metadata: Mapping[str, str] | None = None,
    ) -> CommitResult:  # fmt: skip
        """Record a commit on any branch; see :meth:`Committer.commit`."""
        repository = self.repositories.open(project)
        full = _with_skipped(request, metadata)

        def sizes(hashes: Sequence[str]) -> Mapping[str, int]:
            with self._database.read() as session:
                return versions.objects_of(session, project, hashes)

        def recorded(commit: str, changes: Changes) -> None:
            self.indexer.record(project, commit, changes, task, full)

        noted = _bounded(full, repository.limits.metadata)
        done = repository.commit(request, author, sizes, recorded, task=task, metadata=noted)
        if done.merge is not None:
            self.indexer.ensure(project, done.merge)
        self.moved(project)
        self.maintenance.note(project)
        return CommitResult(commit=done.commit or done.head, head=done.head, merged=done.merged)

    def record_task(
        self, project: str, task: str, author: str, commit: CommitCreate, metadata: Mapping[str, str]
    ) -> CommitResult:
        """Record a task's result on its own branch, whatever branch the request names. It never conflicts.

        The same call again makes no second commit, so a repeated `finish` is harmless.

        Args:
            project: The task's project.
            task: The task's id.
            author: Who created the task.
            commit: What the agent sent; `parent` is the commit the task started from, or its last one.
            metadata: Run metadata, see `api.metadata`.

        Raises:
            BadRequest: a bad path or content.
        """
        request = msgspec.structs.replace(commit, branch=f"tasks/{task}")
        return self.record(project, request, author, task=task, metadata=metadata)

    def merge_task(
        self, project: str, task: str, author: str, keep: Sequence[str] = ()
    ) -> tuple[MergeState, list[str], str | None]:
        """Bring a task's branch into `main`.

        Args:
            project: The task's project.
            task: The task's id.
            author: Unused for fast-forwards; a merge commit has the author of the task's last commit.
            keep: Paths of which the task's version stands when both sides changed them.

        Returns:
            What became of it, the paths that conflict, and where `main` is now.
        """
        del author  # the merge commit must be the same whoever repeats the call
        repository = self.repositories.open(project)
        commit = repository.head(f"tasks/{task}")
        if commit is None:
            return MergeState.NONE, [], repository.head()
        try:
            done = repository.integrate("main", commit, keep)
        except Conflict as error:
            return MergeState.CONFLICT, list((error.detail or {}).get("paths", [])), repository.head()
        if done.merge is not None:
            self.indexer.ensure(project, done.merge)
        self.moved(project)
        return MergeState.MERGED if done.merged else MergeState.FAST_FORWARD, [], done.head

    def moved(self, project: str) -> None:
        """Tell that a branch of a project, or of the dataset of this id, is elsewhere: refs are not in the store."""
        files = NoticeKind.FILES
        self._database.tell(Notice(kind=files, project=project), Notice(kind=files, dataset=project))

    def versions_at(self, project: str, commit: str, paths: Sequence[str]) -> dict[str, FileId]:
        """(commit that last changed it, SHA-256, blob) of files at a commit; those that are not there are left out."""
        return self.listing.at(project, commit, paths)

    def kind_at(self, project: str, commit: str, path: str) -> str | None:
        """What stands at a path of a commit: `file`, `symlink`, `folder`, or None."""
        entry = self.repositories.open(project).reader().entry(commit, to_bytes(path))
        if entry is None:
            return None
        return _KINDS.get(entry.mode, "file")

    def changed_paths(self, project: str, base: str | None, commit: str) -> list[str]:
        """Files that `commit` has new or different from `base` (None: all files), sorted; deleted ones are not named.

        Raises:
            NotFound: one of the commits is not there.
        """
        changed = self.repositories.open(project).reader().changed(base, commit)
        return [to_text(path) for path, entry in changed if entry is not None]

    def reindex(self, project: str) -> None:
        """Make the rows of a project's versions anew from git."""
        self.indexer.reindex(project)

    def close(self) -> None:
        """Wait for work in the background; called when the service stops."""
        self.maintenance.close()

    def recover(self) -> None:
        """Clean up after a service that was killed; called at the start, before anything is served."""
        self.repositories.recover()


def _with_skipped(request: CommitCreate, metadata: Mapping[str, str] | None) -> dict[str, str]:
    full = dict(metadata or {})
    if request.skipped:
        full[SKIPPED] = json.dumps([[skipped.path, skipped.reason] for skipped in request.skipped])
    return full


def _bounded(metadata: Mapping[str, str], limit: int) -> dict[str, str]:
    """Metadata as it goes into the commit: all of it, or a digest that keeps the commit's id tied to it."""
    text = json.dumps(metadata, sort_keys=True)
    if len(text) <= limit:
        return dict(metadata)
    return {_DIGEST: hashlib.sha256(text.encode()).hexdigest()}
