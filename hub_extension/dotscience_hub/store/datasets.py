"""Datasets, where they come from, which projects link them, and which version a task sees."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import ForeignKey, Index, LargeBinary, Select, UniqueConstraint, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.datasets import SyncState

from .base import Table
from .projects import visible_ids
from .sealing import sealed_column
from .tasks import TaskRow


class DatasetRow(Table):
    """A dataset. Its history is the repository with its id; ``head``, ``files`` and ``size`` are noted from there."""

    __tablename__ = "datasets"
    __table_args__ = (Index("ix_datasets_owner_id", "owner", "id"), Index("ix_datasets_name", "name"))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    type: Mapped[str]
    owner: Mapped[str]
    created: Mapped[dt.datetime]
    head: Mapped[str | None]
    files: Mapped[int] = mapped_column(default=0)
    size: Mapped[int] = mapped_column(default=0)


class SourceRow(Table):
    """The bucket that a dataset is a copy of, and how far its synchronisation is; see `api.datasets.SyncStatus`."""

    __tablename__ = "dataset_sources"

    id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    bucket: Mapped[str]
    prefix: Mapped[str]
    endpoint_url: Mapped[str | None]
    region: Mapped[str | None]
    access_key_id: Mapped[str]
    secret_access_key: Mapped[bytes] = sealed_column()
    state: Mapped[str] = mapped_column(default=SyncState.WAITING.value)
    message: Mapped[str] = mapped_column(default="")
    objects_done: Mapped[int] = mapped_column(default=0)
    objects_total: Mapped[int | None]
    bytes_done: Mapped[int] = mapped_column(default=0)
    bytes_total: Mapped[int | None]
    requested: Mapped[dt.datetime | None]
    started: Mapped[dt.datetime | None]
    ended: Mapped[dt.datetime | None]
    succeeded: Mapped[dt.datetime | None]


class DatasetObjectRow(Table):
    """An object of a bucket whose content the hub has: what a synchronisation need not fetch again.

    Attributes:
        key: As the bucket has it.
        path: Wire form of the file it became, see `api.paths`.
        blob: Binary id of the git blob; of a large file, of its pointer.
        sha256: Binary SHA-256 of the content.
        modified: Nanoseconds since 1970, as the bucket says.
        present: Whether the newest version has it; one that is gone from the bucket may come back.
    """

    __tablename__ = "dataset_objects"

    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    etag: Mapped[str]
    version_id: Mapped[str | None]
    size: Mapped[int]
    modified: Mapped[int]
    path: Mapped[str]
    blob: Mapped[bytes] = mapped_column(LargeBinary)
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    large: Mapped[bool]
    present: Mapped[bool] = mapped_column(default=True)


class LinkRow(Table):
    """A dataset in a project."""

    __tablename__ = "dataset_links"
    __table_args__ = (UniqueConstraint("project_id", "path"), Index("ix_dataset_links_dataset_id", "dataset_id"))

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    path: Mapped[str]
    created: Mapped[dt.datetime]


class TaskDatasetRow(Table):
    """A dataset as a task sees it. Kept as long as the task, also when the dataset is gone.

    Attributes:
        commit: The version; None for a dataset that had none, and while the task waits for it.
        waits: The task waits until a synchronisation that began after it was queued has ended.
    """

    __tablename__ = "task_datasets"
    __table_args__ = (Index("ix_task_datasets_dataset_id_waits", "dataset_id", "waits"),)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    dataset_id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    path: Mapped[str]
    commit: Mapped[str | None]
    size: Mapped[int] = mapped_column(default=0)
    files: Mapped[int] = mapped_column(default=0)
    waits: Mapped[bool] = mapped_column(default=False)


DatasetSelect = Select[DatasetRow]


def visible_datasets(user: str) -> DatasetSelect:
    """Datasets of a user, and those linked to projects of theirs and shared with them."""
    linked = select(LinkRow.dataset_id).where(LinkRow.project_id.in_(visible_ids(user)))
    return select(DatasetRow).where(or_(DatasetRow.owner == user, DatasetRow.id.in_(linked)))


def exists(session: Session, dataset: str) -> bool:
    """Whether there is such a dataset."""
    return session.get(DatasetRow, dataset) is not None


def lock_dataset(session: Session, dataset: str) -> DatasetRow | None:
    """A dataset that nobody else changes, links or deletes until the transaction ends."""
    return session.get(DatasetRow, dataset, with_for_update=True, populate_existing=True)


def keep_dataset(session: Session, dataset: str) -> DatasetRow | None:
    """A dataset that nobody deletes until the transaction ends; others may do the same, and change it."""
    return session.get(DatasetRow, dataset, with_for_update={"read": True, "key_share": True}, populate_existing=True)


def is_shared_with(session: Session, dataset: str, user: str) -> bool:
    """Whether a dataset is linked to a project of a user, or to one shared with them."""
    found = select(LinkRow.dataset_id).where(LinkRow.dataset_id == dataset, LinkRow.project_id.in_(visible_ids(user)))
    return session.scalar(found.limit(1)) is not None


def is_seen_by(session: Session, dataset: str, task: str) -> bool:
    """Whether there is such a dataset, and a task sees it."""
    return exists(session, dataset) and session.get(TaskDatasetRow, (task, dataset)) is not None


def names_of(session: Session, datasets: Iterable[str]) -> dict[str, str]:
    """Names of datasets by id."""
    query = select(DatasetRow.id, DatasetRow.name).where(DatasetRow.id.in_(set(datasets)))
    return {id_: name for id_, name in session.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def sources_of(session: Session, datasets: Iterable[str]) -> dict[str, SourceRow]:
    """The buckets of those of these datasets that have one."""
    query = select(SourceRow).where(SourceRow.id.in_(list(datasets)))
    return {row.id: row for row in session.scalars(query)}


def waiting_tasks(session: Session, dataset: str | None = None) -> list[str]:
    """Ids of the tasks that wait for a dataset, or for any, oldest first."""
    query = select(TaskDatasetRow.task_id).where(TaskDatasetRow.waits).distinct()
    query = query if dataset is None else query.where(TaskDatasetRow.dataset_id == dataset)
    return list(session.scalars(query.order_by(TaskDatasetRow.task_id)))


def waited_for(session: Session) -> list[str]:
    """Ids of the datasets that any task waits for."""
    return list(session.scalars(select(TaskDatasetRow.dataset_id).where(TaskDatasetRow.waits).distinct()))


def unasked(session: Session) -> list[str]:
    """Datasets that a task waits for, and that nobody asked to synchronise since it was queued."""
    query = select(SourceRow.id).join(TaskDatasetRow, TaskDatasetRow.dataset_id == SourceRow.id)
    query = query.join(TaskRow, TaskRow.id == TaskDatasetRow.task_id).where(TaskDatasetRow.waits)
    late = SourceRow.requested.is_(None) | (SourceRow.requested < TaskRow.created)
    return list(session.scalars(query.where(late).distinct()))


def end_waiting(session: Session, tasks: Sequence[str]) -> None:
    """Tasks wait for no dataset any more."""
    session.execute(update(TaskDatasetRow).where(TaskDatasetRow.task_id.in_(tasks)).values(waits=False))


def links_of(session: Session, projects: Iterable[str]) -> dict[str, list[LinkRow]]:
    """Links of each of these projects, by path."""
    found: dict[str, list[LinkRow]] = {project: [] for project in projects}
    query = select(LinkRow).where(LinkRow.project_id.in_(list(found))).order_by(LinkRow.path)
    for row in session.scalars(query):
        found[row.project_id].append(row)
    return found


def links_to(session: Session, datasets: Iterable[str]) -> dict[str, list[LinkRow]]:
    """Links to each of these datasets, oldest first."""
    found: dict[str, list[LinkRow]] = {dataset: [] for dataset in datasets}
    query = select(LinkRow).where(LinkRow.dataset_id.in_(list(found))).order_by(LinkRow.created, LinkRow.project_id)
    for row in session.scalars(query):
        found[row.dataset_id].append(row)
    return found


def datasets_of(session: Session, tasks: Iterable[str]) -> dict[str, list[TaskDatasetRow]]:
    """Datasets of each of these tasks, by path."""
    found: dict[str, list[TaskDatasetRow]] = {task: [] for task in tasks}
    query = select(TaskDatasetRow).where(TaskDatasetRow.task_id.in_(list(found))).order_by(TaskDatasetRow.path)
    for row in session.scalars(query):
        found[row.task_id].append(row)
    return found


def measured(session: Session, dataset: str, commit: str | None) -> tuple[int, int] | None:
    """How many files and bytes a version has, from a task that has seen it; None when no such task is there."""
    seen = TaskDatasetRow
    query = select(seen.files, seen.size).where(seen.dataset_id == dataset, seen.commit == commit, ~seen.waits)
    row = session.execute(query.limit(1)).first()
    return None if row is None else (row[0], row[1])


def delete_dataset(session: Session, dataset: str) -> None:
    """Remove a dataset's row, and by cascade all that hangs on it."""
    session.execute(delete(DatasetRow).where(DatasetRow.id == dataset))
