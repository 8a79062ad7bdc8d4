"""Walks through provenance as the answer of the API."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.provenance import (
    DatasetAt,
    FileAt,
    LooseFile,
    Node,
    RunAt,
    Step,
    Walk,
    dataset_id,
    file_id,
    loose_id,
    run_id,
)
from dotscience_hub.store import datasets, projects
from dotscience_hub.store.runs import RunRow
from jupyter_dotscience.api import provenance as api
from jupyter_dotscience.api.runs import RunStatus

_IN = 500
Walks = Mapping[api.Direction, Walk]


def answer(session: Session, user: str | None, start: Node, walks: Walks) -> api.Provenance:
    """Nodes and edges of all walks together.

    Args:
        session: The state in which they were found.
        user: Who asks; None for one who may see everything.
        start: Where the walks began.
        walks: By direction.
    """
    nodes = list(dict.fromkeys(node for found in walks.values() for node in found.nodes))
    naming = _Naming(session, user, nodes)
    edges = (_edge(naming, direction, step) for direction, found in walks.items() for step in found.steps)
    return api.Provenance(
        start=naming.id(start),
        nodes=[naming.view(node, walks) for node in nodes],
        edges=list({(edge.older, edge.younger, edge.link): edge for edge in edges}.values()),
        truncated=any(found.truncated for found in walks.values()),
    )


class _Naming:
    """What people call things."""

    def __init__(self, session: Session, user: str | None, nodes: Sequence[Node]) -> None:
        loose = {node.run for node in nodes if isinstance(node, LooseFile)}
        self._runs = _runs(session, {node.pk for node in nodes if isinstance(node, RunAt)} | loose)
        files = [node for node in nodes if isinstance(node, FileAt | LooseFile)]
        places = {file.space for file in files if not file.dataset} | {row.project_id for row in self._runs.values()}
        self._names = _projects(session, places)
        seen = {file.space for file in files if file.dataset}
        seen |= {node.dataset for node in nodes if isinstance(node, DatasetAt)}
        self._names |= _datasets(session, user, seen)

    def id(self, node: Node) -> str:
        """The public name of a node."""
        if isinstance(node, RunAt):
            return run_id(self._runs[node.pk].project_id, self._runs[node.pk].run_id)
        if isinstance(node, FileAt):
            return file_id(node)
        if isinstance(node, DatasetAt):
            return dataset_id(node)
        row = self._runs[node.run]
        return loose_id(row.project_id, row.run_id, node.path)

    def view(self, node: Node, walks: Walks) -> api.Node:
        """All that the answer says of a node."""
        more = {f"more_{direction.value}": _more(found, node) for direction, found in walks.items()}
        if isinstance(node, RunAt):
            return self._run(node, more)
        if isinstance(node, DatasetAt):
            name = self._names.get(node.dataset)
            return api.DatasetNode(id=self.id(node), dataset=node.dataset, name=name, commit=node.commit, **more)
        return self._file(node, more)

    def _file(self, node: FileAt | LooseFile, more: dict[str, bool | None]) -> api.FileNode:
        version = (node.commit, node.sha256) if isinstance(node, FileAt) else (None, None)
        return api.FileNode(
            id=self.id(node),
            path=node.path,
            project=None if node.dataset else node.space,
            dataset=node.space if node.dataset else None,
            place_name=self._names.get(node.space),
            commit=version[0],
            sha256=version[1],
            **more,
        )

    def _run(self, node: RunAt, more: dict[str, bool | None]) -> api.RunNode:
        row = self._runs[node.pk]
        return api.RunNode(
            id=self.id(node),
            project=row.project_id,
            project_name=self._names[row.project_id],
            run=row.run_id,
            task=row.task_id,
            status=RunStatus(row.status),
            author=row.author,
            created=row.created,
            started=row.started,
            ended=row.ended,
            description=row.description,
            workload_file=row.workload_file,
            commit=row.commit,
            **more,
        )


def _more(found: Walk, node: Node) -> bool | None:
    return node in found.more if node in found.nodes else None


def _edge(naming: _Naming, direction: api.Direction, step: Step) -> api.Edge:
    near, far = naming.id(step.near), naming.id(step.far)
    older, younger = (far, near) if direction is api.Direction.ANCESTORS else (near, far)
    return api.Edge(older=older, younger=younger, link=step.link)


def _runs(session: Session, pks: Iterable[int]) -> dict[int, RunRow]:
    return {
        row.pk: row
        for part in _parts(sorted(pks))
        for row in session.scalars(select(RunRow).where(RunRow.pk.in_(part)))
    }


def _projects(session: Session, ids: Iterable[str]) -> dict[str, str]:
    row = projects.ProjectRow
    found: dict[str, str] = {}
    for part in _parts(sorted(ids)):
        rows = session.execute(select(row.id, row.name).where(row.id.in_(part)))
        found.update({each.id: each.name for each in rows})
    return found


def _datasets(session: Session, user: str | None, ids: set[str]) -> dict[str, str]:
    """Names of those that the user may see."""
    if user is None:
        return datasets.names_of(session, ids)
    query = datasets.visible_datasets(user).where(datasets.DatasetRow.id.in_(ids))
    return {row.id: row.name for row in session.scalars(query)} if ids else {}


def _parts(values: Sequence[int] | Sequence[str]) -> Iterable[Sequence[int] | Sequence[str]]:
    for start in range(0, len(values), _IN):
        yield values[start : start + _IN]
