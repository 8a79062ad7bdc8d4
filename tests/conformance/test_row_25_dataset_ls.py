"""Row 25: `ds dataset ls [-q]`."""

from __future__ import annotations

import os
from pathlib import Path

from tests.hub.datasets.proxy import Gate

from .buckets import Bucket
from .site import Person, table, wait


def row_of(person: Person, name: str) -> dict[str, str]:
    [row] = [row for row in table(person("dataset", "ls")) if row["NAME"] == name]
    return row


def test_the_columns(person: Person, tmp_path: Path) -> None:
    """ID NAME TYPE SIZE FILES AGE SYNC; of files that were sent there is nothing to synchronise."""
    (tmp_path / "a").write_bytes(b"12345")
    (tmp_path / "b").write_bytes(b"6")
    dataset = person.dataset(tmp_path)
    row = row_of(person, dataset.name)
    assert list(row) == ["ID", "NAME", "TYPE", "SIZE", "FILES", "AGE", "SYNC"]
    assert (row["ID"], row["TYPE"], row["SIZE"], row["FILES"], row["SYNC"]) == (dataset.id, "files", "6 B", "2", "")
    assert row["AGE"].endswith("second") or row["AGE"].endswith("seconds")


def test_a_bucket_that_was_downloaded_is_ready(person: Person, bucket: Bucket) -> None:
    """SIZE and FILES are those of its newest version."""
    bucket.put("a.bin", b"x" * 1_200_000)
    bucket.put("b/c.bin", b"y" * 800_000)
    row = row_of(person, bucket.dataset(person).name)
    assert (row["TYPE"], row["SIZE"], row["FILES"], row["SYNC"]) == ("s3", "2.0 MB", "2", "ready")


def test_how_much_is_downloaded_is_shown_meanwhile(person: Person, gated: tuple[Bucket, Gate]) -> None:
    """So many of how many objects and bytes, until all of them are there."""
    bucket, gate = gated
    for name in ("a", "b", "c", "last"):
        bucket.put(name, os.urandom(300_000))
    person("dataset", "create", "s3", "--name", bucket.name, *bucket.options())
    shown = wait(lambda: row_of(person, bucket.name)["SYNC"], lambda words: words.startswith("3 of 4"))
    assert shown == "3 of 4 objects (75 %, 0.9 of 1.2 MB)"
    assert row_of(person, bucket.name)["FILES"] == "0"
    gate.opened.set()
    wait(lambda: row_of(person, bucket.name)["SYNC"], lambda words: words == "ready")
    assert row_of(person, bucket.name)["FILES"] == "4"


def test_a_failure_is_shown(person: Person, bucket: Bucket) -> None:
    """With its reason; what was downloaded before stays."""
    bucket.put("a", b"1")
    dataset = bucket.dataset(person)
    bucket.remove()
    assert bucket.name in person.fails("dataset", "sync", "--wait", dataset.name)
    row = row_of(person, dataset.name)
    assert row["SYNC"].startswith("failed: ")
    assert bucket.name in row["SYNC"]
    assert row["FILES"] == "1"
    assert person("dataset", "get", dataset.name, "a", "-") == "1"


def test_quiet_has_names_only_and_json_has_all(person: Person, other: Person) -> None:
    """No heading; nobody else's."""
    dataset, theirs = person.dataset(None), other.dataset(None)
    names = person("dataset", "ls", "-q").splitlines()
    assert dataset.name in names
    assert not {"NAME", theirs.name} & set(names)
    [found] = [one for one in person.json("dataset", "ls", "--output", "json") if one["id"] == dataset.id]
    assert (found["name"], found["type"], found["head"], found["files"]) == (dataset.name, "files", None, 0)
