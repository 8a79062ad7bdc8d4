"""Versions of files and what else is known of commits. Git has the truth; all of this can be made anew from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
    and_,
    delete,
    func,
    insert,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from .base import Table

_IN = 500
"""Values of one IN list; SQLite takes 32,766 variables, but its planner likes short ones."""

# Ranges of paths are ranges of bytes, whatever language the database was set up for.
_Bytewise = Text().with_variant(Text(collation="C"), "postgresql")


class CommitRow(Table):
    """A commit that the store knows all versions of.

    Attributes:
        number: Short key for the many rows of versions.
        generation: 1 + the largest of its parents': what is newer in one history has the larger one.
        metadata_json: Run metadata as JSON; in the commit's message too unless it was too large.
    """

    __tablename__ = "commits"
    __table_args__ = (UniqueConstraint("project", "id"),)

    # INTEGER, not BIGINT: only that makes SQLite count by itself.
    number: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    project: Mapped[str]
    id: Mapped[str]
    generation: Mapped[int]
    author: Mapped[str]
    created: Mapped[dt.datetime]
    task: Mapped[str | None]
    metadata_json: Mapped[str] = mapped_column(default="{}")


class FileVersionRow(Table):
    """A file as a commit brought it.

    Attributes:
        path: Wire form, see `api.paths`.
        number: The commit.
        blob: Binary id of the git blob; of a large file, of its pointer.
        sha256: Binary SHA-256 of the content itself.
        size: Bytes of the content itself.
        modified: Nanoseconds since 1970, of the file where it was snapshotted; 0 when nobody told.
    """

    __tablename__ = "file_versions"
    __table_args__ = (Index(None, "number"),)

    project: Mapped[str] = mapped_column(primary_key=True)
    path: Mapped[str] = mapped_column(_Bytewise, primary_key=True)
    number: Mapped[int] = mapped_column(ForeignKey("commits.number", ondelete="CASCADE"), primary_key=True)
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    size: Mapped[int]
    large: Mapped[bool]
    modified: Mapped[int]


class ProjectObjectRow(Table):
    """A large file's content that a project has."""

    __tablename__ = "project_objects"
    __table_args__ = (Index(None, "sha256"),)

    project: Mapped[str] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]
    created: Mapped[dt.datetime]


@dataclass(frozen=True)
class CommitFacts:
    """What to note of a commit."""

    id: str
    parents: tuple[str, ...]
    author: str
    created: dt.datetime
    task: str | None = None
    metadata_json: str = "{}"


@dataclass(frozen=True)
class Version:
    """A version of a file, ready to be stored, or as it was found (then with its commit)."""

    path: str
    blob: bytes
    sha256: bytes
    size: int
    large: bool
    modified: int
    commit: str = ""
    generation: int = 0


def has_commit(session: Session, project: str, commit: str) -> bool:
    """Whether the store knows a commit."""
    found = select(CommitRow.number).where(CommitRow.project == project, CommitRow.id == commit)
    return session.execute(found).first() is not None


def known_commits(session: Session, project: str, commits: Sequence[str]) -> set[str]:
    """Those of `commits` that the store knows."""
    return {row.id for row in commit_rows(session, project, commits)}


def commit_rows(session: Session, project: str, commits: Sequence[str]) -> Iterator[CommitRow]:
    """What the store knows of commits, in no order."""
    for part in _parts(commits):
        query = select(CommitRow).where(CommitRow.project == project, CommitRow.id.in_(part))
        yield from session.scalars(query)


def insert_commit(session: Session, project: str, facts: CommitFacts, versions: Iterable[Version]) -> None:
    """Note a commit with the files it brought; nothing happens when it is known. Its parents are known already."""
    generation = 1 + max((row.generation for row in commit_rows(session, project, facts.parents)), default=0)
    values = {
        "project": project, "id": facts.id, "generation": generation, "author": facts.author,
        "created": facts.created, "task": facts.task, "metadata_json": facts.metadata_json,
    }  # fmt: skip
    number = session.execute(_or_ignore(session, CommitRow, values).returning(CommitRow.number)).scalar_one_or_none()
    if number is None:
        return
    rows = [_row(project, number, version) for version in versions]
    if rows:
        # On the table and not the class: the ORM's part of an insert would cost as much as the database's.
        session.connection().execute(insert(Table.metadata.tables["file_versions"]), rows)


def _row(project: str, number: int, version: Version) -> dict[str, Any]:
    return {
        "project": project, "number": number, "path": version.path, "blob": version.blob, "sha256": version.sha256,
        "size": version.size, "large": version.large, "modified": version.modified,
    }  # fmt: skip


