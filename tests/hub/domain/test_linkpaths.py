"""Paths at which datasets are linked."""

from __future__ import annotations

import pytest
from dotscience_hub.domain.linkpaths import normal, overlapping

from jupyter_dotscience.api.problems import BadRequest


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("data", "data"),
        ("data/", "data"),
        ("./data", "data"),
        ("././a/b/", "a/b"),
        ("a/b c/ü", "a/b c/ü"),
        ("...", "..."),
        (".hidden", ".hidden"),
    ],
)
def test_a_path_has_one_form(given: str, kept: str) -> None:
    """Whatever way people write it."""
    assert normal(given) == kept


@pytest.mark.parametrize(
    "path",
    [
        "", ".", "./", "/", "..", "../x", "a/../b", "a/..", "a//b", "a//", "/data", "a/./b", ".git", "a/.GIT/b",
        "git~1", ".git ", "a\0b", "a\nb", "a\x7fb", "a\u2028b", "\uf800", "a/" + "x" * 256, "x/" * 3000 + "x",
    ],
)  # fmt: skip
def test_what_is_no_place_below_a_workspace_is_refused(path: str) -> None:
    """With a sentence that shows nothing that a terminal would obey."""
    with pytest.raises(BadRequest) as caught:
        normal(path)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("path", "other", "meet"),
    [
        ("data", "data", True),
        ("data", "data/x", True),
        ("data/x/y", "data", True),
        ("data", "data2", False),
        ("data/x", "data/y", False),
        ("Data", "data", False),
    ],
)
def test_one_dataset_within_another(path: str, other: str, meet: bool) -> None:
    """Is found; neighbours, and names that differ in case only, are not in each other's way."""
    assert overlapping(path, [other]) == (other if meet else None)
