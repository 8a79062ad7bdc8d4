"""A runner keeps within its size: what was not used for longest goes, never what is in use, and tasks are told why."""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import pytest
from dotscience_runner.agent.disk import Disk
from dotscience_runner.agent.journal import Journal
from dotscience_runner.agent.room import Room
from dotscience_runner.agent.spool import Phase, Spool
from dotscience_runner.agent.wishes import Wishes
from dotscience_runner.repository import Cancelled
from dotscience_runner.storage import Need, NoRoom, Storage
from dotscience_runner.storage.ballast import PIECES, Ballast
from dotscience_runner.storage.sizes import disk_usage, in_words

from jupyter_dotscience.api import protocol, tasks
from jupyter_dotscience.api.datasets import DatasetMount
from jupyter_dotscience.api.ids import new_id
from tests.runner.conftest import AgentProcess

MakeAgent = Callable[..., AgentProcess]
MB = 10**6


class Contents:
    """A source of large contents, each made of its first byte."""

    def __init__(self) -> None:
        self.by_hash: dict[str, bytes] = {}

    def add(self, data: bytes) -> str:
        sha256 = hashlib.sha256(data).hexdigest()
        self.by_hash[sha256] = data
        return sha256

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        yield self.by_hash[sha256][start:]


class Rig:
    """A disk with things on it."""

    def __init__(self, folder: Path, limit: int) -> None:
        self.limit = limit
        self.spool = Spool(folder)
        self.disk = Disk(self.spool, limit)
        self.source = Contents()

    @property
    def storage(self) -> Storage:
        return self.disk.storage

    def restart(self) -> None:
        """As the next agent."""
        self.spool.close()
        self.spool = Spool(self.spool.root)
        self.disk = Disk(self.spool, self.limit)

    def object(self, size: int, used: float) -> Path:
        """A large content that was used at a time."""
        data = os.urandom(size)
        sha256 = self.source.add(data)
        with Path(os.devnull).open("wb") as sink:
            self.disk.objects.copy(sha256, size, sink.fileno(), self.source)
        path = self.spool.objects / sha256[:2] / sha256[2:]
        os.utime(path, (used, used))
        return path

    def mirror(self, size: int, used: float) -> tuple[str, Path]:
        project = new_id()
        packs = self.spool.git / f"{project}.git" / "objects" / "pack"
        packs.mkdir(parents=True)
        (packs / "pack-1.pack").write_bytes(os.urandom(size))
        os.utime(packs.parent.parent, (used, used))
        return project, packs.parent.parent

    def checkout(self, size: int, used: float, large: bytes = b"") -> tuple[str, str, Path]:
        """A dataset's, with a small file, and a large one that it shares with the cache."""
        dataset, commit = new_id(), hashlib.sha1(os.urandom(9)).hexdigest()

        def fill(tree: Path) -> None:
            tree.mkdir()
            (tree / "small").write_bytes(os.urandom(size))
            if large:
                fd = os.open(tree, os.O_RDONLY)
                assert self.disk.objects.link(self.source.add(large), len(large), fd, b"large", self.source)
                os.close(fd)

        self.disk.checkouts.make(dataset, commit, fill, lambda: None)
        place = self.spool.datasets / dataset / commit
        os.utime(place, (used, used))
        return dataset, commit, place

    def task(self, project: str | None = None, mounts: list[DatasetMount] | None = None) -> str:
        assignment = protocol.Assignment(
            task=new_id(),
            project=project or new_id(),
            fence=1,
            attempt=1,
            workload=tasks.CommandWorkload(command=["x"]),
            resources=tasks.Resources(),
            commit=None,
            task_token="t",
            git_path="/p.git",
            large_file_threshold=10,
            author="ada",
            project_name="p",
            datasets=mounts or [],
        )
        self.spool.create(assignment)
        return assignment.task


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A runner of 10 MB."""
    made = Rig(tmp_path / "spool", 10 * MB)
    yield made
    made.spool.close()


def mount(dataset: str, commit: str | None) -> DatasetMount:
    return DatasetMount(dataset=dataset, name="d", path="d", commit=commit, git_path="/d.git")


def need(size: int, key: str = "w", what: str = "its workspace") -> Need:
    return Need(key, what, size)


def test_what_was_not_used_for_longest_goes_first(rig: Rig) -> None:
    """Whatever kind it is of; and only as much as has to."""
    things = [
        rig.object(2 * MB, 400),
        rig.mirror(2 * MB, 200)[1],
        rig.checkout(2 * MB, 100)[2],
        rig.object(2 * MB, 300),
    ]
    rig.storage.reserve("t", [need(5 * MB)])
    assert [thing.exists() for thing in things] == [True, False, False, True]
    rig.storage.reserve("t", [need(7 * MB)])
    assert [thing.exists() for thing in things] == [True, False, False, False]


def test_what_a_task_uses_never_goes(rig: Rig) -> None:
    """Its project's history, its datasets with their large contents: also for the next agent, and when it is oldest."""
    large = os.urandom(2 * MB)
    dataset, commit, place = rig.checkout(MB, 1, large)
    project, mirror = rig.mirror(MB, 2)
    rig.task(project, [mount(dataset, commit)])
    newer = rig.object(MB, 1000)
    for _ in range(2):
        with pytest.raises(NoRoom):
            rig.storage.reserve("t", [need(9 * MB)])
        assert (place / "tree" / "large").read_bytes() == large
        assert mirror.exists()
        assert not newer.exists()
        rig.restart()