def versions_below(session: Session, project: str, prefix: str) -> Iterator[Version]:
    """All versions of all files whose path begins with `prefix`, older commits of one history first."""
    query = _versions(project).order_by(CommitRow.generation, CommitRow.number)
    if prefix:
        # A range instead of LIKE: it uses the key whatever the collation, and needs no escaping.
        query = query.where(FileVersionRow.path >= prefix, FileVersionRow.path < prefix + "\U0010ffff")
    for row in session.execute(query):
        yield _version(row)


def versions_of(session: Session, project: str, paths: Sequence[str]) -> Iterator[Version]:
    """All versions of some files, older commits of one history first for each."""
    for part in _parts(paths):
        query = _versions(project).where(FileVersionRow.path.in_(part))
        for row in session.execute(query.order_by(CommitRow.generation, CommitRow.number)):
            yield _version(row)


def sizes_of(session: Session, project: str, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """Bytes of contents that a project has had, by path and SHA-256 in hexadecimal digits."""
    found: dict[tuple[str, str], int] = {}
    for part in _parts([path for path, _ in wanted]):
        file = FileVersionRow
        query = select(file.path, file.sha256, file.size).where(file.project == project, file.path.in_(part))
        found.update(((path, sha256.hex()), size) for path, sha256, size in session.execute(query))
    return found


def _versions(project: str) -> Any:
    file = FileVersionRow
    columns = (file.path, file.blob, file.sha256, file.size, file.large, file.modified)
    query = select(*columns, CommitRow.id, CommitRow.generation).join(CommitRow, CommitRow.number == file.number)
    return query.where(file.project == project)


def _version(row: Any) -> Version:
    return Version(*row)


def objects_of(session: Session, project: str, hashes: Sequence[str]) -> dict[str, int]:
    """Sizes of those objects that the project has."""
    found: dict[str, int] = {}
    for part in _parts(hashes):
        query = select(ProjectObjectRow.sha256, ProjectObjectRow.size)
        query = query.where(ProjectObjectRow.project == project, ProjectObjectRow.sha256.in_(part))
        found.update((sha256, size) for sha256, size in session.execute(query))
    return found


def all_objects(session: Session, project: str) -> dict[str, int]:
    """Sizes of all objects of a project."""
    query = select(ProjectObjectRow.sha256, ProjectObjectRow.size).where(ProjectObjectRow.project == project)
    return {sha256: size for sha256, size in session.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def objects_size(session: Session, project: str) -> int:
    """Bytes of all large files' contents of a project."""
    query = select(func.coalesce(func.sum(ProjectObjectRow.size), 0)).where(ProjectObjectRow.project == project)
    return int(session.scalar(query) or 0)


def add_objects(session: Session, project: str, objects: Mapping[str, int], created: dt.datetime) -> None:
    """Note that a project has objects; those it had stay as they are."""
    for sha256, size in objects.items():
        values = {"project": project, "sha256": sha256, "size": size, "created": created}
        session.execute(_or_ignore(session, ProjectObjectRow, values))


def delete_project(session: Session, project: str) -> None:
    """Forget all of a project's commits, versions and objects."""
    for table in (FileVersionRow, CommitRow, ProjectObjectRow):
        session.execute(delete(table).where(table.project == project))


def forget_commits(session: Session, project: str) -> None:
    """Forget commits and versions, to note them again from git."""
    for table in (FileVersionRow, CommitRow):
        session.execute(delete(table).where(table.project == project))


def _or_ignore(session: Session, table: type[Table], values: Mapping[str, Any]) -> Any:
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    return dialect.insert(table).values(values).on_conflict_do_nothing()


def _parts(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _IN):
        yield values[start : start + _IN]


def copy_objects(session: Session, source: str, target: str, created: dt.datetime) -> None:
    """Let a fork have what its source has; no content is copied."""
    row = ProjectObjectRow
    columns = ["project", "sha256", "size", "created"]
    found = select(literal(target), row.sha256, row.size, literal(created, row.created.type)).where(
        row.project == source
    )
    session.execute(insert(row).from_select(columns, found))


def copy_commits(session: Session, source: str, target: str) -> None:
    """Let a fork know its source's commits and versions: what only requests told of them is in no repository."""
    old, new = aliased(CommitRow), aliased(CommitRow)
    kept = ("id", "generation", "author", "created", "task", "metadata_json")
    commits = select(literal(target), *(getattr(old, name) for name in kept)).where(old.project == source)
    session.execute(insert(CommitRow).from_select(["project", *kept], commits))
    file = FileVersionRow
    facts = ("path", "blob", "sha256", "size", "large", "modified")
    files = (
        select(literal(target), new.number, *(getattr(file, name) for name in facts))
        .join(old, old.number == file.number)
        .join(new, and_(new.project == target, new.id == old.id))
        .where(file.project == source)
    )
    session.execute(insert(file).from_select(["project", "number", *facts], files))
