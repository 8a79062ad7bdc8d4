"""What is left when processes, servers and buckets go away at the wrong moment: nothing half, nothing twice."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from dotscience_hub.datasets.large import PART_BYTES
from dotscience_hub.datasets.syncs import CRASHES, Syncs
from dotscience_hub.store import manifest, versions
from dotscience_hub.store import syncs as rows

from tests.hub.datasets.proxy import Dropped, Gate, Proxy, Seen
from tests.hub.datasets.site import THRESHOLD, Site, until
from tests.require import require
from tests.services.process import free_port
from tests.services.s3 import find_rclone, serving

pytestmark = [pytest.mark.s3, pytest.mark.thorough]
SMALL = {f"s{number:03}": b"%d" % number for number in range(60)}


def _child(syncs: Syncs) -> int:
    """Process id of the one synchronisation that runs."""
    while not (found := _children(syncs)):
        time.sleep(0.02)
    return found[0]


def _children(syncs: Syncs) -> list[int]:
    return [child.process.pid for child in list(syncs._children.values())]


def _noted(site: Site, dataset: str) -> set[str]:
    with site.database.read() as session:
        return set(manifest.load(session, dataset))


def test_small_objects_that_were_noted_are_not_fetched_again(site: Site, proxy: Proxy) -> None:
    """After a kill -9 of its process a round goes on by itself, and fetches what is not in the manifest only."""
    site.fill(SMALL)
    gate = Gate(lambda seen: seen.key == "s059")
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        assert gate.reached.wait(30)
        until(lambda: len(_noted(site, dataset)) == 59)
        os.kill(_child(syncs), signal.SIGKILL)
        gate.opened.set()
        site.settle(syncs, dataset)
    assert site.source(dataset).state == "ready"
    assert site.files(dataset) == SMALL
    times = Counter(seen.key for seen in proxy.fetched())
    assert times == Counter({**dict.fromkeys(SMALL, 1), "s059": 2})
    assert len(site.history(dataset)) == 1


def test_parts_of_a_large_object_that_were_noted_are_not_fetched_again(small_site: Site, proxy: Proxy) -> None:
    """After a kill -9 the parts of a large object that were on the disk stay; the object is whole in the end."""
    site, large = small_site, random.randbytes(3 * PART_BYTES + 5)
    site.fill({"large": large})
    last = 3 * PART_BYTES
    gate = Gate(lambda seen: seen.start == last)
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        assert gate.reached.wait(30)
        until(lambda: site.source(dataset).bytes_done == last)
        os.kill(_child(syncs), signal.SIGKILL)
        gate.opened.set()
        site.settle(syncs, dataset)
    assert site.files(dataset) == {"large": large}
    assert Counter(seen.start for seen in proxy.fetched()) == {0: 1, PART_BYTES: 1, 2 * PART_BYTES: 1, last: 2}
    assert [path.name for path in (site.folder / "objects" / "tmp" / "datasets" / dataset).iterdir()] == ["lock"]


def test_kills_at_any_moment_leave_a_whole_version(site: Site) -> None:
    """However often and whenever its process is killed: in the end there is the whole bucket, in one commit."""
    objects = {**SMALL, "large/a": random.randbytes(PART_BYTES + 1), "large/b": random.randbytes(2 * THRESHOLD)}
    site.fill(objects)
    chance = random.Random(3)
    with site.syncs() as syncs:
        dataset = site.dataset()
        for _ in range(5):
            syncs.request(dataset)
            pid = _child(syncs)
            time.sleep(chance.uniform(0.3, 2.5))  # any moment of its life is wanted: there is nothing to wait for
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        site.settle(syncs, dataset)
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == objects
    assert len(site.history(dataset)) == 1
    site.fsck(dataset)


def test_a_round_whose_process_always_dies_fails(small_site: Site, proxy: Proxy) -> None:
    """A process that is killed again and again is not started for ever: the round fails, and says so."""
    site = small_site
    site.fill({"a": b"1"})
    gate = Gate(lambda seen: seen.is_list)
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        killed: set[int] = set()
        while len(killed) < CRASHES:
            pid = _child(syncs)
            if pid not in killed:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        until(lambda: site.source(dataset).state == "failed")
    gate.opened.set()
    assert "killed 3 times" in site.source(dataset).message


_SERVICE = """
import sys, time, msgspec
from dotscience_hub.datasets.place import Place
from dotscience_hub.datasets.syncs import Syncs
from dotscience_hub.store.database import Database
place = msgspec.json.decode(sys.stdin.readline(), type=Place)
syncs = Syncs(Database(place.db_url), place, lambda dataset: None)
syncs.start()
syncs.request(sys.argv[1])
print("asked", flush=True)
time.sleep(600)
"""


@contextlib.contextmanager
def _service(site: Site, dataset: str) -> Iterator[subprocess.Popen[bytes]]:
    """A service in a process of its own, that was asked for the dataset."""
    command = [sys.executable, "-c", _SERVICE, dataset]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(site.place) + b"\n")
        process.stdin.flush()
        assert process.stdout.readline() == b"asked\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_killed_service_takes_its_processes_with_it(site: Site, proxy: Proxy) -> None:
    """When the service is killed with -9 its synchronisation ends too, and the next service begins it anew."""
    site.fill({"a": b"1"})
    gate = Gate(lambda seen: seen.key == "a")
    proxy.before = gate
    dataset = site.dataset()
    with _service(site, dataset) as process:
        assert gate.reached.wait(30)
        tasks = Path(f"/proc/{process.pid}/task").iterdir()
        [child] = [child for task in tasks for child in task.joinpath("children").read_text().split()]
        process.kill()
    until(lambda: not Path(f"/proc/{child}").exists())
    until(lambda: site.source(dataset).state == "waiting")
    gate.opened.set()
    with site.syncs() as syncs:
        site.settle(syncs, dataset)
        until(lambda: site.ended == [dataset])
    assert site.files(dataset) == {"a": b"1"}
    assert proxy.lists() == 2


def test_a_round_without_life_is_taken_over(small_site: Site, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """A round whose machine is gone, so that nobody gives it back, begins anew elsewhere."""
    monkeypatch.setattr("dotscience_hub.datasets.syncs.DEAD_SECONDS", 2.0)
    site = small_site
    site.fill({"a": b"1"})
    dataset = site.dataset()
    with site.database.write() as session:
        rows.request(session, dataset, site.row(dataset).created)
        assert rows.claim(session, dataset, "dead", site.row(dataset).created)
    with site.syncs() as syncs:
        site.settle(syncs, dataset)
    assert site.source(dataset).state == "ready"


def test_two_services_do_a_dataset_once(site: Site, proxy: Proxy) -> None:
    """Of two services that were asked at once one synchronises, at no time both; both are told."""
    site.fill(SMALL)
    gate = Gate(lambda seen: seen.key == "s000")
    proxy.before = gate
    other = Site(site.folder, site.database, site.server, site.endpoint, site.place)
    with site.syncs() as one, other.syncs() as two:
        dataset = site.dataset()
        one._watch([dataset])
        two._watch([dataset])
        one.request(dataset)
        two.request(dataset)
        assert gate.reached.wait(30)
        until(lambda: len(one._children) + len(two._children) == 1)
        assert proxy.lists() == 1
        gate.opened.set()
        site.settle(one, dataset)
        site.settle(two, dataset)
        until(lambda: bool(site.ended) and bool(other.ended))
    assert site.files(dataset) == SMALL
    assert Counter(seen.key for seen in proxy.fetched()) == dict.fromkeys(SMALL, 1)


def test_closing_the_service_keeps_the_work(small_site: Site, proxy: Proxy) -> None:
    """A service that ends gives its rounds back at once; what they had fetched is not fetched again."""
    site = small_site
    site.fill(SMALL)
    gate = Gate(lambda seen: seen.key == "s059")
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        until(lambda: len(_noted(site, dataset)) == 59)
    assert site.source(dataset).state == "waiting"
    gate.opened.set()
    with site.syncs() as syncs:
        site.settle(syncs, dataset)
    assert site.files(dataset) == SMALL
    assert Counter(seen.key for seen in proxy.fetched()) == {**dict.fromkeys(SMALL, 1), "s059": 2}


def test_broken_connections_are_tried_again(small_site: Site, proxy: Proxy) -> None:
    """Connections that break now and then harm nothing."""
    site, chance = small_site, random.Random(5)
    site.fill(SMALL)

    def drop(_: Seen) -> None:
        if chance.random() < 0.2:
            raise Dropped

    proxy.before = drop
    with site.syncs() as syncs:
        dataset = site.dataset()
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == SMALL


def test_a_server_that_dies_under_way(small_site: Site, proxy: Proxy, tmp_path: Path) -> None:
    """When the server is killed the round fails in a sentence, without a commit; back again, it is gone on with."""
    rclone = find_rclone()
    assert rclone is not None
    site, port, pair = small_site, free_port(), (small_site.server.key, small_site.server.secret)
    (tmp_path / "root" / "data").mkdir(parents=True)
    for key, content in SMALL.items():
        (tmp_path / "root" / "data" / key).write_bytes(content)
    proxy.backend = f"http://127.0.0.1:{port}"
    gate = Gate(lambda seen: seen.key == "s059")
    proxy.before = gate
    with site.syncs() as syncs:
        with serving(rclone, tmp_path, port=port, pair=pair) as running:
            dataset = site.dataset(bucket="data")
            syncs.request(dataset)
            until(lambda: len(_noted(site, dataset)) == 59)
            running.process.kill()
        gate.opened.set()
        site.settle(syncs, dataset)
        failed = site.source(dataset)
        assert failed.state == "failed"
        assert failed.message.startswith(f"{proxy.endpoint} does not answer as it should: ")
        assert site.history(dataset) == []
        proxy.seen.clear()
        with serving(rclone, tmp_path, port=port, pair=pair):
            assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == SMALL
    assert [seen.key for seen in proxy.fetched()] == ["s059"]


def test_a_bucket_that_vanishes_under_way(small_site: Site, proxy: Proxy) -> None:
    """When the bucket is removed the round fails and says so; the version from before stays the newest."""
    site = small_site
    site.fill({"a": b"1"})
    with site.syncs() as syncs:
        dataset = site.dataset()
        site.synchronise(syncs, dataset)
        head = site.row(dataset).head
        site.fill({"b": b"2"})
        proxy.before = lambda seen: site.remove_bucket() if seen.key == "b" else None
        row = site.synchronise(syncs, dataset)
    assert [seen.key for seen in proxy.fetched()] == ["a", "b"]
    assert row.state == "failed"
    assert row.message == f"There is no bucket {site.server.bucket} at {proxy.endpoint}."
    assert site.row(dataset).head == head
    assert site.files(dataset) == {"a": b"1"}


def test_an_object_whose_answer_never_comes(small_site: Site, proxy: Proxy) -> None:
    """When one object hangs the round fails and says so, without a commit; what had come is not fetched again."""
    site = small_site
    site.place = msgspec.structs.replace(site.place, read=1.0)
    site.fill(SMALL)
    gate = Gate(lambda seen: seen.key == "s030")
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        row = site.synchronise(syncs, dataset)
        assert row.state == "failed"
        assert row.message.startswith(f"{proxy.endpoint} does not answer as it should: ")
        assert row.message.endswith(": its answer did not come within 1 seconds.")
        assert site.history(dataset) == []
        times = Counter(seen.key for seen in proxy.fetched())
        assert times.pop("s030") > 1
        assert times == dict.fromkeys(SMALL.keys() - {"s030"}, 1)
        proxy.seen.clear()
        gate.opened.set()
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == SMALL
    assert [seen.key for seen in proxy.fetched()] == ["s030"]


def test_what_an_older_backup_lacks_is_fetched_again(small_site: Site, proxy: Proxy) -> None:
    """When the repository is gone, or an object is not the dataset's any more, the next round brings both back."""
    site = small_site
    objects = {"a": b"1", "b": b"2", "large": random.randbytes(THRESHOLD + 1)}
    site.fill(objects)
    with site.syncs() as syncs:
        dataset = site.dataset()
        site.synchronise(syncs, dataset)
        site.settle(syncs, dataset)
        with site.hub() as hub:
            shutil.rmtree(hub.commits.repositories.path(dataset))
        with site.database.write() as session:
            versions.delete_project(session, dataset)
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == objects
    assert Counter(seen.key for seen in proxy.fetched()) == dict.fromkeys(objects, 2)


