"""What others did comes into a folder that somebody works in, and nothing of theirs is lost for it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from jupyter_dotscience.api.problems import Conflict, Unreachable
from jupyter_dotscience.workspace import ContentChanged, Entry, WorkspaceError, blob_id
from jupyter_dotscience.workspace.baseline import Standing
from jupyter_dotscience.workspace.entry import EXECUTABLE, FILE, SYMLINK
from jupyter_dotscience.workspace.queued import QueuedCommitter

from .repository import Repository, git
from .test_queued import Hub
from .trees import contents, write

Files = dict[bytes, bytes]


class Side:
    """A folder with its committer, and versions that others make."""

    def __init__(self, work: Path, repository: Repository) -> None:
        self.work, self.hub = work, Hub(repository)
        self.committer = QueuedCommitter(
            work, work.parent / "state", remote=self.hub, record=self.hub.record, exclude=[b"data"],
            exclude_names=[".dotscience", ".ipynb_checkpoints"],
        )  # fmt: skip
        self.committer.start(None, {})
        self.known: Standing | None = None

    def save(self, files: Files) -> None:
        """Something is saved here, and is on the hub."""
        write(self.work, files)
        self.committer.commit()
        self.committer.ship()

    def take_in(
        self, theirs: Files, spared: Iterable[bytes] = (), *, modes: dict[bytes, int] | None = None,
        before: Callable[[str], None] = lambda path: None,
    ) -> set[bytes] | None:  # fmt: skip
        """Take in a version with these files; ``before`` is told of each before it comes. Answers what was touched."""
        modes = modes or {}
        target = {path: Entry.of(modes.get(path, FILE), blob_id(data), len(data)) for path, data in theirs.items()}

        def read(path: str) -> Iterator[bytes]:
            before(path)
            data = theirs[os.fsencode(path)]
            yield data[:1]
            yield data[1:]

        way = self.committer.take_in(self.known or self.committer.standing, "0" * 40, target, read, set(spared))
        return None if way is None else {*way.changed, *way.deleted}

    @property
    def files(self) -> Files:
        """What is here, but for what is not versioned."""
        return {path: data for path, (_, data) in contents(self.work).items()}


@pytest.fixture
def side(work: Path, repository: Repository) -> Side:
    """An empty folder."""
    return Side(work, repository)


def test_new_changed_and_deleted_files_come(side: Side) -> None:
    """Also links, programs and files in new folders; the next version has nothing to say."""
    side.save({b"a": b"1", b"b/c": b"2", b"gone/x": b"3", b"same": b"4"})
    theirs = {b"a": b"1 and more", b"b/d/e": b"5", b"same": b"4", b"run": b"#!", b"link": b"a", b"b/c": b"2"}
    touched = side.take_in(theirs, modes={b"run": EXECUTABLE, b"link": SYMLINK})
    assert touched == {b"a", b"b/d/e", b"run", b"link", b"gone/x"}
    assert side.files == theirs
    assert os.access(side.work / "run", os.X_OK)
    assert not (side.work / "gone").exists()
    assert side.committer.commit().number is None
    assert side.committer.standing.commit == "0" * 40


def test_what_is_here_alone_goes_first(side: Side) -> None:
    """A change in no version yet, or in one that the hub does not have, is not touched, and nothing else either."""
    side.save({b"a": b"1", b"b": b"1"})
    write(side.work, {b"a": b"mine"})
    assert side.take_in({b"a": b"theirs", b"b": b"theirs"}) is None
    side.hub.problem = Unreachable("away")
    side.committer.commit()
    assert side.take_in({b"a": b"theirs", b"b": b"theirs"}) is None
    assert side.files == {b"a": b"mine", b"b": b"1"}


def test_a_version_that_the_hub_got_meanwhile_is_not_taken_back(side: Side) -> None:
    """What was asked of the hub before the newest version reached it says nothing about main's having that."""
    side.save({b"a": b"1"})
    side.known = side.committer.standing
    side.save({b"a": b"mine", b"b": b"mine"})
    assert side.take_in({b"a": b"theirs"}) is None
    assert side.files == {b"a": b"mine", b"b": b"mine"}


def test_what_a_killed_writer_left_is_in_no_version(side: Side) -> None:
    """Half a file under a name of ours is nobody's; the next time it goes, unless somebody may be writing it."""
    old, new = b".dotscience-0123456789abcdef", b"d/.dotscience-fedcba9876543210"
    side.save({b"a": b"1", old: b"half a fi", new: b"half a fi", b".dotscience-notes": b"a person's"})
    assert set(side.committer.base) == {b"a", b".dotscience-notes"}
    os.utime(side.work / os.fsdecode(old), (1, 1))
    side.take_in({b"a": b"2", b".dotscience-notes": b"a person's"})
    assert side.files == {b"a": b"2", new: b"half a fi", b".dotscience-notes": b"a person's"}


