"""Which paths keys get."""

from __future__ import annotations

import random

import pytest
from dotscience_hub.datasets import keys
from dotscience_hub.git.trees import check_path
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.api import paths
from jupyter_dotscience.workspace import names

# Few letters, those that mean something: so that keys come near each other, and near what the escape makes.
TRICKY = st.text(alphabet="a./%~25E\x01G\n", max_size=12)
DOT_GIT = st.sampled_from([".git", "%2Egit", "%252Egit", ".GIT", "git~1", ".git.", "%2egit", "%25", "%", "..", "%~"])
PARTS = st.one_of(TRICKY, DOT_GIT, st.text(min_size=1, max_size=300), st.just("x" * 256), st.just("x" * 254))
KEYS = st.sets(st.lists(PARTS, min_size=1, max_size=4).map("/".join), max_size=12)


@given(KEYS)
def test_no_two_keys_get_one_path(found: set[str]) -> None:
    """Each key has a path of its own, that may stand in a tree, and no file's path is another's folder."""
    made = keys.paths_of(found, "")
    assert set(made) == found
    assert len(set(made.values())) == len(found)
    folders = {path[:end] for path in made.values() for end in range(len(path)) if path[end] == "/"}
    assert not folders & set(made.values())
    for path in made.values():
        check_path(paths.to_bytes(path))


@given(KEYS)
def test_no_path_leads_outside(found: set[str]) -> None:
    """On disk too each path stays below its folder, and no two are the same."""
    made = [names.on_disk(paths.to_bytes(path)) for path in keys.paths_of(found, "").values()]
    assert len(set(made)) == len(found)
    for path in made:
        assert not path.startswith(b"/")
        assert not {b"", b".", b".."} & set(path.split(b"/"))


@given(KEYS, st.randoms())
def test_the_order_of_keys_does_not_matter(found: set[str], chance: random.Random) -> None:
    """Only which keys there are decides, not in which order a server lists them."""
    shuffled = sorted(found)
    chance.shuffle(shuffled)
    assert keys.paths_of(shuffled, "") == keys.paths_of(sorted(found), "")


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("plain/name.csv", "plain/name.csv"),
        ("100%/a%20b", "100%/a%20b"),
        ("ü/日本.txt", "ü/日本.txt"),
        ("a//b", "a/%/b"),
        ("/a", "%/a"),
        ("../x", "%2E%2E/x"),
        ("./x", "%2E/x"),
        ("%2E%2E/x", "%252E%252E/x"),
        ("%", "%25"),
        ("line\nbreak", "line%0Abreak"),
        ("50%\n", "50%25%0A"),
        (".git/config", "%2Egit/config"),
        ("...", "..."),
        ("dir/", "dir/%"),
        ("a%~", "a%25~"),
    ],
)
def test_paths_of_some_keys(key: str, path: str) -> None:
    """The mapping is the documented one."""
    assert keys.paths_of([key], "") == {key: path}


def test_a_file_beside_a_folder_of_its_name() -> None:
    """Where a key is another's folder the file's name gets an end; without the other it keeps its own."""
    assert keys.paths_of(["a", "a/b", "a/b/c"], "") == {"a": "a%~", "a/b": "a/b%~", "a/b/c": "a/b/c"}
    assert keys.paths_of(["a"], "") == {"a": "a"}


def test_long_names_keep_their_beginning() -> None:
    """A part over 255 bytes, a path over 4095 and one of many folders are shortened, with a digest for the rest."""
    long, other = "é" * 200, "é" * 199 + "x"
    made = keys.paths_of([long, other, "d/" * 300 + "x", "p" * 250 + ("/" + "p" * 250) * 20], "")
    assert made[long].startswith("é" * 80 + "%~")
    assert made[long] != made[other]
    assert all(len(path.encode()) <= 255 for path in made.values())


def test_a_prefix_is_left_off_wherever_it_ends() -> None:
    """A prefix is text: it may end within a name, and may be a whole key."""
    assert keys.paths_of(["ab", "abc", "ab/d"], "ab") == {"ab": "%%~", "abc": "c", "ab/d": "%/d"}
    assert keys.paths_of(["data-1", "data-2"], "data-") == {"data-1": "1", "data-2": "2"}


def test_folder_markers() -> None:
    """Empty objects whose key ends with a slash are markers of folders; others are files."""
    assert keys.is_marker("dir/", 0)
    assert keys.is_marker("", 0)
    assert not keys.is_marker("dir/", 1)
    assert not keys.is_marker("dir", 0)
