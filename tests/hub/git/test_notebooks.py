"""Notebooks that both sides changed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jupyter_dotscience.api.problems import Conflict
from tests.hub.git.hub import Hub
from tests.hub.git.test_commits import content, git


def notebook(*sources: str, outputs: tuple[str, ...] = ()) -> bytes:
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "execution_count": None, "id": f"cell-{number}", "metadata": {}, "outputs": [],
         "source": source.splitlines(keepends=True)}
        for number, source in enumerate(sources)
    ]  # fmt: skip
    for cell, output in zip(cells, outputs, strict=False):
        cell["outputs"] = [{"name": "stdout", "output_type": "stream", "text": [output]}]
    document = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(document, indent=1, sort_keys=True) + "\n").encode()


def test_different_cells_are_merged(hub: Hub) -> None:
    """Two people who worked in different cells both find their work in a valid notebook."""
    first = hub.commit(None, n_ipynb=notebook("a = 1\n", "b = 1\n", "c = 1\n"))
    hub.commit(first, n_ipynb=notebook("a = 2\n", "b = 1\n", "c = 1\n"))
    hub.commit(first, n_ipynb=notebook("a = 1\n", "b = 1\n", "c = 2\n", "d = 1\n"), other=b"x")
    merged = json.loads(content(hub, "n.ipynb"))
    assert ["".join(cell["source"]) for cell in merged["cells"]] == ["a = 2\n", "b = 1\n", "c = 2\n", "d = 1\n"]
    assert content(hub, "other") == "x"
    assert git(hub, "fsck", "--strict").strip() == ""


def test_cells_whose_lines_would_clash(hub: Hub) -> None:
    """Neighbouring changes in the JSON that git takes for a conflict are none when they belong to different cells."""
    first = hub.commit(None, n_ipynb=notebook("a", "b"))
    hub.commit(first, n_ipynb=notebook("a2", "b"))
    hub.commit(first, n_ipynb=notebook("a", "b2"))
    assert ["".join(cell["source"]) for cell in json.loads(content(hub, "n.ipynb"))["cells"]] == ["a2", "b2"]


def test_the_same_cell_is_a_conflict(hub: Hub) -> None:
    """Two different changes of one cell are for a person; nothing with markers in it is ever committed."""
    first = hub.commit(None, n_ipynb=notebook("a = 1\n"))
    second = hub.commit(first, n_ipynb=notebook("a = 2\n"))
    with pytest.raises(Conflict) as caught:
        hub.commit(first, n_ipynb=notebook("a = 3\n"))
    assert caught.value.detail is not None
    assert caught.value.detail["paths"] == ["n.ipynb"]
    assert hub.commits.head(hub.project) == second


@pytest.mark.parametrize("bad", [b"{}", b"not json", b'{"cells": [], "nbformat": 3, "nbformat_minor": 0}', b"\xff"])
def test_what_only_looks_like_a_notebook(hub: Hub, bad: bytes) -> None:
    """A broken notebook changed on both sides is a conflict, never a crash and never a merge of lines."""
    first = hub.commit(None, n_ipynb=notebook("a", "b", "c"))
    hub.commit(first, n_ipynb=bad)
    with pytest.raises(Conflict):
        hub.commit(first, n_ipynb=notebook("a", "b", "c2"))


def test_deleted_on_both_sides(hub: Hub) -> None:
    """A notebook that both sides deleted is gone; one that a side deleted and the other changed is a conflict."""
    first = hub.commit(None, n_ipynb=notebook("a"), m_ipynb=notebook("a"), x=b"1")
    hub.commit(first, n_ipynb=None, x=b"2")
    head = hub.commit(first, n_ipynb=None, y=b"2")
    assert git(hub, "ls-tree", "--name-only", "main").split() == ["m.ipynb", "x", "y"]
    hub.commit(hub.commits.head(hub.project), m_ipynb=None)
    with pytest.raises(Conflict):
        hub.commit(head, m_ipynb=notebook("b"))
