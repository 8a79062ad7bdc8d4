"""Provenance: where file versions, runs and dataset versions come from, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from dotscience_hub.domain.provenance import (
    DatasetAt,
    FileAt,
    Look,
    Node,
    RunAt,
    Steps,
    Walk,
    parse_node,
    parse_run,
    walk,
)
from dotscience_hub.store import datasets, projects
from dotscience_hub.store.database import Database
from dotscience_hub.store.provenance import Edges
from dotscience_hub.store.runs import find_run
from jupyter_dotscience.api import provenance as api
from jupyter_dotscience.api.problems import BadRequest, NotFound

from .access import NO_DATASET, NO_PROJECT
from .caller import Caller
from .commits import Commits
from .prov_json import document
from .provenance_steps import Backward, Forward
from .provenance_views import answer

ROWS = 20_000
"""So many edges of one kind are looked at in one step: a file that a million runs read is not worth more."""


class Provenance:
    """Serves the routes about provenance."""

    def __init__(self, database: Database, commits: Commits) -> None:
        """Make the service.

        Args:
            database: Where runs, their files and tasks' datasets are.
            commits: Tells which version of a file is meant.
        """
        self._database = database
        self._commits = commits

    def get_provenance(self, caller: Caller, *, project: str, query: api.ProvenanceQuery) -> api.Provenance:
        """Ancestors, descendants or both of a node, as far as the caller may see them.

        Raises:
            BadRequest: The query names no start, or more than one.
            NotFound: There is no such run, file, version or dataset, or the caller may not see it.
        """
        start = self._start(caller, project, query)
        with self._database.read() as session:
            walks = _walks(session, caller, start, query)
            return answer(session, None if caller.admin else caller.name, start, walks)

    def export_provenance(self, caller: Caller, *, project: str, query: api.ProvenanceQuery) -> api.ProvDocument:
        """The same as W3C PROV-JSON."""
        return document(self.get_provenance(caller, project=project, query=query))

    def _start(self, caller: Caller, project: str, query: api.ProvenanceQuery) -> Node:
        named = [query.run, query.node, query.path or query.dataset]
        if sum(each is not None for each in named) != 1:
            message = "Name one start: a run, a node, or a path, a dataset, or a path of a dataset."
            raise BadRequest(message, code="bad_start")
        if query.run is not None:
            return self._run(project, query.run)
        if query.node is not None:
            return self._node(caller, query.node)
        if query.dataset is not None:
            self._may_see(caller, query.dataset, dataset=True)
        space = query.dataset or project
        commit = self._commits.resolve(space, query.at)
        if commit is None:
            raise NotFound("It has no version yet.", code="unknown_commit")
        if query.path is None:
            return DatasetAt(space, commit)
        return self._file(space, query.path, commit, dataset=query.dataset is not None)

    def _file(self, space: str, path: str, commit: str, *, dataset: bool) -> FileAt:
        version = self._commits.versions_at(space, commit, [path]).get(path)
        if version is None:
            raise NotFound(f"There is no file {path[:200]!r} in that version.", code="unknown_file")
        return FileAt(space, path, version[0], version[1], dataset)

    def _run(self, project: str, run: str) -> RunAt:
        with self._database.read() as session:
            row = find_run(session, project, run)
        if row is None:
            raise NotFound(f"The project has no run {run!r}; `ds runs ls` lists its runs.", code="unknown_run")
        return RunAt(row.pk)

    def _node(self, caller: Caller, text: str) -> Node:
        """A node of an earlier answer; it names nothing that the caller could not see otherwise."""
        if (run := parse_run(text)) is not None:
            self._may_see(caller, run[0], dataset=False)
            return self._run(*run)
        found = None if "\0" in text else parse_node(text)
        if found is None:
            raise BadRequest("There is no such node; take one of an earlier answer.", code="bad_node")
        if isinstance(found, DatasetAt):
            self._may_see(caller, found.dataset, dataset=True)
        else:
            self._may_see(caller, found.space, dataset=found.dataset)
        return found

    def _may_see(self, caller: Caller, space: str, *, dataset: bool) -> None:
        with self._database.read() as session:
            known = _known(session, caller, space, dataset=dataset)
        if not known:
            raise NotFound(NO_DATASET if dataset else NO_PROJECT)


def _known(session: Session, caller: Caller, space: str, *, dataset: bool) -> bool:
    if not dataset:
        return (
            projects.exists(session, space) if caller.admin else bool(projects.seen_by(session, caller.name, [space]))
        )
    row = session.get(datasets.DatasetRow, space)
    if row is None or caller.admin or row.owner == caller.name:
        return row is not None
    return datasets.is_shared_with(session, space, caller.name)


def _walks(session: Session, caller: Caller, start: Node, query: api.ProvenanceQuery) -> dict[api.Direction, Walk]:
    wanted = [query.direction]
    if query.direction is api.Direction.BOTH:
        wanted = [api.Direction.ANCESTORS, api.Direction.DESCENDANTS]
    found = {}
    for direction in wanted:
        edges = Edges(session, None if caller.admin else caller.name, ROWS)
        side: Backward | Forward = Backward(edges) if direction is api.Direction.ANCESTORS else Forward(edges)
        found[direction] = walk(start, _looking(side, edges), query.depth, query.limit)
    return found


def _looking(side: Backward | Forward, edges: Edges) -> Look:
    def look(nodes: Sequence[Node]) -> Steps:
        edges.cut = False
        return Steps(side.steps(nodes), edges.cut)

    return look