def test_a_removed_checkout_frees_its_large_contents(rig: Rig) -> None:
    """They are in the cache, where nothing could go while the checkout had them."""
    _, _, place = rig.checkout(1000, 1, os.urandom(6 * MB))
    rig.storage.reserve("t", [need(9 * MB)])
    assert not place.exists()
    assert list(rig.spool.objects.glob("[0-9a-f][0-9a-f]/*")) == []


def test_a_datasets_history_is_needed_until_the_task_is_prepared(rig: Rig) -> None:
    """Afterwards its checkout is all that counts."""
    dataset, mirror = rig.mirror(2 * MB, 1)
    task = rig.task(mounts=[mount(dataset, "a" * 40)])
    with pytest.raises(NoRoom):
        rig.storage.reserve(task, [need(9 * MB)])
    assert mirror.exists()
    record = rig.spool.folder(task).load()
    record.phase = Phase.STARTED
    rig.spool.folder(task).save(record)
    rig.storage.reserve(task, [need(9 * MB)])
    assert not mirror.exists()


def test_contents_that_a_task_waits_for_stay(rig: Rig) -> None:
    """Those it will link are here, and room is not made of them."""
    held = rig.object(4 * MB, 1)
    sha256 = held.parent.name + held.name
    rig.storage.reserve("t", [Need("d", "the dataset d", 5 * MB, frozenset({sha256}))])
    assert held.exists()
    with pytest.raises(NoRoom):
        rig.storage.reserve("u", [need(2 * MB)])
    assert held.exists()
    rig.storage.settle("t")
    rig.storage.reserve("u", [need(7 * MB)])
    assert not held.exists()


def test_what_never_fits_says_how_much_and_what_to_do(rig: Rig) -> None:
    """Needs, limit and the command that helps."""
    needs = [need(3 * MB), need(9 * MB, "d", "the dataset housing")]
    with pytest.raises(NoRoom) as caught:
        rig.storage.reserve("t", needs)
    assert not caught.value.passing
    said = str(caught.value)
    assert "needs 12 MB on the runner (its workspace 3 MB, the dataset housing 9 MB)" in said
    assert "it may use 10 MB" in said
    assert "ds runner create -s 1)" in said


def test_what_fits_later_waits_for_other_tasks(rig: Rig) -> None:
    """Room that another task has, or was promised, comes back."""
    rig.storage.reserve("first", [need(6 * MB)])
    with pytest.raises(NoRoom) as caught:
        rig.storage.reserve("second", [need(6 * MB, "w2")])
    assert caught.value.passing
    rig.storage.settle("first")
    rig.storage.reserve("second", [need(6 * MB, "w2")])


