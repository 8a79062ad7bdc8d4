"""Where files come from and what became of them: file versions, runs and dataset versions, and what links them."""

from __future__ import annotations

import enum
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from ._base import Id, Model, Path, Request, Sha1, Sha256, Time
from .commits import Revision
from .runs import RunId, RunStatus

NodeId = Annotated[
    str,
    Meta(min_length=1, max_length=16_000, description="Names a node, in this answer and as `node` of a later request."),
]


class Direction(enum.StrEnum):
    """Which way to look."""

    ANCESTORS = "ancestors"
    DESCENDANTS = "descendants"
    BOTH = "both"


class ProvenanceQuery(Request, frozen=True, kw_only=True):
    """Where to begin, and how far to go.

    Begin at a ``run`` of the project; at the file ``path`` of the project's version ``at``, or, with ``dataset``, of
    that dataset's; at a ``dataset``'s version ``at`` as a whole; or at a ``node`` of an earlier answer.
    """

    run: RunId | None = None
    path: Path | None = None
    dataset: Id | None = None
    at: Revision = "main"
    node: NodeId | None = None
    direction: Direction = Direction.ANCESTORS
    depth: Annotated[int, Meta(ge=1, le=100, description="How many edges to follow one after the other.")] = 4
    limit: Annotated[int, Meta(ge=1, le=10_000, description="How many nodes to answer at the most.")] = 500


class _Node(Model, frozen=True, kw_only=True, tag_field="kind"):
    """What all nodes have.

    ``more_ancestors`` and ``more_descendants`` say whether there are some that this answer leaves out; null where it
    was not looked, since that is not the direction in which the node was found.
    """

    id: NodeId
    more_ancestors: bool | None = None
    more_descendants: bool | None = None


class RunNode(_Node, frozen=True, kw_only=True, tag="run"):
    """A run."""

    project: Id
    project_name: str
    run: RunId
    task: Id | None
    status: RunStatus
    author: str
    created: Time
    started: Time | None
    ended: Time | None
    description: str | None
    workload_file: str | None
    commit: Sha1 | None


class FileNode(_Node, frozen=True, kw_only=True, tag="file"):
    """A file version: a path with its content as one commit brought it to a project or a dataset."""

    path: Path
    project: Annotated[Id | None, Meta(description="The project that it is a file of; null for a dataset's.")]
    dataset: Annotated[Id | None, Meta(description="The dataset that it is a file of; null for a project's.")]
    place_name: Annotated[str | None, Meta(description="That project's or dataset's name; null where it is gone.")]
    commit: Annotated[Sha1 | None, Meta(description="Null where the run's report names no known version.")]
    sha256: Sha256 | None


class DatasetNode(_Node, frozen=True, kw_only=True, tag="dataset"):
    """A version of a whole dataset, as a run's task saw it."""

    dataset: Id
    name: Annotated[str | None, Meta(description="Null where the dataset is gone, or not the caller's to see.")]
    commit: Sha1


Node = RunNode | FileNode | DatasetNode


class Link(enum.StrEnum):
    """How the younger node came from the older one."""

    READ = "read"
    """The run read the file version."""
    WROTE = "wrote"
    """The run wrote the file version."""
    SAW = "saw"
    """The run's task saw the dataset in this version."""
    COPIED = "copied"
    """The same content, first written by a run, appeared elsewhere later; no run says that it made it there."""


class Edge(Model, frozen=True, kw_only=True):
    """From the older to the younger."""

    older: NodeId
    younger: NodeId
    link: Link


class Provenance(Model, frozen=True, kw_only=True):
    """Nodes, nearest to the start first, and the edges between them. Runs that the caller may not see are left out."""

    start: NodeId
    nodes: list[Node]
    edges: list[Edge]
    truncated: Annotated[bool, Meta(description="There are more nodes within the depth than the limit allows.")]


Statements = dict[str, dict[str, Any]]
"""PROV statements of one kind, by identifier."""


class ProvDocument(Model, frozen=True, kw_only=True, rename={
    "was_generated_by": "wasGeneratedBy",
    "was_derived_from": "wasDerivedFrom",
    "was_associated_with": "wasAssociatedWith",
}):  # fmt: skip
    """W3C PROV-JSON (https://www.w3.org/submissions/prov-json/)."""

    prefix: dict[str, str]
    entity: Statements = msgspec.field(default_factory=dict)
    activity: Statements = msgspec.field(default_factory=dict)
    agent: Statements = msgspec.field(default_factory=dict)
    used: Statements = msgspec.field(default_factory=dict)
    was_generated_by: Statements = msgspec.field(default_factory=dict)
    was_derived_from: Statements = msgspec.field(default_factory=dict)
    was_associated_with: Statements = msgspec.field(default_factory=dict)