def test_a_kill_while_the_new_base_is_written_leaves_the_old_one(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files and version are of one another: what had come is a change that the next version has."""
    side.save({b"a": b"1"})
    before = side.committer.standing

    def kill(path: Path, target: Path) -> Path:
        if path.name == "log.new":
            raise KeyboardInterrupt
        return real(path, target)

    real = Path.replace
    monkeypatch.setattr(Path, "replace", kill)
    with pytest.raises(KeyboardInterrupt):
        side.take_in({b"a": b"1", b"b": b"theirs"})
    monkeypatch.undo()
    again = QueuedCommitter(side.work, side.work.parent / "state", remote=side.hub, record=side.hub.record)
    assert again.standing == before
    assert set(again.base) == {b"a"}
    assert again.commit().new == {b"b"}


def test_a_file_with_changes_in_an_editor_is_spared(side: Side) -> None:
    """Then nothing is taken in, the message names it, and what theirs leave alone is no hindrance."""
    side.save({b"a": b"1", b"b": b"1"})
    with pytest.raises(Conflict, match="a has changes here that are not saved") as refused:
        side.take_in({b"a": b"theirs", b"b": b"theirs"}, [b"a"])
    assert (refused.value.code, refused.value.detail) == ("unsaved", {"paths": ["a"]})
    assert side.files == {b"a": b"1", b"b": b"1"}
    assert side.take_in({b"a": b"1", b"b": b"theirs"}, [b"a"]) == {b"b"}


@pytest.mark.parametrize("moment", ["changed", "deleted", "new"])
def test_a_program_that_writes_at_this_moment_wins(side: Side, moment: str) -> None:
    """What it wrote stays, and becomes a version with the files that had come by then."""
    side.save({b"b": b"1", b"a": b"1"})

    def before(path: str) -> None:
        if moment == "new" and path == "c":
            write(side.work, {b"c": b"mine"})
        if moment == "changed" and path == "b":
            write(side.work, {b"b": b"mine"})
        if moment == "deleted" and path == "b":
            (side.work / "b").unlink()

    with pytest.raises(ContentChanged, match="at this very moment"):
        side.take_in({b"a": b"theirs", b"b": b"theirs", b"c": b"theirs"}, before=before)
    kept = {"changed": b"mine", "deleted": None, "new": b"theirs"}[moment]
    assert side.files.get(b"b") == kept
    assert side.files.get(b"c") == (b"mine" if moment == "new" else None)
    assert side.files[b"a"] == b"theirs"
    assert not [path for path in side.files if path.startswith(b".dotscience-")]
    assert side.committer.commit().number is not None


def test_a_hub_that_goes_away_in_the_middle_leaves_whole_files(side: Side) -> None:
    """What came by then is whole; the next attempt brings the rest."""
    side.save({b"a": b"1", b"b": b"1"})

    def before(path: str) -> None:
        if path == "b":
            raise Unreachable("away")

    with pytest.raises(Unreachable):
        side.take_in({b"a": b"theirs", b"b": b"theirs"}, before=before)
    assert side.files == {b"a": b"theirs", b"b": b"1"}
    side.committer.commit()
    side.committer.ship()
    main = git(side.hub.repository.git_folder, "cat-file", "blob", "main:a")
    assert main == b"theirs"
    assert side.take_in({b"a": b"theirs", b"b": b"theirs"}) == {b"b"}


def test_nobody_pushes_into_what_the_folder_keeps_for_itself(side: Side) -> None:
    """Its binding, JupyterLab's checkpoints and mounted datasets are not written, whatever main has there."""
    write(side.work, {b".dotscience/project.json": b"ours", b"data/x": b"mounted"})
    side.save({b"a": b"1"})
    before = side.files
    theirs = {b".dotscience/project.json": b"evil", b"d/.ipynb_checkpoints/n": b"evil", b"data/x": b"evil", b"a": b"1"}
    assert side.take_in(theirs) == set()
    assert side.files == before
    assert side.committer.commit().number is None


def test_no_link_leads_out_of_the_folder(side: Side, tmp_path: Path) -> None:
    """A folder that is a link by now is an error, and what it leads to is left alone."""
    outside = tmp_path / "outside"
    outside.mkdir()
    side.save({b"a": b"1"})
    (side.work / "way").symlink_to(outside)
    side.save({})
    with pytest.raises((WorkspaceError, Conflict)):
        side.take_in({b"a": b"1", b"way": str(outside).encode(), b"way/x": b"evil"}, modes={b"way": SYMLINK})
    assert list(outside.iterdir()) == []


def test_what_cannot_be_versioned_is_not_written_over(side: Side) -> None:
    """A named pipe here, and a file of that name on main."""
    side.save({b"a": b"1"})
    os.mkfifo(side.work / "pipe")
    with pytest.raises(Conflict, match="pipe stands where something is that cannot be versioned") as refused:
        side.take_in({b"a": b"theirs", b"pipe": b"theirs"})
    assert refused.value.code == "in_the_way"
    assert (side.work / "a").read_bytes() == b"1"
