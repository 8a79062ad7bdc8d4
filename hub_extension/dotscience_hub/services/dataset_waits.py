"""The versions of datasets that tasks see: fixed when a task is queued, or once a synchronisation has ended."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.datasetstates import Next, after_sync, waiting_for
from dotscience_hub.queue.queue import Queue
from dotscience_hub.store import datasets as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.tasks import QUEUED, TaskRow, lock_task
from jupyter_dotscience.api.datasets import TaskDataset
from jupyter_dotscience.api.problems import Conflict
from jupyter_dotscience.api.tasks import TaskStatus

from .dataset_versions import DatasetVersions
from .dataset_views import sync_status
from .ports import Syncs

log = logging.getLogger("dotscience.datasets")


class DatasetWaits:
    """Fixes versions, and lets tasks into the queue once all of theirs are fixed.

    A copy of a bucket is synchronised for each task that uses it; who waits is in the store, so that nothing is
    forgotten when the service restarts.
    """

    def __init__(self, database: Database, queue: Queue, versions: DatasetVersions, syncs: Syncs) -> None:
        """Make it.

        Args:
            database: Where tasks and datasets are.
            queue: Where tasks go that wait no longer.
            versions: Keeps the note of each dataset's newest version.
            syncs: Synchronises.
        """
        self._database = database
        self._queue = queue
        self._versions = versions
        self._syncs = syncs
        queue.transitions.when_ended(store.end_waiting)

    def refresh(self, project: str) -> None:
        """Look what the newest versions are; not in a transaction, before a task is queued."""
        self._versions.refresh_links(project)

    def fix(
        self, session: Session, task: TaskRow, seen: Sequence[TaskDataset] | None = None
    ) -> list[store.TaskDatasetRow]:
        """The datasets of a new task, each in its newest version or to be waited for. The task is not stored yet.

        Args:
            session: A transaction.
            task: The task.
            seen: What it shall see instead, each in its version.

        Raises:
            Conflict: One of these datasets is gone.
        """
        if seen is not None:
            return [self._seen_again(session, task.id, mount) for mount in sorted(seen, key=lambda one: one.dataset)]
        links = store.links_of(session, [task.project_id])[task.project_id]
        datasets = {id_: store.keep_dataset(session, id_) for id_ in sorted(link.dataset_id for link in links)}
        found = [_seen(session, task.id, link, row) for link in links if (row := datasets[link.dataset_id]) is not None]
        task.waits = any(row.waits for row in found)
        # In the order of ids, so that two who queue tasks never wait for each other in a circle.
        for dataset in sorted(row.dataset_id for row in found if row.waits):
            self._syncs.request(dataset)
        return found

    def _seen_again(self, session: Session, task: str, mount: TaskDataset) -> store.TaskDatasetRow:
        dataset = store.keep_dataset(session, mount.dataset)
        if dataset is None:
            raise Conflict(f"The dataset {mount.name} was deleted.", code="cannot_repeat")
        # Counting 100,000 files would hold up all writers; mostly the task that is done again has it noted.
        known = store.measured(session, mount.dataset, mount.commit)
        files, size = self._versions.count(mount.dataset, mount.commit) if known is None else known
        return store.TaskDatasetRow(
            task_id=task,
            dataset_id=mount.dataset,
            name=mount.name,
            path=mount.path,
            commit=mount.commit,
            size=size,
            files=files,
        )

    def ended(self, dataset: str) -> None:
        """A synchronisation has ended, well or not: look after the tasks that wait for it."""
        self._versions.refresh([dataset])
        with self._database.read() as session:
            waiting = store.waiting_tasks(session, dataset)
        self._settle_all(waiting)

    def look_again(self) -> None:
        """Look after all tasks that wait, as when the service starts; ask again for what nobody asked for."""
        with self._database.read() as session:
            waiting, datasets = store.waiting_tasks(session), store.waited_for(session)
            unasked = store.unasked(session)
        self._versions.refresh(datasets)
        for dataset in unasked:
            self._syncs.request(dataset)
        self._settle_all(waiting)

    def give_up(self, session: Session, dataset: str) -> None:
        """A dataset is being deleted: end the tasks in the queue that would see it."""
        query = select(TaskRow.id).join(store.TaskDatasetRow, store.TaskDatasetRow.task_id == TaskRow.id)
        query = query.where(store.TaskDatasetRow.dataset_id == dataset, TaskRow.status == QUEUED)
        for task in session.scalars(query.order_by(TaskRow.id)).all():
            row = lock_task(session, task)
            # One whose runner is only away may have all of it already, and goes on when the runner comes back.
            if row is not None and row.status == QUEUED and row.left_status is None:
                self._end(session, row, "A dataset that the task was to see was deleted")

    def messages(self, session: Session, tasks: Iterable[str]) -> dict[str, str]:
        """What each of those tasks that wait for datasets waits for, in one sentence."""
        seen = store.datasets_of(session, tasks)
        waited = {task: [row for row in rows if row.waits] for task, rows in seen.items()}
        sources = store.sources_of(session, {row.dataset_id for rows in waited.values() for row in rows})
        states = {id_: sync_status(source) for id_, source in sources.items()}
        return {
            task: waiting_for([(row.name, states[row.dataset_id]) for row in rows if row.dataset_id in states])
            for task, rows in waited.items()
            if rows
        }

    def _settle_all(self, tasks: Iterable[str]) -> None:
        for task in tasks:
            with self._database.write() as session:
                row = lock_task(session, task)
                if row is not None and row.status == QUEUED and row.waits:
                    self._settle(session, row)

    def _settle(self, session: Session, task: TaskRow) -> None:
        notes = []
        for seen in store.datasets_of(session, [task.id])[task.id]:
            if not seen.waits:
                continue
            source = session.get(store.SourceRow, seen.dataset_id)
            dataset = session.get(store.DatasetRow, seen.dataset_id)
            if source is None or dataset is None:
                return self._end(session, task, f"The dataset {seen.name} was deleted while the task waited for it")
            status = sync_status(source)
            then = after_sync(status, task.created, has_version=dataset.head is not None)
            if then is Next.GIVE_UP:
                why = f"The dataset {seen.name} has no version yet, and copying its bucket failed: {status.message}"
                return self._end(session, task, why)
            if then is not Next.WAIT:
                _take(seen, dataset)
            if then is Next.TAKE_OLDER:
                notes.append(f"{seen.name} is as it was before: looking at its bucket failed: {status.message}")
        session.flush()
        if not any(seen.waits for seen in store.datasets_of(session, [task.id])[task.id]):
            self._queue.transitions.release(session, task, " ".join(notes) or "Its datasets are there.")
        return None

    def _end(self, session: Session, task: TaskRow, why: str) -> None:
        self._queue.transitions.end(session, task, TaskStatus.FAILED, why.rstrip(".") + ".")


def _seen(session: Session, task: str, link: store.LinkRow, dataset: store.DatasetRow) -> store.TaskDatasetRow:
    waits = session.get(store.SourceRow, dataset.id) is not None
    row = store.TaskDatasetRow(task_id=task, dataset_id=dataset.id, name=dataset.name, path=link.path, waits=waits)
    if not waits:
        _take(row, dataset)
    return row


def _take(row: store.TaskDatasetRow, dataset: store.DatasetRow) -> None:
    row.commit, row.size, row.files, row.waits = dataset.head, dataset.size, dataset.files, False
