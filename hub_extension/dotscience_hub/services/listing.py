"""Files of a commit, each with the commit that last changed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from dotscience_hub.git.repositories import Repositories
from dotscience_hub.git.repository import Repository
from dotscience_hub.git.trees import TREE, Entry, mode_of
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from dotscience_hub.store.versions import Version
from jupyter_dotscience.api.files import FileVersion
from jupyter_dotscience.api.paths import to_bytes, to_text
from jupyter_dotscience.api.problems import BadRequest

from .indexing import Indexer

Entries = dict[str, Entry]
FileId = tuple[str, str, str]
"""Commit, SHA-256 and blob."""


class Listing:
    """Joins trees of git with rows of the store."""

    def __init__(self, database: Database, repositories: Repositories, indexer: Indexer) -> None:
        """Between a store and the repositories."""
        self._database = database
        self._repositories = repositories
        self._indexer = indexer

    def files(self, project: str, commit: str, prefix: str) -> list[FileVersion]:
        """All files of a folder (of all, with an empty prefix) at a commit, sorted by path."""
        repository = self._repositories.open(project)
        self._indexer.ensure(project, commit)
        folder = to_bytes(prefix).strip(b"/")
        entries = {to_text(path): entry for path, entry in repository.reader().files(commit, folder)}
        with self._database.read() as session:
            newest = self._newest(
                repository, commit, entries, versions.versions_below(session, project, to_text(folder))
            )
        return [_file_version(path, entry, newest.get(path)) for path, entry in entries.items()]

    def at(self, project: str, commit: str, paths: Sequence[str]) -> dict[str, FileId]:
        """Commit, SHA-256 and blob of some files as they are at a commit; those that are not there are left out."""
        repository = self._repositories.open(project)
        self._indexer.ensure(project, commit)
        entries = _entries(repository, commit, paths)
        with self._database.read() as session:
            found = versions.versions_of(session, project, list(entries))
            newest = self._newest(repository, commit, entries, found)
        return {path: (v.commit, v.sha256.hex(), v.blob.hex()) for path, v in newest.items()}

    @staticmethod
    def _newest(repository: Repository, commit: str, entries: Entries, found: Iterable[Version]) -> dict[str, Version]:
        """Of each entry the newest version with its content in the history of `commit`.

        One of that content is in the history, since the store knows it whole. Only where there are several it has to be
        asked which of them are.
        """
        candidates: dict[str, list[Version]] = {}
        for version in found:
            entry = entries.get(version.path)
            if entry is not None and entry.oid == version.blob:
                candidates.setdefault(version.path, []).append(version)
        ancestors: set[str] = set()
        if any(len(each) > 1 for each in candidates.values()):
            ancestors = repository.history.ancestors(commit)
        return {path: _last(each, ancestors) for path, each in candidates.items()}


def _last(candidates: Sequence[Version], ancestors: set[str]) -> Version:
    inside = [version for version in candidates if version.commit in ancestors]
    return (inside or candidates)[-1]


def _entries(repository: Repository, commit: str, paths: Iterable[str]) -> Entries:
    reader = repository.reader()
    entries = {}
    for path in paths:
        try:
            entry = reader.entry(commit, to_bytes(path))
        except BadRequest:
            continue
        if entry is not None and entry.mode != TREE:
            entries[path] = entry
    return entries


def _file_version(path: str, entry: Entry, version: Version | None) -> FileVersion:
    if version is None:  # a submodule's commit, in what was pushed before they were refused
        return FileVersion(
            path=path, mode=mode_of(entry.mode), size=0, blob=entry.oid.hex(), sha256=None, large=False, modified=0,
            commit=None,
        )  # fmt: skip
    return FileVersion(
        path=path,
        mode=mode_of(entry.mode),
        size=version.size,
        blob=entry.oid.hex(),
        sha256=version.sha256.hex(),
        large=version.large,
        modified=version.modified,
        commit=version.commit,
    )