@pytest.fixture
def little_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    folder = tmp_path / "data"
    folder.mkdir()
    command: list[str | Path] = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", folder]
    done = subprocess.run(command, capture_output=True, check=False)
    require(done.returncode == 0, "the right to mount a file system")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_full_disk_is_told(small_site: Site, little_disk: Path) -> None:
    """When the hub's disk is full the round fails and says so, before or while it fetches."""
    site = small_site
    site.fill({f"small/{number}": random.randbytes(THRESHOLD) for number in range(30)})
    site.fill({"large/a": random.randbytes(25 * THRESHOLD)})
    with site.syncs() as syncs:
        small, large = site.dataset(prefix="small/"), site.dataset(prefix="large/")
        row = site.synchronise(syncs, large)
        assert (row.state, row.message.partition(",")[0]) == ("failed", "0.03 GB are to be fetched")
        row = site.synchronise(syncs, small)
        assert (row.state, row.message) == ("failed", "The hub's disk is full: tell its administrator.")
    assert site.history(small) == []


def test_a_quota_is_kept(small_site: Site) -> None:
    """Large objects beyond what a dataset may have are not fetched at all."""
    site = small_site
    site.place = msgspec.structs.replace(site.place, quota=3 * THRESHOLD)
    site.fill({"a": b"1" * 2 * THRESHOLD, "b": b"2" * 2 * THRESHOLD})
    with site.syncs() as syncs:
        dataset = site.dataset()
        row = site.synchronise(syncs, dataset)
    assert row.state == "failed"
    assert "0.00 GB are allowed" in row.message
    assert site.history(dataset) == []


