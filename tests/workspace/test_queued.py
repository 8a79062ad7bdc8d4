"""Versions that wait on disk: in order, once each, whatever is away or killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from jupyter_dotscience.api.commits import CommitCreate, Missing, MissingQuery
from jupyter_dotscience.api.problems import BadRequest, DotscienceError, Unreachable
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.workspace import Mirror, ObjectCache, WorkspaceError, checkout, queued
from jupyter_dotscience.workspace.queued import Placed, QueuedCommitter

from .repository import Repository, git
from .trees import write

BIG = os.urandom(300_000)


class Hub:
    """The repository, reached over a line that can be cut."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository
        self.problem: DotscienceError | None = None
        self.after: Callable[[], None] = lambda: None
        self.runs: list[str] = []

    def _ask(self) -> None:
        if self.problem is not None:
            raise self.problem

    def find_missing(self, query: MissingQuery) -> Missing:
        self._ask()
        return self.repository.find_missing(query)

    def put_pack(self, body: BinaryIO, size: int) -> None:
        self._ask()
        self.repository.put_pack(body, size)

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        self._ask()
        self.repository.put_object(sha256, body, size)

    def record(self, request: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        self._ask()
        done = self.repository.record(request) if request.changes or request.deletes else None
        self.runs += [run.id for run in runs]
        self.after()
        return Placed(done.commit if done else None)


@pytest.fixture
def hub(repository: Repository) -> Hub:
    """A hub that is there."""
    return Hub(repository)


def committer(work: Path, hub: Hub) -> QueuedCommitter:
    """The folder's committer, as the next process makes it."""
    made = QueuedCommitter(
        work, work.parent / "state", remote=hub, record=hub.record, threshold=100_000, exclude_names=[".skip"]
    )
    if not made.started:
        made.start(None, {})
    return made


def history(hub: Hub) -> list[tuple[str, set[str]]]:
    """Messages and files of main's versions, oldest first."""
    folder = hub.repository.git_folder
    found = git(folder, "log", "--reverse", "--format=%H %s", "main").decode().splitlines()
    versions = [line.split(" ", 1) for line in found]
    listed = [set(git(folder, "ls-tree", "-r", "--name-only", commit).decode().splitlines()) for commit, _ in versions]
    return [(message, files) for (_, message), files in zip(versions, listed, strict=True)]


def content(hub: Hub, path: str) -> bytes:
    """A file of main."""
    return git(hub.repository.git_folder, "cat-file", "blob", f"main:{path}")


def test_a_version_is_what_the_folder_was(work: Path, hub: Hub) -> None:
    """Small and large files, changed and deleted, reach the hub; without a change there is no version."""
    made = committer(work, hub)
    write(work, {b"a": b"1", b"big": BIG, b"d/b": b"2", b".skip/x": b"no"})
    assert made.commit().number == 1
    made.ship()
    assert made.commit().number is None
    (work / "a").unlink()
    write(work, {b"c": b"3"})
    assert made.commit("by hand").number == 2
    made.ship()
    assert history(hub) == [("Save a, big and 1 more", {"a", "big", "d/b"}), ("by hand", {"big", "c", "d/b"})]
    assert made.outbox.numbers == ()


def test_versions_made_while_the_hub_is_away_go_up_in_order(work: Path, hub: Hub) -> None:
    """Each of them with the contents that its files had then, also after the process was another one in between."""
    hub.problem = Unreachable("away")
    made = committer(work, hub)
    for number in range(3):
        write(work, {b"a": b"%d" % number, b"big": BIG + b"%d" % number})
        made.commit(f"v{number}")
        with pytest.raises(Unreachable):
            made.ship()
    made = committer(work, hub)
    write(work, {b"a": b"last", b"b": b""})
    made.commit("v3", [RunReport(id="r1")])
    assert made.outbox.numbers == (1, 2, 3, 4)
    assert made.waiting_runs == {"r1"}
    hub.problem = None
    made.ship()
    assert [message for message, _ in history(hub)] == ["v0", "v1", "v2", "v3"]
    shown = [git(hub.repository.git_folder, "cat-file", "blob", f"main~{back}:a") for back in (3, 2, 1, 0)]
    assert shown == [b"0", b"1", b"2", b"last"]
    assert len(list(hub.repository.objects.iterdir())) == 3
    assert hub.runs == ["r1"]
    assert committer(work, hub).commit().number is None


def test_many_small_files_wait_too(work: Path, hub: Hub) -> None:
    """What does not fit into one request is kept as packs."""
    hub.problem = Unreachable("away")
    made = committer(work, hub)
    write(work, {b"f%d" % number: b"%d" % number for number in range(500)})
    made.commit("many")
    hub.problem = None
    write(work, {b"f%d" % number: b"other" for number in range(500)})
    made.ship()
    assert content(hub, "f7") == b"7"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_kill_9_while_the_hub_records(work: Path, hub: Hub, moment: str) -> None:
    """Killed right before or after the hub has recorded a version, the next process brings it there once."""
    write(work, {b"a": b"1"})
    committer(work, hub).commit("first")
    write(work, {b"a": b"2"})

    def child() -> None:
        made = committer(work, hub)
        made.commit("second")

        def die() -> None:
            os.kill(os.getpid(), signal.SIGKILL)

        if moment == "after":
            hub.after = die
        else:
            hub._ask = die  # type: ignore[method-assign]
        made.ship()

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    process.join(30)
    assert process.exitcode == -signal.SIGKILL
    made = committer(work, hub)
    write(work, {b"a": b"3"})
    made.commit("third")
    made.ship()
    assert [message for message, _ in history(hub)] == ["first", "second", "third"]
    assert content(hub, "a") == b"3"


def test_a_version_that_was_not_finished_is_made_again(work: Path, hub: Hub) -> None:
    """What was left of a version in the making is removed, and the files are part of the next."""
    write(work, {b"a": b"1"})
    made = committer(work, hub)
    torn = made.outbox.folder / ".new-0000000001"
    torn.mkdir()
    (torn / "version.json").write_bytes(b'{"comm')
    made = committer(work, hub)
    assert not torn.exists()
    assert made.commit("first").number == 1
    made.ship()
    assert history(hub) == [("first", {"a"})]


def test_a_torn_line_of_the_log_is_as_good_as_none(work: Path, hub: Hub) -> None:
    """Power lost while the log was written: the version before it stands."""
    write(work, {b"a": b"1"})
    made = committer(work, hub)
    made.commit("first")
    made.ship()
    log = work.parent / "state" / "base" / "log.jsonl"
    with log.open("ab") as file:
        file.write(b'{"standing":{"numb')
    write(work, {b"b": b"2"})
    made = committer(work, hub)
    made.commit("second")
    made.ship()
    assert history(hub) == [("first", {"a"}), ("second", {"a", "b"})]
    assert committer(work, hub).standing.number == 2


def test_a_refused_version_becomes_part_of_the_next(work: Path, hub: Hub) -> None:
    """What the hub does not take keeps nothing back for ever: the next version has its files and its runs."""
    made = committer(work, hub)
    write(work, {b"a": b"1"})
    made.commit("refused", [RunReport(id="r1")])
    hub.problem = BadRequest("no")
    with pytest.raises(BadRequest):
        made.ship()
    assert made.problem == "no"
    hub.problem = None
    write(work, {b"b": b"1"})
    made.commit("taken")
    made.ship()
    assert history(hub) == [("taken", {"a", "b"})]
    assert hub.runs == ["r1"]
    assert made.problem == ""


def test_runs_of_a_refused_version_survive_a_kill(work: Path, hub: Hub) -> None:
    """They go with the next version, which another process makes, and once only."""
    made = committer(work, hub)
    write(work, {b"a": b"1"})
    made.commit("refused", [RunReport(id="r1"), RunReport(id="r2")])
    hub.problem = BadRequest("no")
    with pytest.raises(BadRequest):
        made.ship()
    hub.problem = None
    again = committer(work, hub)
    assert again.waiting_runs == {"r1", "r2"}
    again.commit("taken", [RunReport(id="r2"), RunReport(id="r3")])
    again.ship()
    assert hub.runs == ["r1", "r2", "r3"]
    assert committer(work, hub).waiting_runs == set()


def test_runs_that_the_hub_refuses_do_not_keep_their_files_back(work: Path, hub: Hub) -> None:
    """The version is recorded without them."""
    made = committer(work, hub)
    real = hub.record

    def record(request: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        if runs:
            raise BadRequest("bad run")
        return real(request, runs)

    made._record = record
    write(work, {b"a": b"1"})
    made.commit("m", [RunReport(id="r1")])
    made.ship()
    assert history(hub) == [("m", {"a"})]


def test_a_full_outbox_lets_the_files_themselves_wait(work: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """No more versions are kept than there is room for; the next one after the hub is back has all, runs too."""
    monkeypatch.setattr("jupyter_dotscience.workspace.outbox.MOST_VERSIONS", 2)
    hub.problem = Unreachable("away")
    made = committer(work, hub)
    for number in range(2):
        write(work, {b"a": b"%d" % number})
        made.commit(f"v{number}")
    write(work, {b"a": b"3"})
    assert made.commit(runs=[RunReport(id="r1")]).number is None
    with pytest.raises(WorkspaceError, match="no room"):
        made.commit("by hand", [RunReport(id="r2")])
    assert made.outbox.numbers == (1, 2)
    hub.problem = None
    made = committer(work, hub)
    made.ship()
    assert made.commit("rest").number == 3
    made.ship()
    assert hub.runs == ["r1", "r2"]
    assert [message for message, _ in history(hub)] == ["v0", "v1", "rest"]
    assert content(hub, "a") == b"3"


def test_a_long_log_is_written_anew(work: Path, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """The baseline is the same before and after, and a later process reads it."""
    monkeypatch.setattr("jupyter_dotscience.workspace.baseline._LONGEST_LOG", 500)
    made = committer(work, hub)
    for number in range(12):
        write(work, {b"f%d" % number: b"x"})
        made.commit(f"v{number}")
        made.ship()
    assert (work.parent / "state" / "base" / "log.jsonl").stat().st_size < 1500
    again = committer(work, hub)
    assert {path: entry[:3] for path, entry in again.base.items()} == {p: e[:3] for p, e in made.base.items()}
    assert again.standing == made.standing
    assert again.commit().number is None


def test_started_from_a_checkout_only_changes_are_sent(work: Path, hub: Hub) -> None:
    """A folder that was filled from a commit goes on from there."""
    made = committer(work, hub)
    write(work, {b"a": b"1", b"b": b"2"})
    made.commit("first")
    made.ship()
    head = made.standing.commit
    assert head is not None
    mirror = Mirror(work.parent / "mirror.git")
    mirror.fetch(hub.repository.url, head)
    other = work.parent / "other" / "work"
    other.parent.mkdir()
    done = checkout(mirror, head, other, objects=ObjectCache(work.parent / "o", 1 << 30), source=hub.repository)
    fresh = QueuedCommitter(other, work.parent / "other" / "state", remote=hub, record=hub.record)
    fresh.start(head, done.base)
    assert fresh.commit().number is None
    (other / "a").write_bytes(b"changed")
    kept = fresh.commit()
    assert (set(kept.found.changed), kept.new) == ({b"a"}, frozenset())


def test_messages_say_what_changed() -> None:
    """A version that nobody named is named after its files, or after its run."""
    found = queued.Changes({b"a.ipynb": queued.Entry.of(0o100644, "0" * 40, 1)}, [b"old"])
    assert queued.describe(found, []) == "Save a.ipynb"
    assert queued.describe(queued.Changes({}, [b"old"]), []) == "Delete old"
    assert queued.describe(found, [RunReport(id="r", description="Train\nmore")]) == "Train"
    assert queued.describe(found, [RunReport(id="r"), RunReport(id="s")]) == "Dotscience runs (2)"
