"""What counts as where a file version came from, and how far a walk from one node goes. Looks nothing up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from jupyter_dotscience.api.provenance import Link

EMPTY = hashlib.sha256(b"").hexdigest()
"""The content of every empty file: that two files are empty says nothing about where they come from."""


@dataclass(frozen=True)
class RunAt:
    """A run, by its key in the store. Keys grow in the order of recording."""

    pk: int


@dataclass(frozen=True)
class FileAt:
    """A file version.

    Attributes:
        space: The project or dataset that it is a file of.
        path: Within the project or dataset.
        commit: That brought it there.
        sha256: Of its content.
        dataset: Whether `space` is a dataset.
    """

    space: str
    path: str
    commit: str
    sha256: str
    dataset: bool = False


@dataclass(frozen=True)
class LooseFile:
    """A file that a run names and of which no version is known: it is the same as no other."""

    run: int
    space: str
    path: str
    dataset: bool = False


@dataclass(frozen=True)
class DatasetAt:
    """A version of a whole dataset."""

    dataset: str
    commit: str


Node = RunAt | FileAt | LooseFile | DatasetAt


@dataclass(frozen=True)
class Made:
    """A file version that a run wrote."""

    file: FileAt
    run: int


@dataclass(frozen=True)
class Step:
    """An edge, as a walk finds it: from the node it stands at to a neighbour."""

    near: Node
    far: Node
    link: Link


@dataclass(frozen=True)
class Steps:
    """All edges from some nodes; `cut` where there were too many to answer."""

    steps: Sequence[Step]
    cut: bool = False


Look = Callable[[Sequence[Node]], Steps]
"""Answers the edges from nodes into the direction of a walk."""


def source(file: FileAt, made: Iterable[Made], first: Made | None, first_read: int | None) -> FileAt | None:
    """The file version that one which no run made is a copy of, as far as can be known.

    A commit id stands for content and history: the same path of the same commit in another project (a fork) is the
    same file. Else it is what the first run to write this content wrote, if that was before anybody read the copy.

    Args:
        file: The file version.
        made: What runs wrote with the same content and commit.
        first: The first that any run wrote with the same content.
        first_read: The first run that read `file`.

    Returns:
        None where a run did make it, or nothing is known.
    """
    made = list(made)
    if any(each.file == file for each in made):
        return None
    twins = [each.file for each in made if (each.file.path, each.file.commit) == (file.path, file.commit)]
    if twins:
        return min(twins, key=lambda twin: twin.space)
    if first is None or file.sha256 == EMPTY or first.file == file:
        return None
    return first.file if first_read is None or first.run < first_read else None


@dataclass
class Walk:
    """What a walk found.

    Attributes:
        nodes: In the order in which they were found; the start is the first.
        steps: Edges between them.
        more: Nodes with neighbours that are not among `nodes`.
        truncated: Whether the limit left nodes out.
    """

    nodes: dict[Node, None]
    steps: dict[Step, None] = field(default_factory=dict)
    more: set[Node] = field(default_factory=set)
    truncated: bool = False


def walk(start: Node, look: Look, depth: int, limit: int) -> Walk:
    """Follow edges breadth first.

    Args:
        start: Where to begin.
        look: Finds the edges.
        depth: How many edges to follow one after the other.
        limit: How many nodes to find at the most.
    """
    found = Walk(nodes={start: None})
    frontier: list[Node] = [start]
    # The last round only tells which nodes have more, and edges among those that are known.
    for last in [False] * depth + [True]:
        answer = look(frontier)
        _note_cut(found, frontier, answer, last=last)
        frontier = _take(found, answer.steps, 0 if last else limit)
        if not frontier:
            break
    return found


def _note_cut(found: Walk, frontier: Iterable[Node], answer: Steps, *, last: bool) -> None:
    """Of what was cut off nobody knows whose it was."""
    if answer.cut:
        found.more.update(frontier)
        found.truncated = found.truncated or not last


def _take(found: Walk, steps: Iterable[Step], limit: int) -> list[Node]:
    fresh: list[Node] = []
    for step in steps:
        if step.far not in found.nodes:
            if len(found.nodes) >= limit:
                found.more.add(step.near)
                found.truncated = found.truncated or limit > 0
                continue
            found.nodes[step.far] = None
            fresh.append(step.far)
        found.steps[step] = None
    return fresh


_UUID, _SHA1, _SHA256 = r"([0-9a-f-]{36})", r"([0-9a-f]{40})", r"([0-9a-f]{64})"
_RUN = re.compile(rf"run:{_UUID}:([A-Za-z0-9][A-Za-z0-9._-]{{0,99}})")
_FILE = re.compile(rf"(file|data):{_UUID}:{_SHA1}:{_SHA256}:(.+)", re.DOTALL)
_DATASET = re.compile(rf"dataset:{_UUID}:{_SHA1}")


def file_id(file: FileAt) -> str:
    """The public name of a file version."""
    return f"{'data' if file.dataset else 'file'}:{file.space}:{file.commit}:{file.sha256}:{file.path}"


def run_id(project: str, run: str) -> str:
    """The public name of a run."""
    return f"run:{project}:{run}"


def loose_id(project: str, run: str, path: str) -> str:
    """The public name of a file without a version."""
    return f"loose:{project}:{run}:{path}"


def dataset_id(node: DatasetAt) -> str:
    """The public name of a dataset's version."""
    return f"dataset:{node.dataset}:{node.commit}"


def parse_run(text: str) -> tuple[str, str] | None:
    """Project and id of the run that is named; None where no run is."""
    match = _RUN.fullmatch(text)
    return (match[1], match[2]) if match else None


def parse_node(text: str) -> FileAt | DatasetAt | None:
    """The file version or dataset version that is named; None where neither is."""
    if match := _DATASET.fullmatch(text):
        return DatasetAt(match[1], match[2])
    match = _FILE.fullmatch(text)
    return FileAt(match[2], match[5], match[3], match[4], match[1] == "data") if match else None
