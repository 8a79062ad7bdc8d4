"""Recording commits: what they hold, how branches move, what is refused."""

from __future__ import annotations

import subprocess
import threading

import msgspec
import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate, CommitQuery, MissingQuery, Mode
from jupyter_dotscience.api.files import TreeQuery
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.tasks import MergeState
from tests.hub.git.hub import ALICE, TIME, Hub, commit_of


def git(hub: Hub, *arguments: str) -> str:
    folder = hub.commits.repositories.path(hub.project)
    done = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def content(hub: Hub, path: str, at: str = "main") -> str:
    return git(hub, "show", f"{at}:{path}")


def test_first_commit_is_a_git_commit(hub: Hub) -> None:
    """What the commit API makes is what stock git reads, and fsck finds nothing wrong with it."""
    commit = hub.commit(None, a_txt=b"hello\n", b_sh=b"#!/bin/sh\n")
    assert content(hub, "a.txt") == "hello\n"
    assert git(hub, "log", "-1", "--format=%H %an %s").strip() == f"{commit} alice a change"
    assert git(hub, "fsck", "--strict").strip() == ""


def test_folders_modes_and_odd_names(hub: Hub) -> None:
    """Folders, the executable bit, symlinks, and names of any bytes come back as they were sent."""
    changes = [
        Change(path="d/e/f.txt", size=1, data=b"f"),
        Change(path="run", size=1, data=b"r", mode=Mode.EXECUTABLE),
        Change(path="link", size=3, data=b"run", mode=Mode.SYMLINK),
        Change(path="caf\uefe9 \n\t\"'", size=1, data=b"x"),
        Change(path="%2Egit/config", size=1, data=b"x"),
    ]
    hub.workspace.create_commit(
        ALICE, project=hub.project, body=CommitCreate(message="m", created=TIME, changes=changes)
    )
    tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery())
    assert {(item.path, item.mode) for item in tree.items} == {(c.path, c.mode) for c in changes}
    assert git(hub, "fsck", "--strict").strip() == ""


def test_deleting_the_last_file_of_a_folder_removes_the_folder(hub: Hub) -> None:
    """Git has no empty folders; an empty workspace is an empty tree."""
    first = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"d/a": b"1", "b": b"2"}))
    second = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(first.commit, {"d/a": None}))
    assert git(hub, "ls-tree", "--name-only", str(second.commit)).split() == ["b"]
    third = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(second.commit, {"b": None}))
    assert git(hub, "ls-tree", str(third.commit)) == ""
    fourth = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(third.commit, {"c": b"3"}))
    assert git(hub, "ls-tree", "--name-only", str(fourth.commit)).split() == ["c"]
    assert git(hub, "fsck", "--strict").strip() == ""


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"../a": b""}, ".."),
        ({"/a": b""}, "empty"),
        ({".git/config": b""}, ".git"),
        ({"GIT~1": b""}, ".git"),
        ({"a": b"", "a/b": b""}, "folder"),
        ({"x/" * 300 + "y": b""}, "deep"),
        ({"n" * 256: b""}, "255"),
        ({"old/x": b""}, "folder"),
        ({"dir": b""}, "folder"),
        ({"dir": None}, "folder"),
        ({"nul\0": b""}, "NUL"),
    ],
)
def test_bad_paths_change_nothing(hub: Hub, files: dict[str, bytes | None], word: str) -> None:
    """B: a path that may not be is a sentence about it, and no branch moves."""
    first = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"old": b"", "dir/a": b""}))
    with pytest.raises(BadRequest, match=word):
        hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(first.commit, files))
    assert hub.commits.head(hub.project) == first.commit


def test_a_file_may_become_a_folder_when_it_is_deleted(hub: Hub) -> None:
    """Replacing a file by a folder of its name takes naming both, and the other way round."""
    first = hub.commit(None, a=b"1")
    second = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(first, {"a": None, "a/b": b"2"}))
    assert content(hub, "a/b") == "2"
    hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(second.commit, {"a": b"3", "a/b": None}))
    assert content(hub, "a") == "3"


@pytest.mark.parametrize(
    "change",
    [
        Change(path="a", size=1),
        Change(path="a", size=1, data=b"x", blob="0" * 40),
        Change(path="a", size=2, data=b"x"),
        Change(path="a", size=1, data=b"x", sha256="0" * 64),
        Change(path="a", size=1, blob="0" * 40),
        Change(path="a", size=1, large=True, sha256="0" * 64),
        Change(path="a", size=1, large=True),
        Change(path="a", size=0, data=b"", mode=Mode.SYMLINK),
    ],
)
def test_contents_that_are_not_what_they_are_said_to_be(hub: Hub, change: Change) -> None:
    """Contents are never taken on trust: size, hash and presence are checked against this project."""
    with pytest.raises(BadRequest, match="a"):
        hub.workspace.create_commit(
            ALICE, project=hub.project, body=CommitCreate(message="m", created=TIME, changes=[change])
        )
    assert hub.commits.head(hub.project) is None


