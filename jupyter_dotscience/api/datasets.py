"""Datasets: versioned data outside any project, that projects link at a path.

A dataset is either the copy of an S3 bucket that the hub keeps, or files that people send (``files``). Its history is a
git repository as a workspace's is: each version is a commit, large contents are objects.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta

from ._base import Bytes, Id, Model, Name, Request, Sha1, Time

LinkPath = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=1000,
        description="Where tasks see the dataset, relative to the workspace: no `..`, no empty parts, no leading `/`.",
    ),
]


class DatasetType(enum.StrEnum):
    """Where a dataset's contents come from."""

    S3 = "s3"
    FILES = "files"


class SyncState(enum.StrEnum):
    """Where the synchronisation of a dataset with its source is."""

    WAITING = "waiting"
    """Asked for; begins as soon as the hub gets to it."""
    SYNCING = "syncing"
    READY = "ready"
    """The newest version is what the source held when it was last looked at."""
    FAILED = "failed"
    """The last attempt failed; the versions from before are there."""


class SyncStatus(Model, frozen=True, kw_only=True):
    """How far a synchronisation is. Totals are of what the source lists, done is what the hub has of it."""

    state: SyncState
    message: Annotated[str, Meta(description="Why it failed, or what was left out; one sentence.")] = ""
    objects_done: int = 0
    objects_total: int | None = None
    bytes_done: Bytes = 0
    bytes_total: Bytes | None = None
    requested: Annotated[Time | None, Meta(description="When it was last asked for.")] = None
    started: Annotated[Time | None, Meta(description="When the last attempt began.")] = None
    ended: Annotated[Time | None, Meta(description="When it ended; null while one goes on.")] = None
    succeeded: Annotated[Time | None, Meta(description="When the last one that succeeded began.")] = None


class S3Source(Model, frozen=True, kw_only=True):
    """A bucket, as it is shown: the secret access key never is."""

    bucket: str
    prefix: str
    endpoint_url: str | None
    region: str | None
    access_key_id: str


class DatasetLink(Model, frozen=True, kw_only=True):
    """A dataset in a project."""

    dataset: Id
    dataset_name: str
    project: Id
    project_name: str
    path: str


class Dataset(Model, frozen=True, kw_only=True):
    """A dataset as those see it who own it, or a project that it is linked to."""

    id: Id
    name: str
    type: DatasetType
    owner: str
    created: Time
    head: Annotated[Sha1 | None, Meta(description="The newest version; null while it has none.")]
    files: Annotated[int, Meta(description="Files of the newest version.")]
    size: Annotated[Bytes, Meta(description="Bytes of the newest version.")]
    s3: Annotated[S3Source | None, Meta(description="Null for files that people sent.")]
    sync: Annotated[SyncStatus | None, Meta(description="Null for files that people sent.")]
    links: Annotated[list[DatasetLink], Meta(description="Those to projects that the caller may see.")]
    git_url: Annotated[str, Meta(description="What `git clone` takes, relative to the hub's own address.")]


class S3Create(Request, frozen=True, kw_only=True):
    """A bucket to copy from. The keys are tried before anything is created."""

    bucket: Annotated[str, Meta(min_length=1, max_length=255)]
    access_key_id: Annotated[str, Meta(min_length=1, max_length=1000)]
    secret_access_key: Annotated[str, Meta(min_length=1, max_length=1000)]
    prefix: Annotated[str, Meta(max_length=1024, description="Only objects whose key begins so; left off.")] = ""
    endpoint_url: Annotated[str, Meta(max_length=2000, description="Of another server than Amazon's.")] | None = None
    region: Annotated[str, Meta(max_length=100)] | None = None

    def __repr__(self) -> str:
        """Without the secret: what is shown ends up in logs."""
        return f"{type(self).__name__}(bucket={self.bucket!r}, access_key_id={self.access_key_id!r})"


class DatasetCreate(Request, frozen=True, kw_only=True):
    """A new dataset: of a bucket, or without one of files that will be sent."""

    name: Name
    s3: S3Create | None = None


class DatasetList(Model, frozen=True, kw_only=True):
    """A page of datasets, newest first."""

    items: list[Dataset]
    next: str | None = None


class DatasetQuery(Request, frozen=True, kw_only=True):
    """Which datasets to list."""

    ref: Annotated[str | None, Meta(description="Only those with this id, unique prefix of an id, or name.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    cursor: str | None = None


class DatasetDelete(Request, frozen=True, kw_only=True):
    """How to delete."""

    force: Annotated[bool, Meta(description="Also when projects link it; tasks do not find it any more.")] = False


class LinkCreate(Request, frozen=True, kw_only=True):
    """Where a project's tasks shall see a dataset."""

    path: LinkPath


class DatasetMount(Model, frozen=True, kw_only=True):
    """A dataset as one task sees it: at a path, read-only, in one version."""

    dataset: Id
    name: str
    path: str
    commit: Annotated[Sha1 | None, Meta(description="The version; null for one that has none yet, an empty folder.")]
    git_path: Annotated[str, Meta(description="Where to fetch its history, below the hub's address.")]
    size: Annotated[Bytes, Meta(description="Bytes of this version.")] = 0
    files: Annotated[int, Meta(description="Files of this version.")] = 0


class TaskDataset(Model, frozen=True, kw_only=True):
    """A dataset that a task used, and in which version."""

    dataset: Id
    name: str
    path: str
    commit: Annotated[Sha1 | None, Meta(description="Null for one without a version, or while the task waits for it.")]


def mount_of(path: str, mounts: Iterable[TaskDataset]) -> TaskDataset | None:
    """The dataset that a path of the workspace lies in, or None.

    Args:
        path: As a program in the workspace would name it.
        mounts: The task's datasets; none is within another.
    """
    return next((mount for mount in mounts if path.startswith(mount.path + "/")), None)
