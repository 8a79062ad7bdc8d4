"""Row 25: `ds dataset ls [-q]`."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .buckets import Bucket
from .site import Person, table

SYNC = re.compile(r"waiting to begin|listing the bucket|(\d+) of 300 objects \(\d+ %, \d+\.\d of 30\.0 MB\)|ready")


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


def test_how_much_is_downloaded_is_shown_meanwhile(person: Person, bucket: Bucket) -> None:
    """`N of M objects (P %, ...)`, until all of them are there."""
    for number in range(300):
        bucket.put(f"{number}.bin", os.urandom(100_000))
    person("dataset", "create", "s3", "--name", bucket.name, *bucket.options())
    seen = [row_of(person, bucket.name)["SYNC"]]
    while seen[-1] != "ready":
        assert SYNC.fullmatch(seen[-1]), seen
        seen.append(row_of(person, bucket.name)["SYNC"])
    done = [int(match[1]) for text in seen if (match := SYNC.fullmatch(text)) and match[1]]
    assert done == sorted(done)
    assert row_of(person, bucket.name)["FILES"] == "300"


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