def test_another_projects_blob_is_not_there(hub: Hub) -> None:
    """Knowing the id of a content of another project gives nothing."""
    hub.commit(None, a=b"secret")
    blob = git(hub, "rev-parse", "main:a").strip()
    other = new_id()
    hub.commits.repositories.create(other)
    assert hub.workspace.find_missing(ALICE, project=other, body=MissingQuery(blobs=[blob])).blobs == [blob]
    assert hub.workspace.find_missing(ALICE, project=hub.project, body=MissingQuery(blobs=[blob])).blobs == []
    body = CommitCreate(message="m", created=TIME, changes=[Change(path="a", size=6, blob=blob)])
    with pytest.raises(BadRequest, match="no blob"):
        hub.workspace.create_commit(ALICE, project=other, body=body)


def test_nothing_changed_makes_no_commit(hub: Hub) -> None:
    """A snapshot of what is there answers the head."""
    first = hub.commit(None, a=b"1")
    result = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(first, {"a": b"1", "z": None}))
    assert (result.commit, result.head) == (first, first)


def test_a_version_for_its_message_is_made_although_nothing_changed(hub: Hub) -> None:
    """Asked for always, a commit has its parent's files and its own message; repeated, it is the same."""
    first = hub.commit(None, a=b"1")
    request = msgspec.structs.replace(commit_of(first, {}, message="Before the long run"), always=True)
    made = hub.workspace.create_commit(ALICE, project=hub.project, body=request)
    again = hub.workspace.create_commit(ALICE, project=hub.project, body=request)
    assert made.commit not in (None, first)
    assert again.head == made.head == made.commit
    found = hub.workspace.get_commit(ALICE, project=hub.project, commit=made.commit or "")
    assert (found.message, found.parents) == ("Before the long run", [first])
    assert git(hub, "diff", "--name-only", first, str(made.commit)) == ""


def test_a_retry_makes_the_same_commit(hub: Hub) -> None:
    """The same request again changes nothing, also after the branch went on, also when it was merged."""
    first = hub.commit(None, a=b"1")
    hub.commit(first, b=b"1")
    request = commit_of(first, {"c": b"1"})
    made = hub.workspace.create_commit(ALICE, project=hub.project, body=request)
    assert made.merged
    again = hub.workspace.create_commit(ALICE, project=hub.project, body=request)
    assert again == made
    later = hub.commit(made.head, d=b"1")
    assert msgspec.structs.replace(made, head=later) == hub.workspace.create_commit(
        ALICE, project=hub.project, body=request
    )
    assert git(hub, "rev-list", "--count", "main").strip() == "5"


def test_a_stale_parent_is_merged(hub: Hub) -> None:
    """Changes of different files from the same version are both kept."""
    first = hub.commit(None, a=b"1", b=b"1")
    hub.commit(first, a=b"2")
    result = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(first, {"b": b"2"}))
    assert result.merged
    assert (content(hub, "a"), content(hub, "b")) == ("2", "2")


def test_the_same_file_changed_on_both_sides_is_a_conflict(hub: Hub) -> None:
    """A conflict names the paths and changes nothing."""
    first = hub.commit(None, a=b"1")
    second = hub.commit(first, a=b"2")
    with pytest.raises(Conflict) as caught:
        hub.commit(first, a=b"3")
    assert caught.value.detail is not None
    assert caught.value.detail["paths"] == ["a"]
    assert hub.commits.head(hub.project) == second


def test_workspace_attributes_do_not_steer_a_merge(hub: Hub) -> None:
    """A `.gitattributes` that asks for a union merge is a file like any other."""
    first = hub.workspace.create_commit(
        ALICE, project=hub.project, body=commit_of(None, {".gitattributes": b"* merge=union\n", "a": b"1\n"})
    )
    assert first.commit is not None
    hub.commit(first.commit, a=b"2\n")
    with pytest.raises(Conflict):
        hub.commit(first.commit, a=b"3\n")


def test_two_first_commits_are_joined(hub: Hub) -> None:
    """Two uploads into an empty workspace have no common version, and both are kept."""
    hub.commit(None, a=b"1")
    assert hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"b": b"2"})).merged
    assert (content(hub, "a"), content(hub, "b")) == ("1", "2")


