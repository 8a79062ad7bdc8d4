"""What colleagues have pushed is shown in the panel, and comes into the folder when the person wants it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.client import Client
from tests.hubprocess import RunningHub

from .conftest import Study, study_on
from .server import Jupyter, wait_for

QUICK = "--DotscienceExtension.others=0.2"


@pytest.fixture(scope="module")
def study(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    """A person whose project somebody else may write to."""
    with study_on(running_hub, tmp_path_factory.mktemp("study")) as found:
        found.colleague()
        yield found


@pytest.fixture(scope="module")
def server(study: Study) -> Iterator[Jupyter]:
    """Their JupyterLab."""
    with study.jupyter(study.clone(study.project), QUICK) as started:
        yield started


def push(study: Study, **files: bytes | None) -> None:
    """The colleague makes a version on main; None deletes a file, and ``__`` in a name is a slash."""
    client: Client = study.others[0].client
    tree = client.get_tree(project=study.project)
    paths = {name.replace("__", "/"): data for name, data in files.items()}
    changes = [Change(path=path, size=len(data), data=data) for path, data in paths.items() if data is not None]
    deletes = [path for path, data in paths.items() if data is None]
    now = dt.datetime.now(dt.UTC)
    commit = CommitCreate(parent=tree.commit, message="theirs", created=now, changes=changes, deletes=deletes)
    client.create_commit(commit, project=study.project)


def incoming(server: Jupyter) -> list[str]:
    """What the panel says that others have changed."""
    return [change["path"] for change in server.status()["incoming_files"]]


def take_in(server: Jupyter, *unsaved: str) -> dict[str, Any]:
    """What the panel's button does."""
    return dict(server.json("PUT", "dotscience/incoming", {"unsaved": list(unsaved)}))


def test_new_changed_and_deleted_files_come_when_asked_for(study: Study, server: Jupyter) -> None:
    """The status names them before, the folder has them after, and no version is made of it."""
    server.save("old", "1")
    server.save("gone", "1")
    wait_for(lambda: study.files() >= {"old", "gone"}, "the files on the hub")
    assert server.wait_for_state("pushed")["incoming_files"] == []
    push(study, old=b"2", gone=None, sub__new=b"3")
    wait_for(lambda: incoming(server) == ["gone", "old", "sub/new"], "what the colleague did to be told")
    assert {change["kind"] for change in server.status()["incoming_files"]} == {"new", "changed", "deleted"}
    assert (server.root / "old").read_text() == "1"
    head = study.client.get_tree(project=study.project).commit
    taken = take_in(server)
    assert {change["path"]: change["kind"] for change in taken["files"]} == {
        "old": "changed", "gone": "deleted", "sub/new": "new",
    }  # fmt: skip
    assert (taken["status"]["state"], taken["status"]["incoming_files"]) == ("pushed", [])
    assert ((server.root / "old").read_text(), (server.root / "sub/new").read_text()) == ("2", "3")
    assert not (server.root / "gone").exists()
    assert server.status()["commit"] == head
    assert "sub/new" not in server.status()["unclaimed_files"]
    assert take_in(server)["files"] == []
    assert study.client.get_tree(project=study.project).commit == head


def test_both_changed_the_same_file_in_different_places(study: Study, server: Jupyter) -> None:
    """What is here becomes a version first; what the hub makes of both is what comes."""
    lines = [f"line {number}\n" for number in range(20)]
    server.save("both", "".join(lines))
    wait_for(lambda: "both" in study.files(), "the file on the hub")
    push(study, both="".join(["theirs\n", *lines[1:]]).encode())
    server.save("both", "".join([*lines[:-1], "mine\n"]))
    merged = "".join(["theirs\n", *lines[1:-1], "mine\n"])
    wait_for(lambda: study.read("both") == merged.encode(), "the merge")
    wait_for(lambda: incoming(server) == ["both"], "the merge to be told")
    assert [change["path"] for change in take_in(server)["files"]] == ["both"]
    assert (server.root / "both").read_text() == merged
    server.save("both", merged + "later\n")
    wait_for(lambda: study.read("both").endswith(b"later\n"), "life to go on")
    assert server.wait_for_state("pushed")["conflicts"] == []


