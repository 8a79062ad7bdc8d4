"""Orders about a workspace: nothing here is taken for a deletion, and the end waits for what is being made."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_dotscience.api import control
from jupyter_dotscience.api.commits import ChangedFile, ChangedFiles, CommitList, FileChange
from jupyter_dotscience.api.files import Tree
from jupyter_dotscience.api.problems import Conflict, Unavailable
from jupyter_dotscience.api.runs import Points, Run, RunList
from jupyter_dotscience.workspace.orders import Orders
from jupyter_dotscience.workspace.queued import QueuedCommitter

from .repository import Repository
from .test_queued import Hub, content
from .trees import contents, write

MAIN = "0" * 40


class Elsewhere:
    """A project whose main has no file; whether it has this folder's newest version is said by `contained`."""

    def __init__(self) -> None:
        self.contained = True

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        raise NotImplementedError

    def known_runs(self, runs: object) -> list[str]:
        raise NotImplementedError

    def runs(self, limit: int, cursor: str | None) -> RunList:
        raise NotImplementedError

    def run(self, run: str) -> Run:
        raise NotImplementedError

    def points(self, run: str, after: int, limit: int) -> Points:
        raise NotImplementedError

    def read_file(self, path: str, at: str, limit: int) -> bytes:
        raise NotImplementedError

    def content(self, path: str, at: str) -> Iterator[bytes]:
        raise NotImplementedError

    def tree(self) -> Tree:
        return Tree(commit=MAIN, items=[])

    def changes_since(self, since: str | None, limit: int, at: str = "main") -> ChangedFiles:
        gone = [ChangedFile(path="a", change=FileChange.DELETED)]
        return ChangedFiles(base=since, items=gone, total=1, contained=self.contained)


class Folder:
    """A folder with one file, which the hub has."""

    def __init__(self, work: Path, repository: Repository) -> None:
        self.work, self.hub, self.project = work, Hub(repository), Elsewhere()
        committer = QueuedCommitter(work, work.parent / "state", remote=self.hub, record=self.hub.record)
        committer.start(None, {})
        self.orders = Orders(committer, self.project)
        self.save(b"1")

    def save(self, data: bytes) -> control.Result:
        """Write the file, and order a version."""
        write(self.work, {b"a": data})
        return self.orders.answer(control.Commit(message="", runs=[]))


@pytest.fixture
def folder(work: Path, repository: Repository) -> Iterator[Folder]:
    """One."""
    made = Folder(work, repository)
    yield made
    made.orders.close()


def test_a_main_that_lacks_what_is_here_deletes_nothing(folder: Folder) -> None:
    """When main has not got this folder's newest version, what it lacks is neither shown nor taken in."""
    folder.project.contained = False
    assert folder.orders.answer(control.Look()) == control.Incoming()
    with pytest.raises(Conflict, match="not on main yet"):
        folder.orders.answer(control.TakeIn())
    assert set(contents(folder.work)) == {b"a"}
    folder.project.contained = True
    looked = folder.orders.answer(control.Look())
    assert isinstance(looked, control.Incoming)
    assert [change.path for change in looked.files] == ["a"]
    taken = folder.orders.answer(control.TakeIn())
    assert isinstance(taken, control.Taken)
    assert taken.done
    assert not contents(folder.work)


def test_the_end_waits_for_the_version_that_is_being_made(folder: Folder) -> None:
    """An order under way is done when `finish` returns, its version is on the hub, and no later order begins."""
    recording, go_on = threading.Event(), threading.Event()

    def record() -> None:
        recording.set()
        assert go_on.wait(60)

    folder.hub.after = record
    order = threading.Thread(target=folder.save, args=(b"2",))
    order.start()
    assert recording.wait(60)
    end = threading.Thread(target=folder.orders.finish)
    end.start()
    end.join(0.3)
    assert end.is_alive(), "it did not wait"
    go_on.set()
    end.join(60)
    order.join(60)
    assert folder.orders.committer.outbox.numbers == ()
    assert content(folder.hub, "a") == b"2"
    with pytest.raises(Unavailable, match="ending"):
        folder.save(b"3")


def test_a_version_that_nobody_has_recorded_yet_is_not_taken_over(folder: Folder) -> None:
    """While one waits for the hub, taking in waits for that, and touches nothing."""
    folder.orders.committer.commit("waits")
    taken = folder.orders.answer(control.TakeIn())
    assert isinstance(taken, control.Taken)
    assert not taken.done
    assert set(contents(folder.work)) == {b"a"}
