"""Where `ds file put` puts things."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotscience_cli.guard import Failure
from dotscience_cli.putting import stored
from dotscience_cli.upload import Place

from jupyter_dotscience.api.commits import CommitResult, Mode
from jupyter_dotscience.api.files import FileVersion, Tree
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.projects import ProjectList
from jupyter_dotscience.workspace.entry import Entry, entries_of
from tests.client import script
from tests.client.samples import project
from tests.client.script import Script

from .program import Program


def file(path: str, blob: str = "1" * 40) -> FileVersion:
    return FileVersion(path=path, mode=Mode.FILE, size=1, blob=blob, sha256=None, large=False, modified=0, commit=None)


TREE: dict[bytes, Entry] = entries_of(Tree(commit="1" * 40, items=[file("a"), file("folder/b")]))


@pytest.mark.parametrize(
    ("target", "ends_at"), [(b"new", b"new"), (b"a", b"a"), (b"folder", b"folder/x"), (b"folder/b", b"folder/b")]
)
def test_a_file_on_a_folder_goes_into_it(target: bytes, ends_at: bytes) -> None:
    """As with cp: nothing of a folder is lost because a file of its name is put."""
    assert Place(single=target).settled(TREE, b"x").of(b"x") == ends_at


@pytest.mark.parametrize("place", [Place(single=b"a/x"), Place(prefix=b"a/"), Place(prefix=b"folder/b/c/")])
def test_a_file_is_no_folder(place: Place) -> None:
    """Putting below a file is refused, and names the file."""
    with pytest.raises(Failure, match="is a file there"):
        place.settled(TREE, b"x")


@pytest.mark.parametrize(
    ("typed", "path"), [("./a//b/", b"a/b"), ("a", b"a"), ("x/.git/config", b"x/%2Egit/config"), ("\udce9", b"\xe9")]
)
def test_paths_are_stored_as_the_workspace_has_them(typed: str, path: bytes) -> None:
    """Dots and doubled slashes go, a nested repository's .git is escaped, other bytes stay."""
    assert stored(typed) == path


@pytest.mark.parametrize("typed", ["..", "a/../b", "", "/", "n" * 256])
def test_paths_outside_are_refused(typed: str) -> None:
    """Nothing leaves the workspace."""
    with pytest.raises(BadRequest):
        stored(typed)


def test_a_conflict_is_tried_again_with_a_fresh_listing(hub: Script, ds: Program, tmp_path: Path) -> None:
    """When others commit in between, the files are compared with the new version, and the parent is the new one."""
    (tmp_path / "x").write_text("mine")
    conflict = script.problem(409, "conflict", "Both changed x.")
    hub.play(
        script.json(ProjectList(items=[project()])),
        script.json(Tree(commit="1" * 40, items=[])),
        conflict,
        script.json(Tree(commit="2" * 40, items=[file("x")])),
        script.json(CommitResult(commit="3" * 40, head="4" * 40), 201),
    )
    done = ds("file", "put", "p", str(tmp_path / "x"))
    assert (done.returncode, done.stdout) == (0, b"4" * 40 + b"\n"), done.stderr
    assert b'"parent":"' + b"2" * 40 in hub.seen[-1].body
