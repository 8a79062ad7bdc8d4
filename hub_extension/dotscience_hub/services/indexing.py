"""Rows of file versions made from commits: for those that the hub makes, and for those that come by a push."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from dotscience_hub.git import facts
from dotscience_hub.git.changes import Changes
from dotscience_hub.git.commit_object import split_trailers
from dotscience_hub.git.facts import BlobFacts, FileFacts
from dotscience_hub.git.reader import Reader
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.git.repository import Repository
from dotscience_hub.git.trees import Entry
from dotscience_hub.store import versions
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database
from dotscience_hub.store.versions import CommitFacts, Version
from jupyter_dotscience.api.paths import to_text

_BATCH = 50
"""Commits in one transaction."""

SKIPPED = "skipped"
"""Metadata key of the files that a snapshot had to leave out."""

Brought = list[tuple[bytes, Entry]]


class Indexer:
    """Keeps the store's commits and versions complete.

    What holds: with a commit, the store knows its whole history. A commit made by the hub is noted before a branch
    points to it; one that a killed service or a push left out is noted when somebody asks for it.
    """

    def __init__(self, database: Database, repositories: Repositories) -> None:
        """Between a store and the repositories."""
        self._database = database
        self._repositories = repositories

    def record(
        self, project: str, commit: str, changes: Changes, task: str | None, metadata: Mapping[str, str]
    ) -> None:
        """Note a commit of the commit API, with what only its request told: times, and metadata too large for git."""
        repository = self._repositories.open(project)
        reader = repository.reader()
        for parent in reader.commit(commit).parents:
            self.ensure(project, parent)
        rows = [_version(path, entry, changes.facts[path]) for path, entry in reader.introduced(commit)]
        noted = _commit_facts(reader, commit, task, metadata)
        with self._database.write() as session:
            versions.insert_commit(session, project, noted, rows)

    def ensure(self, project: str, commit: str) -> None:
        """Note a commit and all its history, as far as it is not known."""
        with self._database.read() as session:
            if versions.has_commit(session, project, commit):
                return
        repository = self._repositories.open(project)
        unknown = self._unknown(project, repository, commit)
        for start in range(0, len(unknown), _BATCH):
            self._note(project, repository, unknown[start : start + _BATCH])

    def ensure_branches(self, project: str) -> None:
        """Note what a push brought."""
        for commit in set(self._repositories.open(project).branches().values()):
            self.ensure(project, commit)

    def reindex(self, project: str) -> None:
        """Make all rows of a project anew from git. What only requests told is lost: times of files are commits'."""
        with self._database.write() as session:
            versions.forget_commits(session, project)
        self.ensure_branches(project)

    def _unknown(self, project: str, repository: Repository, commit: str) -> list[str]:
        """Commits to note, parents first."""
        parents = repository.commit_object(commit).parents
        with self._database.read() as session:
            if len(versions.known_commits(session, project, parents)) == len(set(parents)):
                return [commit]
        with self._database.read() as session:
            tips = versions.known_commits(session, project, sorted(set(repository.refs.all().values())))
        new = repository.history.new([commit], sorted(tips))
        with self._database.read() as session:
            known = versions.known_commits(session, project, new)
        return [each for each in new if each not in known]

    def _note(self, project: str, repository: Repository, commits: Sequence[str]) -> None:
        reader = repository.reader()
        brought = {commit: list(reader.introduced(commit)) for commit in commits}
        blobs = dict(facts.of_blobs(repository.folder, {entry.oid.hex() for _, entry in _all(brought.values())}))
        pointers = {known.pointer.sha256 for known in blobs.values() if known.pointer is not None}
        with self._database.write() as session:
            objects = versions.objects_of(session, project, sorted(pointers))
            for commit in commits:
                noted = _commit_facts(reader, commit, *_told(repository, reader, commit))
                modified = int(noted.created.timestamp()) * 1_000_000_000
                rows = _versions(brought[commit], blobs, objects, modified)
                versions.insert_commit(session, project, noted, rows)


def _all(brought: Iterable[Brought]) -> Iterator[tuple[bytes, Entry]]:
    for each in brought:
        yield from each


def _versions(
    brought: Brought, blobs: Mapping[str, BlobFacts], objects: Mapping[str, int], modified: int
) -> Iterator[Version]:
    for path, entry in brought:
        known = blobs.get(entry.oid.hex())
        if known is not None:  # a submodule's commit is no content of this project
            yield _version(path, entry, known.of_file(objects, modified))


def _version(path: bytes, entry: Entry, known: FileFacts) -> Version:
    return Version(
        path=to_text(path),
        blob=entry.oid,
        sha256=bytes.fromhex(known.sha256),
        size=known.size,
        large=known.large,
        modified=known.modified,
    )


def _told(repository: Repository, reader: Reader, commit: str) -> tuple[str | None, Mapping[str, str]]:
    """Task and metadata in a commit's message, as far as they can be the hub's own words.

    Anybody may push a message that claims to be a task's. Branches of tasks cannot be pushed: so a task's result is
    what is in the history of that task's branch.
    """
    _, task, metadata = split_trailers(reader.commit(commit).message)
    head = repository.head(f"tasks/{task}") if task is not None else None
    if head is not None and reader.is_ancestor(commit, head):
        return task, metadata
    return None, {key: value for key, value in metadata.items() if key == SKIPPED}


def _commit_facts(reader: Reader, commit: str, task: str | None, metadata: Mapping[str, str]) -> CommitFacts:
    found = reader.commit(commit)
    return CommitFacts(
        id=commit,
        parents=found.parents,
        author=clean(found.author),
        created=found.created,
        task=task,
        metadata_json=json.dumps(dict(metadata)),
    )
