"""Datasets as the API shows them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy.orm import Session

from dotscience_hub.store import datasets as store
from dotscience_hub.store.projects import names_of, seen_by
from jupyter_dotscience.api import datasets as api

from .caller import Caller

GitUrl = Callable[[str], str]


def views(session: Session, caller: Caller, rows: Sequence[store.DatasetRow], git_url: GitUrl) -> list[api.Dataset]:
    """These datasets, in their order; in as few queries for many as for one."""
    ids = [row.id for row in rows]
    sources, links = store.sources_of(session, ids), _links(session, caller, ids)
    return [_view(row, sources.get(row.id), links[row.id], git_url) for row in rows]


def links_of_projects(session: Session, projects: Sequence[str]) -> dict[str, list[api.DatasetLink]]:
    """The datasets of each of these projects, by path."""
    return _named(session, store.links_of(session, projects))


def _links(session: Session, caller: Caller, datasets: Sequence[str]) -> dict[str, list[api.DatasetLink]]:
    """Links to these datasets, without those to projects that the caller does not see."""
    found = store.links_to(session, datasets)
    if not caller.admin:
        seen = seen_by(session, caller.name, [link.project_id for links in found.values() for link in links])
        found = {dataset: [link for link in links if link.project_id in seen] for dataset, links in found.items()}
    return _named(session, found)


def _named(session: Session, found: Mapping[str, Sequence[store.LinkRow]]) -> dict[str, list[api.DatasetLink]]:
    links = [link for each in found.values() for link in each]
    projects = names_of(session, [link.project_id for link in links])
    datasets = store.names_of(session, [link.dataset_id for link in links])
    return {key: [_link(link, projects, datasets) for link in each] for key, each in found.items()}


def _link(row: store.LinkRow, projects: Mapping[str, str], datasets: Mapping[str, str]) -> api.DatasetLink:
    return api.DatasetLink(
        dataset=row.dataset_id,
        dataset_name=datasets.get(row.dataset_id, ""),
        project=row.project_id,
        project_name=projects.get(row.project_id, ""),
        path=row.path,
    )


def _view(
    row: store.DatasetRow, source: store.SourceRow | None, links: list[api.DatasetLink], git_url: GitUrl
) -> api.Dataset:
    return api.Dataset(
        id=row.id,
        name=row.name,
        type=api.DatasetType(row.type),
        owner=row.owner,
        created=row.created,
        head=row.head,
        files=row.files,
        size=row.size,
        s3=None if source is None else _source(source),
        sync=None if source is None else sync_status(source),
        links=links,
        git_url=git_url(row.id),
    )


def _source(row: store.SourceRow) -> api.S3Source:
    return api.S3Source(
        bucket=row.bucket,
        prefix=row.prefix,
        endpoint_url=row.endpoint_url,
        region=row.region,
        access_key_id=row.access_key_id,
    )


def sync_status(row: store.SourceRow) -> api.SyncStatus:
    """How far a synchronisation is."""
    return api.SyncStatus(
        state=api.SyncState(row.state),
        message=row.message,
        objects_done=row.objects_done,
        objects_total=row.objects_total,
        bytes_done=row.bytes_done,
        bytes_total=row.bytes_total,
        requested=row.requested,
        started=row.started,
        ended=row.ended,
        succeeded=row.succeeded,
    )