@pytest.mark.parametrize("how", ["room", "stop"])
def test_a_task_waits_for_room_and_says_so(rig: Rig, how: str) -> None:
    """Until another task leaves it, or the task is stopped."""
    rig.storage.reserve("first", [need(8 * MB)])
    told, wishes = threading.Event(), Wishes()
    journal = Journal(rig.spool.folder(rig.task()))
    room = Room(rig.storage, "second", journal, lambda _: told.set(), wishes)
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(room.make, 8 * MB, [])
        assert told.wait(30)
        assert not future.done()
        if how == "room":
            rig.storage.settle("first")
            future.result(30)
        else:
            wishes.ask_stop()
            with pytest.raises(Cancelled):
                future.result(30)
    [(_, batch)] = journal.spool.read(None, 0)
    assert batch.entries[0][2] == b"Waiting until other tasks of this runner leave room on its disk.\n"
    journal.close()


def test_tasks_that_wait_for_room_do_not_wait_for_each_other(rig: Rig) -> None:
    """When nobody else is there to leave room, there will be none."""
    for name, preparing in (("first", True), ("second", True), ("runs", False)):
        folder = rig.spool.root / "tasks" / name
        folder.mkdir()
        (folder / "record").write_bytes(os.urandom(9 * MB if name == "runs" else 9000))
        rig.storage.tasks.add(name, folder, lambda _: None, preparing=preparing)
    rig.storage.tasks.measure()
    assert [_passing(rig, name) for name in ("first", "second")] == [True, True]
    rig.storage.tasks.drop("runs")
    rig.limit = rig.storage.limit = 4 * MB
    assert [_passing(rig, name) for name in ("first", "second")] == [False, False]


def _passing(rig: Rig, task: str) -> bool:
    with pytest.raises(NoRoom) as caught:
        rig.storage.reserve(task, [need(4 * MB, task)])
    return caught.value.passing


def test_two_tasks_need_the_same_dataset_once(rig: Rig) -> None:
    """They wait for one download."""
    for task in ("first", "second"):
        rig.storage.reserve(task, [need(6 * MB, "d@1", "the dataset d")])
    rig.storage.settle("first")
    assert rig.storage.used() >= 6 * MB
    rig.storage.settle("second")
    assert rig.storage.used() < MB


def test_what_has_arrived_is_not_promised_any_more(rig: Rig) -> None:
    """Otherwise it would count twice."""
    rig.storage.reserve("t", [need(6 * MB, "d@1")])
    rig.object(4 * MB, 1)
    rig.storage.arrived("d@1", 4 * MB)
    assert 6 * MB <= rig.storage.used() < 6.1 * MB


def test_a_download_makes_room_by_itself(rig: Rig) -> None:
    """Large contents of a workspace: as much as comes goes."""
    old = rig.object(6 * MB, 1)
    rig.object(6 * MB, 2)
    assert not old.exists()


def test_checkouts_are_made_once_by_whoever_comes_first(rig: Rig) -> None:
    """Others wait; one that fails leaves nothing, and the next tries."""
    dataset, commit = new_id(), "a" * 40
    made: list[int] = []
    gate = threading.Event()

    def fill(tree: Path) -> None:
        gate.wait(30)
        made.append(1)
        if len(made) == 1:
            raise RuntimeError("broken")
        tree.mkdir()
        (tree / "f").write_text("x")

    def make() -> None:
        try:
            rig.disk.checkouts.make(dataset, commit, fill, lambda: None)
        except RuntimeError:
            made.append(0)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    gate.set()
    for thread in threads:
        thread.join()
    assert sorted(made) == [0, 1, 1]
    assert [path.name for path in (rig.spool.datasets / dataset).iterdir()] == [commit]
    tree = rig.disk.checkouts.tree(dataset, commit)
    assert (tree.stat().st_mode & 0o777, (tree / "f").stat().st_mode & 0o777) == (0o555, 0o444)


def test_a_checkout_that_is_being_made_is_not_removed(rig: Rig) -> None:
    """Nor one that a task has taken up since somebody looked."""
    dataset, commit, place = rig.checkout(1000, 1)
    assert not rig.disk.checkouts.remove(place, lambda: True)
    entered, gate = threading.Event(), threading.Event()

    def fill(tree: Path) -> None:
        entered.set()
        gate.wait(30)
        tree.mkdir()

    other = new_id()
    thread = threading.Thread(target=rig.disk.checkouts.make, args=(other, commit, fill, lambda: None))
    thread.start()
    assert entered.wait(30)
    assert not rig.disk.checkouts.remove(rig.spool.datasets / other / commit, lambda: False)
    gate.set()
    thread.join()
    assert rig.disk.checkouts.has(other, commit)
    assert rig.disk.checkouts.remove(place, lambda: False)
    assert not (rig.spool.datasets / dataset).exists()


