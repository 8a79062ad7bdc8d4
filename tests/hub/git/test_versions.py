"""Which commit last changed a file, and what is known of it."""

from __future__ import annotations

import hashlib

import msgspec
import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate, CommitQuery, SkippedFile
from jupyter_dotscience.api.files import FileVersion, TreeQuery
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import NotFound
from tests.hub.git.hub import ALICE, TIME, Hub, commit_of
from tests.hub.git.test_commits import git


def listing(hub: Hub, at: str = "main", prefix: str = "") -> dict[str, FileVersion]:
    tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery(at=at, prefix=prefix))
    return {item.path: item for item in tree.items}


def test_an_empty_workspace(hub: Hub) -> None:
    """A project nobody committed to has no files, no history and no branches."""
    assert listing(hub) == {}
    assert hub.workspace.list_commits(ALICE, project=hub.project, query=CommitQuery()).items == []
    assert hub.workspace.list_branches(ALICE, project=hub.project).items == []


def test_each_file_has_the_commit_that_last_changed_it(hub: Hub) -> None:
    """A file's version is the newest commit of this history that gave it this content, also when it came back."""
    one = hub.commit(None, a=b"1", b=b"1", same=b"s")
    two = hub.commit(one, a=b"2")
    three = hub.commit(two, a=b"1", same=b"s")
    assert {path: item.commit for path, item in listing(hub).items()} == {"a": three, "b": one, "same": one}
    assert {path: item.commit for path, item in listing(hub, at=one).items()} == {"a": one, "b": one, "same": one}
    assert hub.commits.versions_at(hub.project, three, ["a", "b", "gone", "../x"]) == {
        path: (commit, hashlib.sha256(b"1").hexdigest(), listing(hub)[path].blob)
        for path, commit in (("a", three), ("b", one))
    }


def test_abbreviated_commits(hub: Hub) -> None:
    """The first seven digits of a commit name it; those of none, or of a blob, are not found."""
    one = hub.commit(None, a=b"1")
    two = hub.commit(one, a=b"2")
    assert listing(hub, at=one[:7])["a"].commit == one
    assert listing(hub, at=two[:39])["a"].commit == two
    for prefix in ("0000000", listing(hub)["a"].blob[:8]):
        with pytest.raises(NotFound):
            listing(hub, at=prefix)


def test_versions_after_a_merge(hub: Hub) -> None:
    """After a merge each file has the commit of the side it came from, not the merge."""
    base = hub.commit(None, a=b"1", b=b"1")
    left = hub.commit(base, a=b"2")
    right = hub.commit(base, b=b"2")
    assert {path: item.commit for path, item in listing(hub).items()} == {"a": left, "b": right}


def test_the_same_change_on_two_branches(hub: Hub) -> None:
    """Two histories that gave a file the same content each know their own commit."""
    base = hub.commit(None, a=b"1")
    task = new_id()
    other = hub.commits.record_task(hub.project, task, "bob", commit_of(base, {"a": b"2"}), {})
    mine = hub.commit(base, a=b"2")
    assert listing(hub)["a"].commit == mine
    assert listing(hub, at=f"tasks/{task}")["a"].commit == other.commit


def test_size_hash_and_time(hub: Hub) -> None:
    """A listing tells the content's size and SHA-256, and the time the file had where it was snapshotted."""
    change = Change(path="d/a", size=5, data=b"hello", modified=1_700_000_000_123_456_789)
    hub.workspace.create_commit(
        ALICE, project=hub.project, body=CommitCreate(message="m", created=TIME, changes=[change])
    )
    item = listing(hub)["d/a"]
    assert (item.size, item.sha256) == (5, hashlib.sha256(b"hello").hexdigest())
    assert (item.modified, item.large) == (1_700_000_000_123_456_789, False)


def test_a_folder_only(hub: Hub) -> None:
    """A prefix is a folder (or a file), not the beginning of a name."""
    files: dict[str, bytes | None] = {"d/a": b"", "d/e/f": b"", "d2/a": b"", "d": None}
    del files["d"]
    hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, files))
    assert list(listing(hub, prefix="d")) == ["d/a", "d/e/f"]
    assert list(listing(hub, prefix="d/e/")) == ["d/e/f"]
    assert list(listing(hub, prefix="d/a")) == ["d/a"]
    assert list(listing(hub, prefix="nothing")) == []
    assert all(item.commit for item in listing(hub, prefix="d").values())