def test_a_document_with_unsaved_changes_is_left_alone(study: Study, server: Jupyter) -> None:
    """The answer names it, nothing comes, and after it was saved it is merged or a conflict, as ever."""
    server.save("open", "1")
    server.save("other", "1")
    wait_for(lambda: study.files() >= {"open", "other"}, "the files on the hub")
    server.wait_for_state("pushed")
    push(study, open=b"2", other=b"2")
    refused = server.json("PUT", "dotscience/incoming", {"unsaved": ["open"]}, status=409)
    assert (refused["code"], refused["detail"]) == ("unsaved", {"paths": ["open"]})
    assert "open has changes here that are not saved" in refused["message"]
    assert ((server.root / "open").read_text(), (server.root / "other").read_text()) == ("1", "1")
    assert len(take_in(server)["files"]) == 2
    assert (server.root / "open").read_text() == "2"


def test_a_conflict_comes_first(study: Study, server: Jupyter) -> None:
    """While both sides have other versions of a file nothing comes in; when it is settled all of theirs does."""
    server.save("fought", "1")
    wait_for(lambda: "fought" in study.files(), "the file on the hub")
    server.wait_for_state("pushed")
    push(study, fought=b"theirs", beside=b"theirs")
    server.save("fought", "mine")
    server.wait_for_state("conflict")
    refused = server.json("PUT", "dotscience/incoming", {}, status=409)
    assert refused["code"] == "unsettled"
    assert server.json("PUT", "dotscience/resolve", {"keep": "mine"})["status"]["state"] == "pushed"
    assert [change["path"] for change in take_in(server)["files"]] == ["beside"]
    assert ((server.root / "fought").read_text(), study.read("fought")) == ("mine", b"mine")


def test_large_files_come_too(study: Study, server: Jupyter) -> None:
    """A file that the hub keeps as an object, whole."""
    other = study.others[0]
    folder = other.clone(study.project, "large")
    (folder / "large.bin").write_bytes(b"\0\1" * (6 << 20))
    assert other.ds("sync", cwd=folder).returncode == 0
    assert [change["path"] for change in take_in(server)["files"]] == ["large.bin"]
    assert (server.root / "large.bin").read_bytes() == b"\0\1" * (6 << 20)
    assert server.json("PUT", "dotscience/commit", {})["made"] is False


def test_a_server_that_shows_a_part_of_the_folder(study: Study) -> None:
    """Paths are those of its own files; what it does not show comes in as well, and is only counted."""
    folder = study.clone(study.project, "part") / "sub"
    folder.mkdir(exist_ok=True)
    with study.jupyter(folder, QUICK) as part:
        push(study, sub__new=b"part", top=b"part")
        refused = part.json("PUT", "dotscience/incoming", {"unsaved": ["new"]}, status=409)
        assert refused["detail"] == {"paths": ["sub/new"]}
        taken = take_in(part)
        assert ([change["path"] for change in taken["files"]], taken["total"]) == (["new"], 2)
        assert (part.root.parent / "top").read_text() == "part"


@pytest.mark.parametrize("body", [{"unsaved": "a"}, {"unsaved": [1]}, {"more": 1}, []])
def test_a_bad_request_changes_nothing(server: Jupyter, body: Any) -> None:
    """One sentence says so."""
    answer = server.request("PUT", "dotscience/incoming", body)
    assert answer.status == 400
    assert json.loads(answer.data)["message"]


def test_a_folder_of_no_project_has_nothing_to_take_in(study: Study) -> None:
    """The same answer as from all other routes."""
    (study.place / "plain").mkdir()
    with study.jupyter(study.place / "plain") as server:
        assert server.json("PUT", "dotscience/incoming", {}, status=409)["code"] == "unbound"
