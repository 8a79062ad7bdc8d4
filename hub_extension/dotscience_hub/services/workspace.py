"""The workspace of a project: its files, versions and contents."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import PurePosixPath

import msgspec

from dotscience_hub.git.commit_object import split_trailers
from dotscience_hub.git.repository import Repository
from dotscience_hub.git.trees import TREE, check_path
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from dotscience_hub.store.versions import CommitRow
from jupyter_dotscience.api import metadata
from jupyter_dotscience.api.commits import (
    BranchInfo,
    BranchList,
    ChangedFiles,
    ChangesQuery,
    Commit,
    CommitCreate,
    CommitList,
    CommitQuery,
    CommitResult,
    Missing,
    MissingQuery,
    PackResult,
)
from jupyter_dotscience.api.files import FileQuery, Tree, TreeQuery
from jupyter_dotscience.api.paths import to_bytes
from jupyter_dotscience.api.problems import BadRequest, NotFound
from jupyter_dotscience.workspace.hashing import MAX_POINTER, parse_pointer

from .caller import Caller
from .commits import Commits
from .contents import Contents
from .differences import changes_between
from .download import Download, of_bytes
from .folding import folded
from .ports import FileVersionOf, TaskRuns


class Workspace:
    """Serves the routes of the workspace; see `api.routes`. Who may call is decided before."""

    def __init__(self, database: Database, commits: Commits, contents: Contents, runs: TaskRuns) -> None:
        """Make the service.

        Args:
            database: The store.
            commits: The commit graph.
            contents: Objects and packs.
            runs: Where the runs of a version go.
        """
        self._runs = runs
        self._database = database
        self._commits = commits
        self._contents = contents

    def get_tree(self, caller: Caller, *, project: str, query: TreeQuery) -> Tree:
        """All files below a folder at a version; an empty workspace has none."""
        commit = self._commits.resolve(project, query.at)
        if commit is None:
            return Tree(commit=None, items=[])
        items = self._commits.listing.files(project, commit, query.prefix)
        return folded(commit, items, query.prefix) if query.fold else Tree(commit=commit, items=items)

    async def get_file(self, caller: Caller, *, project: str, query: FileQuery) -> Download:
        """One file's content; a large file's from the object store."""
        return await asyncio.to_thread(self._file, project, query)

    def list_commits(self, caller: Caller, *, project: str, query: CommitQuery) -> CommitList:
        """History, newest first."""
        repository = self._commits.repositories.open(project)
        commit = repository.resolve(query.at)
        if commit is None:
            return CommitList(items=[])
        path = None if query.path is None else check_path(to_bytes(query.path))
        ids, following = repository.history.page(commit, path, query.limit, query.cursor)
        return CommitList(items=self._describe(project, repository, ids), next=following)

    def get_commit(self, caller: Caller, *, project: str, commit: str) -> Commit:
        """A commit with its metadata."""
        repository = self._commits.repositories.open(project)
        found = repository.resolve(commit)
        if found is None:
            raise NotFound(f"There is no commit {commit!r}.")
        return self._describe(project, repository, [found])[0]

    def list_changes(self, caller: Caller, *, project: str, commit: str, query: ChangesQuery) -> ChangedFiles:
        """Files that differ between a version and an older one, or its first parent.

        Raises:
            NotFound: there is no such version.
        """
        repository = self._commits.repositories.open(project)
        found = repository.resolve(commit)
        if found is None:
            raise NotFound(f"There is no commit {commit!r}.")
        if query.since is None:
            base = next(iter(repository.commit_object(found).parents), None)
        else:
            base = repository.resolve(query.since)
        return changes_between(repository.reader(), base, found, query.limit)

    def create_commit(self, caller: Caller, *, project: str, body: CommitCreate) -> CommitResult:
        """Record changes as one commit of `main` or of a branch of people's own."""
        if body.branch.startswith("tasks/"):
            raise BadRequest("A task's branch is written by its task only; name another branch.", code="bad_branch")
        if not body.runs:
            return self._commits.record(project, body, caller.name)
        return self.record_with_runs(caller.name, project, body, {"workload.type": "jupyter"})

    def record_with_runs(self, author: str, project: str, body: CommitCreate, facts: Mapping[str, str]) -> CommitResult:
        """Record a version and its runs. Each half may be repeated: the same version, and runs that are there stay.

        Args:
            author: Who made them.
            project: Its id.
            body: Changes and runs.
            facts: What else the version's metadata say.
        """
        read = sorted({path for run in body.runs for path in run.inputs})
        inputs = self._versions(project, body.parent, read)
        described = {
            "type": metadata.TYPE,
            "author": author,
            "message": body.message,
            "success": "true",
            **facts,
            **metadata.of_runs(body.runs, {path: version[0] for path, version in inputs.items()}),
        }
        # Worth a commit though no file has changed: the history says which runs there were, and when.
        body = msgspec.structs.replace(body, always=True)
        result = self._commits.record(project, body, author, metadata=described)
        at = result.commit
        written = {path for run in body.runs for path in run.outputs} | {path for path in read if path not in inputs}
        outputs = self._versions(project, at, sorted(written))
        inputs.update({path: outputs[path] for path in read if path not in inputs and path in outputs})
        with self._database.write() as session:
            self._runs.record_task_runs(
                session,
                project=project,
                task=None,
                author=author,
                runs=body.runs,
                commit=at,
                inputs=inputs,
                outputs=outputs,
            )
        return result

    def _versions(self, project: str, commit: str | None, paths: Sequence[str]) -> dict[str, FileVersionOf]:
        return dict(self._commits.versions_at(project, commit, paths)) if commit and paths else {}

    def list_branches(self, caller: Caller, *, project: str) -> BranchList:
        """Branches, and whether `main` has what they have."""
        repository = self._commits.repositories.open(project)
        branches = repository.branches()
        main = branches.get("main")
        inside = repository.history.ancestors(main) if main is not None else set()
        return BranchList(
            items=[BranchInfo(name=name, commit=commit, merged=commit in inside) for name, commit in branches.items()]
        )

    def find_missing(self, caller: Caller, *, project: str, body: MissingQuery) -> Missing:
        """Which contents have to be sent."""
        return self._contents.find_missing(project, body)

    async def put_object(self, caller: Caller, *, project: str, sha256: str, body: AsyncIterator[bytes]) -> None:
        """Store a large file's content."""
        await self._contents.receive_object(project, sha256, body)

    async def get_object(self, caller: Caller, *, project: str, sha256: str) -> Download:
        """A large file's content."""
        return await asyncio.to_thread(self._contents.object, project, sha256)

    async def put_pack(self, caller: Caller, *, project: str, body: AsyncIterator[bytes]) -> PackResult:
        """Take many small contents at once."""
        return PackResult(objects=await self._contents.receive_pack(project, body))

    def _file(self, project: str, query: FileQuery) -> Download:
        repository = self._commits.repositories.open(project)
        commit = repository.resolve(query.at)
        reader = repository.reader()
        entry = None if commit is None else reader.entry(commit, to_bytes(query.path))
        if entry is None or entry.mode == TREE:
            raise NotFound(f"There is no file {query.path!r} at {query.at}.")
        name = PurePosixPath(query.path).name
        content = reader.blob(entry.oid)
        pointer = parse_pointer(content) if len(content) <= MAX_POINTER else None
        if pointer is not None and self._contents.sizes(project, [pointer.sha256]).get(pointer.sha256) == pointer.size:
            return self._contents.object(project, pointer.sha256, name)
        return of_bytes(content, name)

    def _describe(self, project: str, repository: Repository, ids: Sequence[str]) -> list[Commit]:
        for commit in ids[:1]:  # with the newest all others are known
            self._commits.indexer.ensure(project, commit)
        with self._database.read() as session:
            rows = {row.id: row for row in versions.commit_rows(session, project, ids)}
        return [_commit(repository, commit, rows.get(commit)) for commit in ids]


def _commit(repository: Repository, commit: str, row: CommitRow | None) -> Commit:
    found = repository.commit_object(commit)
    metadata = {} if row is None else json.loads(row.metadata_json)
    task = None if row is None else row.task
    # Lines that look like ours and are not stay part of what somebody wrote.
    message = split_trailers(found.message)[0] if task or metadata else found.message.rstrip("\n")
    return Commit(
        id=commit,
        parents=list(found.parents),
        author=found.author,
        message=message,
        created=found.created,
        task=task,
        metadata=metadata,
    )