def test_history_in_pages(hub: Hub) -> None:
    """Pages join to the whole history, of the workspace or of one path, also while commits are added."""
    head = None
    made = []
    for number in range(5):
        head = hub.commit(head, a=b"%d" % number, **({"b": b"x"} if number == 2 else {}))
        made.append(head)
    query = CommitQuery(limit=2)
    first = hub.workspace.list_commits(ALICE, project=hub.project, query=query)
    hub.commit(head, later=b"1")
    found = [commit.id for commit in first.items]
    cursor = first.next
    while cursor is not None:
        page = hub.workspace.list_commits(ALICE, project=hub.project, query=CommitQuery(limit=2, cursor=cursor))
        found += [commit.id for commit in page.items]
        cursor = page.next
    assert found == made[::-1]
    only = hub.workspace.list_commits(ALICE, project=hub.project, query=CommitQuery(path="b"))
    assert [commit.id for commit in only.items] == [made[2]]


def test_rows_can_be_made_anew_from_git(hub: Hub) -> None:
    """When the store lost all versions, git tells them again: the same commits, hashes, sizes."""
    one = hub.commit(None, a=b"1", b=b"1")
    hub.commit(one, a=b"2")
    hub.commit(one, b=b"3")
    before = listing(hub)
    hub.commits.reindex(hub.project)
    after = listing(hub)
    for path, item in before.items():
        again = after[path]
        assert (again.commit, again.sha256, again.size) == (item.commit, item.sha256, item.size)


def test_commits_that_the_store_missed_are_noted_when_asked_for(hub: Hub) -> None:
    """A commit that came into git behind the store's back has its versions all the same."""
    one = hub.commit(None, a=b"1")
    tree = git(hub, "rev-parse", "main^{tree}").strip()
    env = ["-c", "user.name=carol", "-c", "user.email=c@example.org"]
    two = git(hub, *env, "commit-tree", tree, "-p", one, "-m", "by hand").strip()
    git(hub, "update-ref", "refs/heads/main", two)
    assert listing(hub)["a"].commit == one
    assert hub.workspace.get_commit(ALICE, project=hub.project, commit=two).author == "carol"


def test_changed_paths(hub: Hub) -> None:
    """What a commit has new or different; what it deleted is not named."""
    one = hub.commit(None, a=b"1", b=b"1", c=b"1")
    two = hub.commit(one, a=b"2", b=None, d=b"1")
    assert hub.commits.changed_paths(hub.project, one, two) == ["a", "d"]
    assert hub.commits.changed_paths(hub.project, None, one) == ["a", "b", "c"]


def test_deleting_a_project_forgets_it(hub: Hub) -> None:
    """After a project is deleted neither git nor the store has anything of it."""
    hub.commit(None, a=b"1")
    hub.commits.delete_project(hub.project)
    assert not hub.commits.repositories.exists(hub.project)
    hub.commits.repositories.create(hub.project)
    assert listing(hub) == {}


def test_a_fork_has_all_versions_and_nothing_in_common(hub: Hub) -> None:
    """A fork lists the same versions; a commit there does not show in the source."""
    one = hub.commit(None, a=b"1")
    fork = new_id()
    hub.commits.fork_project(hub.project, fork)
    before = listing(hub)
    tree = hub.workspace.get_tree(ALICE, project=fork, query=TreeQuery())
    assert {item.path: item for item in tree.items} == before
    hub.workspace.create_commit(ALICE, project=fork, body=commit_of(one, {"b": b"1"}))
    assert listing(hub) == before


def test_forged_messages(hub: Hub) -> None:
    """A message that claims a task's result is a message: neither the API nor git alone takes it for more."""
    claim = f"nice\n\nDotscience-Task: {new_id()}\nDotscience-Metadata: " + '{"type":"x"}'
    one = hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, {"a": b"1"}, message=claim))
    for _ in range(2):
        found = hub.workspace.get_commit(ALICE, project=hub.project, commit=str(one.commit))
        assert (found.task, found.metadata, found.message) == (None, {}, claim)
        hub.commits.reindex(hub.project)


def test_task_and_metadata_come_back_from_git(hub: Hub) -> None:
    """When the store lost all, a task's commit still tells its task and run metadata; a snapshot what it left out."""
    task = new_id()
    done = hub.commits.record_task(hub.project, task, "bob", commit_of(None, {"a": b"1"}), {"type": "x"})
    skipped = [SkippedFile(path="pipe", reason="is a FIFO")]
    request = msgspec.structs.replace(commit_of(None, {"b": b"1"}), skipped=skipped)
    other = hub.workspace.create_commit(ALICE, project=hub.project, body=request)
    for _ in range(2):
        found = hub.workspace.get_commit(ALICE, project=hub.project, commit=str(done.commit))
        assert (found.task, found.metadata, found.message) == (task, {"type": "x"}, "a change")
        snapshot = hub.workspace.get_commit(ALICE, project=hub.project, commit=str(other.commit))
        assert (snapshot.task, snapshot.metadata) == (None, {"skipped": '[["pipe", "is a FIFO"]]'})
        hub.commits.reindex(hub.project)
