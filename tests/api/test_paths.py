"""Paths on the wire and in trees."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import BadRequest


@given(st.binary(max_size=60))
def test_any_name_survives_the_wire(path: bytes) -> None:
    """Bytes to text and back is exact, and the text is valid Unicode."""
    text = paths.to_text(path)
    assert paths.to_bytes(text) == path
    text.encode()


def test_usual_names_stay_readable() -> None:
    """A name in UTF-8 is its own wire form."""
    assert paths.to_text("dätä/名.csv".encode()) == "dätä/名.csv"


@given(st.binary(min_size=1, max_size=20).filter(lambda part: b"/" not in part and b"\0" not in part))
def test_escaping_dot_git_is_reversible(part: bytes) -> None:
    """An escaped component is never `.git` to anybody, and unescaping gives the name back."""
    escaped = paths.escape_git(part)
    assert not paths.is_dot_git(escaped)
    assert paths.unescape_git(escaped) == part


@pytest.mark.parametrize(
    "part", [b".git", b".GIT", b".git ", b".git.", b"git~1", b".g\xe2\x80\x8cit", b".git::$x", b"%2Egit"]
)
def test_stand_ins_for_dot_git_are_escaped(part: bytes) -> None:
    """Every spelling that some file system takes for `.git` is stored under another name."""
    assert paths.escape_git(part) != part
    assert paths.unescape_git(paths.escape_git(part)) == part


@pytest.mark.parametrize(
    "path",
    [
        b"",
        b"/etc/passwd",
        b"../x",
        b"a/../b",
        b"a//b",
        b"a/",
        b"./a",
        b"a\0b",
        b"a/.git/config",
        b".GIT/hooks",
        b"x" * 256,
        b"a/" * 2100 + b"b",
    ],
)
def test_paths_that_leave_or_break_a_tree_are_refused(path: bytes) -> None:
    """Empty, absolute, climbing, overlong and `.git` paths never enter a tree."""
    with pytest.raises(BadRequest):
        paths.check(path)


@pytest.mark.parametrize("path", [b"a", b"a/b c/\xff", b"new\nline", b"-rf", b"x" * 255, b".gitignore", b"..."])
def test_odd_but_harmless_paths_are_allowed(path: bytes) -> None:
    """Names that only look strange are people's own affair."""
    assert paths.check(path) == path


def test_lone_surrogate_is_refused() -> None:
    """Text that no UTF-8 can carry is a bad request."""
    with pytest.raises(BadRequest):
        paths.to_bytes("\ud800")
