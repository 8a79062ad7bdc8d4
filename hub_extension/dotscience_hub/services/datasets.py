"""Datasets: made, found, linked to projects, synchronised and deleted by people. Their contents: `dataset_files`."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.store import datasets as store
from dotscience_hub.store import paging, syncs
from dotscience_hub.store.database import Database, after_commit
from dotscience_hub.store.keyring import Keyring
from dotscience_hub.store.projects import names_of, seen_by
from dotscience_hub.store.sealing import about, hold_keys
from jupyter_dotscience.api import datasets as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound

from .access import NO_DATASET
from .caller import Caller
from .dataset_versions import DatasetVersions
from .dataset_views import GitUrl, views
from .dataset_waits import DatasetWaits
from .ports import Syncs, Workspaces


class Datasets:
    """Serves the routes about datasets as such."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        versions: DatasetVersions,
        waits: DatasetWaits,
        syncs: Syncs,
        keyring: Keyring,
        git_url: GitUrl,
    ) -> None:
        """Make the service.

        Args:
            database: Where datasets are.
            workspaces: Their histories, as those of projects.
            versions: Keeps the note of the newest version.
            waits: Tasks that wait for datasets.
            syncs: Copies buckets.
            keyring: Seals secret access keys.
            git_url: Where `git` finds a history, below the hub's address, by the dataset's id.
        """
        self._database = database
        self._workspaces = workspaces
        self._versions = versions
        self._waits = waits
        self._syncs = syncs
        self._keyring = keyring
        self._git_url = git_url

    def list_datasets(self, caller: Caller, *, query: api.DatasetQuery) -> api.DatasetList:
        """Datasets of the caller and of their projects, newest first; by `ref` an admin finds any."""
        page = self._list(caller, query)
        if self._versions.refresh(item.id for item in page.items):
            page = self._list(caller, query)
        return page

    def prepare_create_dataset(self, caller: Caller, *, body: api.DatasetCreate) -> None:
        """Try the bucket before a transaction is begun: a server far away may take its time.

        Raises:
            BadRequest: It cannot be read, and why.
        """
        if body.s3 is None:
            return
        if any(isinstance(text, str) and "\0" in text for text in msgspec.structs.asdict(body.s3).values()):
            raise BadRequest("Names and keys of a bucket hold no NUL bytes.", code="bad_source")
        self._syncs.check(body.s3)

    def create_dataset(self, caller: Caller, *, body: api.DatasetCreate) -> api.Dataset:
        """Create a dataset; of a bucket that was tried before, see :meth:`prepare_create_dataset`."""
        kind = api.DatasetType.FILES if body.s3 is None else api.DatasetType.S3
        row = store.DatasetRow(id=new_id(), name=body.name, type=kind.value, owner=caller.name, created=now())
        with self._database.write() as session:
            session.add(row)
            session.flush()
            if body.s3 is not None:
                session.add(self._source(session, row.id, body.s3))
                session.flush()
                self._syncs.request(row.id)
            return self._view(session, caller, row)

    def get_dataset(self, caller: Caller, *, dataset: str) -> api.Dataset:
        """A dataset."""
        self._versions.refresh([dataset])
        with self._database.read() as session:
            return self._view(session, caller, _find(session, dataset))

    def delete_dataset(self, caller: Caller, *, dataset: str, query: api.DatasetDelete) -> None:
        """Delete a dataset with all its versions. Tasks in the queue that would see it end with a sentence.

        Raises:
            Conflict: Projects link it, and nobody said to delete it all the same.
        """
        with self._database.write() as session:
            _lock(session, dataset)
            links = store.links_to(session, [dataset])[dataset]
            if links and not query.force:
                raise _linked(session, caller, [link.project_id for link in links])
            syncs.hold(session, dataset)
            self._waits.give_up(session, dataset)
            store.delete_dataset(session, dataset)
            after_commit(session, lambda: self._clear(dataset))

    def _clear(self, dataset: str) -> None:
        self._syncs.forget(dataset)
        self._workspaces.delete_project(dataset)

    def sync_dataset(self, caller: Caller, *, dataset: str) -> api.Dataset:
        """Ask for another look at the dataset's bucket.

        Raises:
            Conflict: It has none.
        """
        with self._database.read() as session:
            if session.get(store.SourceRow, dataset) is None:
                raise Conflict(
                    "This dataset has no bucket: its files are sent (`ds dataset put`).",
                    code="dataset_is_not_synchronised",
                )
        self._syncs.request(dataset)
        return self.get_dataset(caller, dataset=dataset)

    def _source(self, session: Session, dataset: str, source: api.S3Create) -> store.SourceRow:
        hold_keys(session)
        belongs = about(store.SourceRow.__tablename__, dataset, "secret_access_key")
        return store.SourceRow(
            id=dataset,
            bucket=source.bucket,
            prefix=source.prefix,
            endpoint_url=source.endpoint_url,
            region=source.region,
            access_key_id=source.access_key_id,
            secret_access_key=self._keyring.seal(source.secret_access_key.encode(), belongs),
            requested=now(),
        )

    def _list(self, caller: Caller, query: api.DatasetQuery) -> api.DatasetList:
        with self._database.read() as session:
            rows, following = _page(session, store.visible_datasets(caller.name), query)
            if not rows and query.ref is not None and caller.admin:
                rows, following = _page(session, select(store.DatasetRow), query)
            return api.DatasetList(items=views(session, caller, rows, self._git_url), next=following)

    def _view(self, session: Session, caller: Caller, row: store.DatasetRow) -> api.Dataset:
        return views(session, caller, [row], self._git_url)[0]


def _page(
    session: Session, rows: store.DatasetSelect, query: api.DatasetQuery
) -> tuple[Sequence[store.DatasetRow], str | None]:
    columns = (store.DatasetRow.id, store.DatasetRow.name)
    if query.ref is not None:
        rows = paging.by_ref(session, rows, query.ref, *columns)
    return paging.page(session, rows, columns[0], query.limit, query.cursor)


def _find(session: Session, dataset: str) -> store.DatasetRow:
    row = session.get(store.DatasetRow, dataset)
    if row is None:
        raise NotFound(NO_DATASET)
    return row


def _lock(session: Session, dataset: str) -> store.DatasetRow:
    row = store.lock_dataset(session, dataset)
    if row is None:
        raise NotFound(NO_DATASET)
    return row


def _linked(session: Session, caller: Caller, projects: Sequence[str]) -> Conflict:
    """The refusal; it names no project that the caller does not see."""
    seen = set(projects) if caller.admin else seen_by(session, caller.name, projects)
    names = names_of(session, seen)
    told = [f"{names[project]} ({project})" for project in projects if project in names]
    hidden = len(projects) - len(told)
    if hidden:
        told.append(f"{hidden} that you cannot see" if told else f"{hidden} projects that you cannot see")
    return Conflict(
        f"The dataset is linked to {', '.join(told)}; unlink it first, or delete it with force.",
        code="dataset_linked",
        detail={"projects": [project for project in projects if project in names]},
    )
