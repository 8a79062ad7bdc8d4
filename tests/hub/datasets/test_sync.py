"""Datasets against real S3 servers, each round in a process of its own."""

from __future__ import annotations

import os

import pytest
from dotscience_hub.datasets.large import PART_BYTES
from dotscience_hub.store import changes, manifest
from dotscience_hub.store.telling import Told

from jupyter_dotscience.api.changes import Notice, NoticeKind
from tests.hub.datasets.proxy import Gate, Proxy, Seen
from tests.hub.datasets.site import THRESHOLD, Site

pytestmark = pytest.mark.s3


def _put(site: Site, objects: dict[str, bytes]) -> None:
    for key, content in objects.items():
        site.client.put_object(Bucket=site.server.bucket, Key=key, Body=content)


def _delete(site: Site, *keys: str) -> None:
    for key in keys:
        site.client.delete_object(Bucket=site.server.bucket, Key=key)


def test_a_bucket_becomes_a_version(site: Site) -> None:
    """Small and large objects of a bucket are the files of one commit, whose message tells how many."""
    objects = {"a.txt": b"one", "deep/er/b.bin": b"\0" * 10, "deep/large": os.urandom(3 * THRESHOLD), "empty": b""}
    _put(site, objects)
    size = sum(map(len, objects.values()))
    with site.syncs() as syncs:
        dataset = site.dataset()
        done = site.synchronise(syncs, dataset)
    assert (done.state, done.message) == ("ready", "")
    assert (done.objects_done, done.objects_total) == (4, 4)
    assert done.bytes_done == done.bytes_total == size
    assert site.files(dataset) == objects
    assert site.history(dataset) == [f"Synchronise with s3://{site.server.bucket}/: +4 ~0 -0"]
    assert (site.row(dataset).files, site.row(dataset).size) == (4, size)
    assert site.ended == [dataset]


def test_what_the_process_does_is_told(site: Site) -> None:
    """That there is a version when it has ended: the process itself can tell nobody."""
    told: set[Told] = set()
    changes.connect(site.database, told.update)
    _put(site, {"a.txt": b"one"})
    with site.syncs() as syncs:
        dataset = site.dataset()
        told.clear()
        site.synchronise(syncs, dataset)
    notices = {each.notice for each in told}
    assert {Notice(kind=kind, dataset=dataset) for kind in (NoticeKind.DATASETS, NoticeKind.FILES)} <= notices


def test_only_what_changed_is_fetched(site: Site, proxy: Proxy) -> None:
    """Changed, new and re-created objects are fetched, nothing else; what is gone stays in the older version."""
    first = {"same": b"1", "changed": b"1", "gone": b"1", "large": os.urandom(THRESHOLD + 1)}
    _put(site, first)
    with site.syncs() as syncs:
        dataset = site.dataset()
        site.synchronise(syncs, dataset)
        old = site.row(dataset).head
        _put(site, {"changed": b"22", "new": b"3"})
        _delete(site, "gone")
        proxy.seen.clear()
        site.synchronise(syncs, dataset)
        assert sorted(seen.key for seen in proxy.fetched()) == ["changed", "new"]
        second = {"same": b"1", "changed": b"22", "new": b"3", "large": first["large"]}
        assert site.files(dataset) == second
        assert site.files(dataset, old) == first
        _put(site, {"gone": b"1"})
        proxy.seen.clear()
        site.synchronise(syncs, dataset)
        assert proxy.fetched() == []
        assert site.files(dataset) == {**second, "gone": b"1"}
    name = f"Synchronise with s3://{site.server.bucket}/"
    assert site.history(dataset) == [f"{name}: +1 ~0 -0", f"{name}: +1 ~1 -1", f"{name}: +4 ~0 -0"]


def test_nothing_changed_makes_no_version(small_site: Site, proxy: Proxy) -> None:
    """A round that finds the bucket as it was makes no commit, and still counts as one that succeeded."""
    site = small_site
    _put(site, {"a": b"1"})
    with site.syncs() as syncs:
        dataset = site.dataset()
        first = site.synchronise(syncs, dataset)
        second = site.synchronise(syncs, dataset)
    assert len(site.history(dataset)) == 1
    assert len(proxy.fetched()) == 1
    assert first.succeeded is not None
    assert second.succeeded is not None
    assert second.succeeded > first.succeeded
    assert (second.objects_done, second.bytes_done) == (1, 1)


def test_a_bucket_may_be_emptied(small_site: Site) -> None:
    """Of a bucket whose objects are all gone the newest version is empty; one that never had any has no version."""
    site = small_site
    with site.syncs() as syncs:
        dataset = site.dataset()
        assert site.synchronise(syncs, dataset).state == "ready"
        assert site.row(dataset).head is None
        _put(site, {"a/b": b"1"})
        site.synchronise(syncs, dataset)
        _delete(site, "a/b")
        site.synchronise(syncs, dataset)
    assert site.files(dataset) == {}
    assert [message.rpartition(" ")[2] for message in site.history(dataset)] == ["-1", "-0"]


