"""Commits: immutable versions of a workspace, and the changes that make one."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Bytes, Id, Model, Nanoseconds, Path, Request, Sha1, Sha256, Time
from .runs import RunReport

Branch = Annotated[
    str,
    Meta(
        pattern=r"^(main|tasks/[0-9a-f-]{36}|heads/[A-Za-z0-9][A-Za-z0-9._/-]{0,199})$",
        description="`main`, `tasks/<task id>`, or `heads/<name>` for a branch that people pushed with git.",
    ),
]
Revision = Annotated[
    str,
    Meta(
        max_length=300,
        description="A commit id (40 hexadecimal digits, or its first 7 at least), or a branch as in Branch.",
    ),
]


class Mode(enum.StrEnum):
    """What kind of file it is; git keeps no other permissions."""

    FILE = "file"
    EXECUTABLE = "executable"
    SYMLINK = "symlink"


class Change(Request, frozen=True, kw_only=True):
    """One file's new content, in one of three ways.

    - ``data``: the content itself, for small files (or a symlink's target).
    - ``blob``: the id of a git blob that the project's repository already has, sent before in a pack.
    - ``large``: the content is the object ``sha256`` of the project's object store, of ``size`` bytes; the commit holds
      a Git LFS pointer (https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md) that the hub writes.
    """

    path: Path
    mode: Mode = Mode.FILE
    size: Bytes
    sha256: Annotated[Sha256 | None, Meta(description="Of the content; required for large files.")] = None
    modified: Nanoseconds = 0
    data: bytes | None = None
    blob: Sha1 | None = None
    large: bool = False


class SkippedFile(Request, frozen=True, kw_only=True):
    """A file that could not be versioned, and why: a socket, a device, unreadable, changing all the time."""

    path: Path
    reason: str


class CommitCreate(Request, frozen=True, kw_only=True):
    """Changes on top of ``parent``, to be recorded as one commit of ``branch``.

    When the branch has moved on since ``parent``, both sides are merged; if that cannot be done the answer is 409
    ``conflict`` with the paths in ``detail["paths"]`` and nothing is changed. The commit's id depends on nothing but
    what is sent here, so a retry makes no second commit.
    """

    branch: Branch = "main"
    parent: Annotated[Sha1 | None, Meta(description="What the changes are relative to; null for an empty tree.")] = None
    message: Annotated[str, Meta(min_length=1, max_length=100_000)]
    created: Time
    changes: list[Change] = msgspec.field(default_factory=list)
    deletes: list[Path] = msgspec.field(default_factory=list)
    skipped: list[SkippedFile] = msgspec.field(default_factory=list)
    keep: Annotated[
        list[Path],
        Meta(
            max_length=10_000,
            description="Paths of which this side's version stands when both sides changed them; other conflicts stay.",
        ),
    ] = msgspec.field(default_factory=list)
    runs: Annotated[
        list[RunReport],
        Meta(max_length=1000, description="Runs made outside of any task that this version belongs to."),
    ] = msgspec.field(default_factory=list)
    always: Annotated[bool, Meta(description="Also when nothing has changed: the version is for its message.")] = False


class CommitResult(Model, frozen=True, kw_only=True):
    """What became of a :class:`CommitCreate`."""

    commit: Annotated[Sha1 | None, Meta(description="The commit made; `head` when nothing changed.")]
    head: Annotated[Sha1 | None, Meta(description="The branch's newest commit now.")]
    merged: Annotated[bool, Meta(description="The branch had moved on, and both sides were merged.")] = False


class Commit(Model, frozen=True, kw_only=True):
    """One version of a workspace."""

    id: Sha1
    parents: list[Sha1]
    author: str
    message: str
    created: Time
    task: Id | None = None
    metadata: Annotated[dict[str, str], Meta(description="Run metadata format, version 1; see api.metadata.")] = (
        msgspec.field(default_factory=dict)
    )


class FileChange(enum.StrEnum):
    """What happened to a file between two versions."""

    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"


class ChangedFile(Model, frozen=True, kw_only=True):
    """A file that differs between two versions."""

    path: Path
    change: FileChange


class ChangedFiles(Model, frozen=True, kw_only=True):
    """The first of the files that differ between two versions, sorted by path."""

    base: Annotated[Sha1 | None, Meta(description="What the version was compared with; null for an empty tree.")]
    items: list[ChangedFile]
    total: Annotated[int, Meta(description="How many files differ.")]
    contained: Annotated[
        bool,
        Meta(description="Whether the older version is in the history of the newer, so that nothing of it is lost."),
    ] = True


class ChangesQuery(Request, frozen=True, kw_only=True):
    """What to compare a version with, and how many of the files that differ to name."""

    since: Annotated[Revision | None, Meta(description="The older version; the first parent when absent.")] = None
    limit: Annotated[int, Meta(ge=1, le=10_000)] = 1000


class CommitList(Model, frozen=True, kw_only=True):
    """A page of commits, newest first."""

    items: list[Commit]
    next: str | None = None


class CommitQuery(Request, frozen=True, kw_only=True):
    """Which commits to list."""

    at: Revision = "main"
    path: Annotated[Path | None, Meta(description="Only commits that changed this file or folder.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: str | None = None


class BranchInfo(Model, frozen=True, kw_only=True):
    """A branch and where it stands."""

    name: str
    commit: Sha1
    merged: Annotated[bool, Meta(description="Whether main contains it.")]


class BranchList(Model, frozen=True, kw_only=True):
    """All branches of a project."""

    items: list[BranchInfo]


class ObjectRef(Request, frozen=True, kw_only=True):
    """A large file's content by hash."""

    sha256: Sha256
    size: Bytes


class MissingQuery(Request, frozen=True, kw_only=True):
    """Contents the caller would like to commit."""

    blobs: Annotated[list[Sha1], Meta(max_length=200_000)] = msgspec.field(default_factory=list)
    objects: Annotated[list[ObjectRef], Meta(max_length=200_000)] = msgspec.field(default_factory=list)


class Missing(Model, frozen=True, kw_only=True):
    """Those of them that this project does not have yet, so that must be sent."""

    blobs: list[Sha1]
    objects: list[Sha256]


class PackResult(Model, frozen=True, kw_only=True):
    """What became of a pack of small blobs."""

    objects: Annotated[int, Meta(description="How many objects the pack held.")]