def test_remains_of_a_killed_agent_are_removed(rig: Rig) -> None:
    """Checkouts that were under way, or half removed."""
    dataset, _, place = rig.checkout(1000, 1)
    torn = place.with_name(".new-1") / "tree"
    torn.mkdir(parents=True)
    torn.chmod(0o555)
    grave = rig.spool.git / ".removed-1"
    grave.mkdir()
    rig.restart()
    assert [path.name for path in (rig.spool.datasets / dataset).iterdir()] == [place.name]
    assert not grave.exists()


def test_a_mirror_at_work_is_not_removed(rig: Rig) -> None:
    """Somebody fetches into it: its lock says so."""
    _, folder = rig.mirror(9 * MB, 1)
    lock = os.open(folder.with_name(folder.name + ".lock"), os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    with pytest.raises(NoRoom):
        rig.storage.reserve("t", [need(9 * MB)])
    assert folder.exists()
    os.close(lock)
    rig.storage.reserve("t", [need(9 * MB)])
    assert not folder.exists()


def test_the_size_of_a_folder_is_what_it_takes(tmp_path: Path) -> None:
    """Blocks, not lengths; a file with two names once; links are not followed."""
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "f").write_bytes(os.urandom(3 * MB))
    os.link(tmp_path / "deep" / "er" / "f", tmp_path / "g")
    with (tmp_path / "sparse").open("wb") as file:
        file.truncate(1 << 40)
    (tmp_path / "link").symlink_to("/")
    assert 3 * MB <= disk_usage(tmp_path, 60) < 3.2 * MB


@pytest.mark.parametrize(
    ("count", "words"), [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (10**10, "10 GB"), (2e12, "2 TB")]
)
def test_sizes_are_told_in_units_of_disks(count: float, words: str) -> None:
    """1 GB is 10^9 bytes, as in `ds runner create -s`."""
    assert in_words(count) == words


def test_the_largest_task_is_ended_when_the_size_is_exceeded(rig: Rig) -> None:
    """Once; what can go has gone before; others go on."""
    said: dict[str, str] = {}
    old = rig.object(3 * MB, 1)
    for name, size in (("small", MB), ("large", 12 * MB)):
        folder = rig.spool.root / "tasks" / name
        folder.mkdir()
        rig.storage.tasks.add(name, folder, partial(said.__setitem__, name))
        rig.storage.tasks.begin(name, 0)
        (folder / "f").write_bytes(os.urandom(size))
    for _ in range(3):
        rig.disk.watch.look()
    assert not old.exists()
    assert list(said) == ["large"]
    assert "its files had grown to 12 MB and this runner may use 10 MB of its disk" in said["large"]
    assert "ds runner create -s" in said["large"]


def test_the_ballast_is_laid_once_and_given_back_piece_by_piece(tmp_path: Path) -> None:
    """It takes room on the disk; at the end of a block at least one piece is gone."""
    ballast = Ballast(tmp_path / "ballast")
    for _ in range(2):
        ballast.lay()
    assert len(list((tmp_path / "ballast").iterdir())) == PIECES
    with ballast.dropped():
        pass
    assert len(list((tmp_path / "ballast").iterdir())) == PIECES - 1
    ballast.lay()
    assert len(list((tmp_path / "ballast").iterdir())) == PIECES


def test_a_record_without_what_is_new_is_read(rig: Rig) -> None:
    """An agent goes on with tasks of the version before it."""
    task = rig.task()
    path = rig.spool.folder(task).path / "task.json"
    old = msgspec.json.decode(path.read_bytes())
    del old["full"], old["assignment"]["datasets"]
    path.write_bytes(msgspec.json.encode(old))
    assert [record.full for record in rig.spool.records()] == [""]