def test_a_deleted_dataset_is_forgotten(small_site: Site, proxy: Proxy) -> None:
    """Of a dataset that is deleted while it is synchronised nothing is left: no process, no unfinished download."""
    site = small_site
    site.fill({"large": random.randbytes(PART_BYTES + 5)})
    gate = Gate(lambda seen: seen.start == PART_BYTES)
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        assert gate.reached.wait(30)
        pid = _child(syncs)
        with site.database.write() as session:
            session.delete(site.source(dataset))
            session.flush()
            session.delete(site.row(dataset))
        syncs.forget(dataset)
        assert not Path(f"/proc/{pid}").exists()
        gate.opened.set()
    assert not (site.folder / "objects" / "tmp" / "datasets" / dataset).exists()


def test_the_secret_is_nowhere_to_be_read(small_site: Site, proxy: Proxy, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the process's command line and environment nor messages and logs have the secret key."""
    site = small_site
    site.server = replace(site.server, secret="s3cr3t-of-mine")
    site.fill({"a": b"1"})
    gate = Gate(lambda seen: seen.is_list)
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        assert gate.reached.wait(30)
        process = Path(f"/proc/{_child(syncs)}")
        assert b"s3cr3t" not in process.joinpath("cmdline").read_bytes() + process.joinpath("environ").read_bytes()
        gate.opened.set()
        site.settle(syncs, dataset)
    row = site.source(dataset)
    assert row.message == f"The secret access key is not the one that belongs to the access key {site.server.key}."
    assert "s3cr3t" not in "".join(capfd.readouterr())
