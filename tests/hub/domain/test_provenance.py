"""Where a file version is from, how far a walk goes, and the names of nodes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from dotscience_hub.domain.provenance import (
    EMPTY,
    DatasetAt,
    FileAt,
    Made,
    Node,
    RunAt,
    Step,
    Steps,
    dataset_id,
    file_id,
    parse_node,
    parse_run,
    run_id,
    source,
    walk,
)

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.provenance import Link

HERE, THERE = new_id(), new_id()
X = "a" * 64
FILE = FileAt(HERE, "model.bin", "1" * 40, X)
FORKED = FileAt(THERE, "model.bin", "1" * 40, X)
OTHER = FileAt(THERE, "old/model.bin", "2" * 40, X)


@pytest.mark.parametrize(
    ("made", "first", "read", "expected"),
    [
        ([Made(FILE, 3)], Made(OTHER, 1), 9, None),  # a run did write it
        ([], Made(OTHER, 1), 9, OTHER),
        ([], Made(OTHER, 1), None, OTHER),
        ([], Made(OTHER, 9), 9, None),  # who read it wrote the other one
        ([], Made(OTHER, 11), 9, None),  # it was there before
        ([], None, 9, None),
        (
            [Made(FileAt(THERE, "model.bin", "1" * 40, X), 5)],
            Made(OTHER, 1),
            9,
            FileAt(THERE, "model.bin", "1" * 40, X),
        ),
        ([Made(FileAt(THERE, "else.bin", "1" * 40, X), 5)], Made(OTHER, 1), 9, OTHER),
    ],
)
def test_source(made: list[Made], first: Made | None, read: int | None, expected: FileAt | None) -> None:
    """What made a version wins over what it may be a copy of; a copy is younger than what it is a copy of."""
    assert source(FILE, made, first, read) == expected


def test_empty_files_are_no_copies() -> None:
    """All empty files have the same content."""
    first = Made(FileAt(THERE, "b", "2" * 40, EMPTY), 1)
    assert source(FileAt(HERE, "a", "1" * 40, EMPTY), [], first, 9) is None


def chain(nodes: Sequence[Node]) -> Steps:
    """Each run comes from the next one, up to the tenth, and the fifth from itself too."""
    found = []
    for node in nodes:
        assert isinstance(node, RunAt)
        found += [Step(node, RunAt(node.pk + 1), Link.READ)] if node.pk < 10 else []
        found += [Step(node, RunAt(1), Link.READ)] if node.pk == 5 else []
    return Steps(found)


@pytest.mark.parametrize(
    ("depth", "limit", "nodes", "more", "truncated"),
    [(3, 100, 4, {4}, False), (9, 100, 10, set(), False), (100, 100, 10, set(), False), (9, 3, 3, {3}, True)],
)
def test_walk(depth: int, limit: int, nodes: int, more: set[int], truncated: bool) -> None:
    """It follows so many edges and finds so many nodes, says where there is more, and ends in a circle too."""
    found = walk(RunAt(1), chain, depth, limit)
    assert list(found.nodes) == [RunAt(pk) for pk in range(1, nodes + 1)]
    assert (found.more, found.truncated) == ({RunAt(pk) for pk in more}, truncated)
    assert len(found.steps) == nodes - 1 + (nodes >= 5)


@pytest.mark.parametrize("node", [FILE, FileAt(HERE, "a:b\nc", "1" * 40, X, dataset=True), DatasetAt(HERE, "2" * 40)])
def test_names_of_nodes(node: FileAt | DatasetAt) -> None:
    """A name leads back to its node, whatever the path."""
    assert parse_node(dataset_id(node) if isinstance(node, DatasetAt) else file_id(node)) == node


def test_names_of_runs_and_of_nothing() -> None:
    """What names nothing is told from what does."""
    assert parse_run(run_id(HERE, "r.1")) == (HERE, "r.1")
    assert parse_run("run:x:y") is None
    assert [parse_node(text) for text in ("", "file:", f"file:{HERE}:a", f"loose:{HERE}:r:p")] == [None] * 4
