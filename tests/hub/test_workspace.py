"""The workspace on both kinds of database."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database

from jupyter_dotscience.api.commits import ChangesQuery
from jupyter_dotscience.api.files import TreeQuery
from jupyter_dotscience.api.ids import new_id
from tests.hub.git.hub import ALICE, TIME, Hub, commit_of, hub_on


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one empty project, on either database."""
    hub = hub_on(database, tmp_path, new_id())
    yield hub
    hub.contents.close()
    hub.commits.close()


def commits_of(hub: Hub, project: str | None = None) -> dict[str, str | None]:
    tree = hub.workspace.get_tree(ALICE, project=project or hub.project, query=TreeQuery())
    return {item.path: item.commit for item in tree.items}


def test_versions_fork_and_reindex(hub: Hub) -> None:
    """Versions are found, forked and made anew the same on both databases."""
    one = hub.commit(None, a=b"1", b=b"1", B=b"1")
    two = hub.commit(one, a=b"2")
    expected: dict[str, str | None] = {"B": one, "a": two, "b": one}
    assert commits_of(hub) == expected
    fork = new_id()
    hub.commits.fork_project(hub.project, fork)
    assert commits_of(hub, fork) == expected
    hub.commits.reindex(hub.project)
    assert commits_of(hub) == expected
    hub.commits.delete_project(hub.project)
    assert commits_of(hub, fork) == expected


def test_names_beyond_ascii(hub: Hub) -> None:
    """A folder's listing is a range of bytes, whatever the database thinks of the order of letters."""
    names = ["é/a", "é/ü/z", "e/a", "z/a", "É/a", "\U0010ffff/a", "\uef80/a"]
    hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, dict.fromkeys(names, b"1")))
    tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery(prefix="é"))
    assert [item.path for item in tree.items] == ["é/a", "é/ü/z"]
    assert all(item.commit for item in tree.items)
    assert commits_of(hub).keys() == set(names)


def test_a_folder_is_folded(hub: Hub) -> None:
    """One folder's files come with its folders in numbers, at any depth."""
    files = {"a": b"1", "data/x": b"22", "data/deep/y": b"333", "data/deep/er/z": b"4444", "dat": b""}
    hub.workspace.create_commit(ALICE, project=hub.project, body=commit_of(None, files))

    def look(prefix: str) -> tuple[list[str], list[tuple[str, int, int]]]:
        tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery(prefix=prefix, fold=True))
        return [item.path for item in tree.items], [(f.path, f.files, f.size) for f in tree.folders]

    assert look("") == (["a", "dat"], [("data", 3, 9)])
    assert look("data") == (["data/x"], [("data/deep", 2, 7)])
    assert look("data/deep/") == (["data/deep/y"], [("data/deep/er", 1, 4)])
    assert look("none") == ([], [])


def test_changes_between_versions(hub: Hub) -> None:
    """What was added, modified and deleted since the parent or any other version, with the whole number."""
    one = hub.commit(None, a=b"1", b=b"1")
    both = commit_of(one, {"a": b"2", "b": None, "new/c": b"1"})
    two = hub.workspace.create_commit(ALICE, project=hub.project, body=both).commit
    assert two is not None

    def changed(commit: str, **query: Any) -> tuple[str | None, dict[str, str], int]:
        found = hub.workspace.list_changes(ALICE, project=hub.project, commit=commit, query=ChangesQuery(**query))
        return found.base, {item.path: item.change.value for item in found.items}, found.total

    assert changed(one) == (None, {"a": "added", "b": "added"}, 2)
    assert changed(two) == (one, {"a": "modified", "b": "deleted", "new/c": "added"}, 3)
    assert changed(one, since=two) == (two, {"a": "modified", "b": "added", "new/c": "deleted"}, 3)
    assert changed(two, since=two) == (two, {}, 0)
    assert changed(two, limit=1) == (one, {"a": "modified"}, 3)


def test_writers_at_once(hub: Hub) -> None:
    """Several threads that commit at once leave rows for every commit."""
    start = hub.commit(None, start=b"0")
    errors: list[BaseException] = []

    def write(name: int) -> None:
        try:
            for number in range(5):
                body = commit_of(start, {f"{name}-{number}": b"%d" % number})
                hub.workspace.create_commit(ALICE, project=hub.project, body=body)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to say so
            errors.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(commits_of(hub)) == 21
    repository = hub.commits.repositories.open(hub.project)
    history = repository.history.ancestors(str(repository.head()))
    with hub.database.read() as session:
        assert versions.known_commits(session, hub.project, sorted(history)) == history


def test_objects(hub: Hub) -> None:
    """A project's objects are noted once, and counted."""
    hub.add_object("a" * 64, 5)
    hub.add_object("a" * 64, 5)
    hub.add_object("b" * 64, 6)
    with hub.database.read() as session:
        assert versions.objects_of(session, hub.project, ["a" * 64, "c" * 64]) == {"a" * 64: 5}
        assert versions.objects_size(session, hub.project) == 11
        assert versions.objects_size(session, new_id()) == 0


def test_nothing_of_a_rolled_back_transaction_stays(hub: Hub) -> None:
    """When rows are lost because an outer transaction failed, they are made from git when somebody asks."""
    failure = RuntimeError("the outer transaction fails")

    def fail() -> None:
        with hub.database.write():
            hub.commit(None, a=b"1")
            raise failure

    with pytest.raises(RuntimeError):
        fail()
    head = hub.commits.head(hub.project)
    assert commits_of(hub) == {"a": head}
    assert hub.workspace.get_commit(ALICE, project=hub.project, commit=str(head)).created == TIME