def test_unknown_parents_and_branches(hub: Hub) -> None:
    """A parent that is not there, and a branch people may not write, are refused with a reason."""
    with pytest.raises(BadRequest, match="no commit"):
        hub.commit("0" * 40, a=b"1")
    for branch in (f"tasks/{new_id()}", "heads/a..b", "heads/a.lock", "heads/a//b", "heads/x/"):
        with pytest.raises(BadRequest, match="branch"):
            hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"a": b""}, branch=branch))
    with pytest.raises(NotFound):
        hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery(at="heads/none"))
    with pytest.raises(NotFound):
        hub.workspace.get_commit(ALICE, project=hub.project, commit="1" * 40)
    hub.commit(None, a=b"1")
    query = CommitQuery(cursor="1" * 40 + ".3")
    with pytest.raises(BadRequest, match="cursor"):
        hub.workspace.list_commits(ALICE, project=hub.project, query=query)


def test_branch_names_that_are_folders_of_each_other(hub: Hub) -> None:
    """Git keeps a ref as a file: `x` and `x/y` cannot both be branches."""
    body = commit_of(None, {"a": b"1"}, branch="heads/x")
    hub.workspace.create_commit(ALICE, project=hub.project, body=body)
    with pytest.raises(Conflict, match="beside"):
        hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"a": b"2"}, branch="heads/x/y"))


def test_many_writers_lose_nothing(hub: Hub) -> None:
    """4 threads with 20 commits each, all from stale parents: every one is in main's history with its file."""
    start = hub.commit(None, start=b"0")
    made: list[str] = []
    errors: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for number in range(20):
                body = commit_of(start, {f"{name}-{number}": b"%d" % number}, message=f"{name} {number}")
                result = hub.workspace.create_commit(ALICE, project=hub.project, body=body)
                made.append(str(result.commit))
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(made)) == 80
    assert set(made) <= set(git(hub, "rev-list", "main").split())
    assert len(git(hub, "ls-tree", "--name-only", "main").split()) == 81
    assert git(hub, "fsck", "--strict").strip() == ""


def test_task_branches(hub: Hub) -> None:
    """A task's result goes to its own branch, then into main: fast-forward, merge, or conflict; each once."""
    start = hub.commit(None, a=b"1", b=b"1")
    one, two, three, none = (new_id() for _ in range(4))
    results = {
        task: hub.commits.record_task(hub.project, task, "bob", commit_of(start, files), {"type": "x"})
        for task, files in ((one, {"a": b"2"}), (two, {"b": b"2"}), (three, {"a": b"3"}))
    }
    assert hub.commits.head(hub.project) == start
    expected = [MergeState.FAST_FORWARD, MergeState.MERGED, MergeState.CONFLICT, MergeState.NONE]
    for _ in range(2):
        found = [hub.commits.merge_task(hub.project, task, "bob") for task in (one, two, three, none)]
        assert [state for state, _, _ in found] == expected
        assert found[2][1] == ["a"]
    assert (content(hub, "a"), content(hub, "b")) == ("2", "2")
    commit = hub.workspace.get_commit(ALICE, project=hub.project, commit=str(results[one].commit))
    assert (commit.author, commit.task, commit.metadata, commit.message) == ("bob", one, {"type": "x"}, "a change")
    branches = {b.name: b.merged for b in hub.workspace.list_branches(ALICE, project=hub.project).items}
    assert branches == {"main": True, f"tasks/{one}": True, f"tasks/{two}": True, f"tasks/{three}": False}


def test_a_task_that_began_anew(hub: Hub) -> None:
    """When a task's second attempt starts from the beginning, its result counts; the first stays in history."""
    start = hub.commit(None, a=b"1")
    task = new_id()
    first = hub.commits.record_task(hub.project, task, "bob", commit_of(start, {"a": b"first", "x": b"x"}), {})
    second = hub.commits.record_task(hub.project, task, "bob", commit_of(start, {"a": b"second"}), {})
    assert content(hub, "a", str(second.head)) == "second"
    assert "x" not in git(hub, "ls-tree", "--name-only", str(second.head)).split()
    assert {first.commit, second.commit} <= set(git(hub, "rev-list", f"refs/tasks/{task}").split())


def test_metadata_too_large_for_a_message(hub: Hub) -> None:
    """Large run metadata stay in the store; the commit's message has their digest."""
    metadata = {"run.parameters": "x" * 2_000_000}
    done = hub.commits.record_task(hub.project, new_id(), "bob", commit_of(None, {"a": b"1"}), metadata)
    found = hub.workspace.get_commit(ALICE, project=hub.project, commit=str(done.commit))
    assert found.metadata == metadata
    assert len(git(hub, "cat-file", "commit", str(done.commit))) < 2000