def test_a_prefix_is_left_off(small_site: Site) -> None:
    """Only objects below the prefix are taken, and their paths begin after it."""
    site = small_site
    _put(site, {"in/a": b"1", "in/b/c": b"2", "out/a": b"3", "inside": b"4"})
    with site.syncs() as syncs:
        dataset = site.dataset(prefix="in/")
        site.synchronise(syncs, dataset)
    assert site.files(dataset) == {"a": b"1", "b/c": b"2"}


def test_many_small_and_a_large_one(small_site: Site, proxy: Proxy) -> None:
    """2,000 objects and one of 64 MB arrive whole, each fetched once."""
    site = small_site
    objects = {f"d{number % 20}/{number}": b"%d" % number * 20 for number in range(2000)}
    large = os.urandom(1 << 20) * 64
    site.fill({**objects, "large": large})
    with site.syncs() as syncs:
        dataset = site.dataset()
        done = site.synchronise(syncs, dataset)
    assert (done.state, done.objects_done) == ("ready", 2001)
    assert site.files(dataset) == {**objects, "large": large}
    assert len(proxy.fetched()) == 2000 + len(large) // PART_BYTES


def test_an_object_that_changes_under_way_is_seen(small_site: Site, proxy: Proxy) -> None:
    """An object replaced between list and fetch is in the version as it is then: the bucket is looked at again."""
    site = small_site
    _put(site, {"a": b"old", "b": b"1"})
    changed: list[Seen] = []

    def change(seen: Seen) -> None:
        if seen.key == "a" and not changed:
            changed.append(seen)
            _put(site, {"a": b"newer"})

    proxy.before = change
    with site.syncs() as syncs:
        dataset = site.dataset()
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == {"a": b"newer", "b": b"1"}
    assert len(site.history(dataset)) == 1
    assert [seen.key for seen in proxy.fetched()].count("b") == 1


def test_an_object_that_vanishes_under_way_is_left_out(small_site: Site, proxy: Proxy) -> None:
    """An object deleted between list and fetch is not in the version."""
    site = small_site
    _put(site, {"a": b"1", "b": b"2"})
    proxy.before = lambda seen: _delete(site, "a") if seen.key == "a" else None
    with site.syncs() as syncs:
        dataset = site.dataset()
        assert site.synchronise(syncs, dataset).state == "ready"
    assert site.files(dataset) == {"b": b"2"}


def test_a_request_during_a_round_makes_another(site: Site, proxy: Proxy) -> None:
    """What was asked for while a round runs is done by a round that begins after the request, and only one."""
    _put(site, {"a": b"1"})
    gate = Gate(lambda seen: seen.key == "a")
    proxy.before = gate
    with site.syncs() as syncs:
        dataset = site.dataset()
        syncs.request(dataset)
        assert gate.reached.wait(30)
        _put(site, {"b": b"2"})
        gate.opened.set()
        row = site.synchronise(syncs, dataset)
        site.settle(syncs, dataset)
    assert row.state == "ready"
    assert site.files(dataset) == {"a": b"1", "b": b"2"}
    assert proxy.lists() == 2


def test_versions_of_a_bucket_are_noted(swift_site: Site) -> None:
    """Of a bucket that keeps versions the manifest has each object's."""
    site = swift_site
    client, bucket = site.client, site.server.bucket
    client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    wanted = {key: client.put_object(Bucket=bucket, Key=key, Body=b"1" * size)["VersionId"]
              for key, size in (("small", 5), ("large", THRESHOLD + 1))}  # fmt: skip
    with site.syncs() as syncs:
        dataset = site.dataset()
        site.synchronise(syncs, dataset)
    with site.database.read() as session:
        found = manifest.load(session, dataset)
    assert {key: kept.version_id for key, kept in found.items()} == wanted


def test_hostile_keys_stay_in_their_place(swift_site: Site) -> None:
    """Keys that are no paths become files all the same, each its own, and none of them outside."""
    site = swift_site
    keys = ["../x", "./y", "a//b", "/lead", ".git/config", "a", "a/b", "c" * 300, "ctl\x01\n", "%", "%2E%2E/x",
            "%2Egit/z", "dir2/", "ü/日本", "a%~", "s p+q&<>\"'", "x/..", "*?[]", "~", "\\", "a/b/c"]  # fmt: skip
    _put(site, {key: f"v:{key}".encode() for key in keys})
    _put(site, {"dir/": b"", "x/": b""})
    with site.syncs() as syncs:
        dataset = site.dataset()
        done = site.synchronise(syncs, dataset)
    assert (done.state, done.message) == ("ready", "2 folder markers were left out.")
    files = site.files(dataset)
    assert sorted(files.values()) == sorted(f"v:{key}".encode() for key in keys)
    assert files["%2E%2E/x"] == b"v:../x"
    assert files["a/b%~"] == b"v:a/b"
    assert files["a%~"] == b"v:a"
    assert files["a/b/c"] == b"v:a/b/c"
    assert files["dir2/%"] == b"v:dir2/"
    site.fsck(dataset)
