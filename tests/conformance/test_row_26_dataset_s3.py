"""Row 26: `ds dataset create s3`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.cli.screen import Screen
from tests.hub.datasets.proxy import Gate

from .buckets import Bucket
from .site import UUID, Person

CREATE = ("dataset", "create", "s3", "--name")


def test_create_prints_the_id(person: Person, bucket: Bucket) -> None:
    """The bucket's objects become files, in the background; `ds dataset sync --wait` waits for them."""
    bucket.put("a.csv", b"1,2\n")
    bucket.put("deep/b.csv", b"3,4\n")
    made = person(*CREATE, bucket.name, *bucket.options())
    assert UUID.fullmatch(made.strip())
    person("dataset", "sync", "--wait", made.strip())
    assert person("dataset", "files", "-q", bucket.name) == "a.csv\ndeep/b.csv\n"
    assert person("dataset", "get", bucket.name, "deep/b.csv", "-") == "3,4\n"


def test_a_prefix_limits_it(person: Person, bucket: Bucket) -> None:
    """Only objects whose key begins so; the names of the files are what follows."""
    for key in ("train/a", "train/b", "test/c"):
        bucket.put(key, key.encode())
    dataset = bucket.dataset(person, "--prefix", "train/")
    assert person("dataset", "files", "-q", dataset.name) == "a\nb\n"


def test_what_changed_makes_a_new_version(person: Person, bucket: Bucket) -> None:
    """What was deleted in the bucket is in the old version still; where nothing changed there is no new one."""
    bucket.put("kept", b"1")
    bucket.put("gone", b"2")
    dataset = bucket.dataset(person)

    def head() -> str:
        return str(person.json("dataset", "inspect", dataset.name)[0]["head"])

    first = head()
    person("dataset", "sync", "--wait", dataset.name)
    assert head() == first
    bucket.put("new", b"3")
    bucket.delete("gone")
    assert person("dataset", "sync", "--wait", dataset.name).strip() == dataset.id
    assert head() != first
    assert person("dataset", "files", "-q", dataset.name) == "kept\nnew\n"
    assert person("dataset", "get", "--at", first, dataset.name, "gone", "-") == "2"


@pytest.mark.parametrize("wrong", ["secret_access_key", "access_key_id", "bucket"])
def test_wrong_keys_or_bucket_create_nothing(person: Person, bucket: Bucket, wrong: str) -> None:
    """One clear sentence that names what is wrong, and never the secret."""
    options = bucket.options(**{wrong: "not-this-one"})
    said = person.fails(*CREATE, bucket.name, *options)
    assert said.startswith("Error: ")
    assert bucket.server.secret not in said
    assert bucket.name not in person("dataset", "ls", "-q").splitlines()


def test_a_server_that_is_not_there_is_said(person: Person, bucket: Bucket) -> None:
    """With its address; an address that is none is said to be that."""
    for url, said in (("http://127.0.0.1:1", "http://127.0.0.1:1"), ("not a url", "The endpoint has to be a URL")):
        assert said in person.fails(*CREATE, bucket.name, *bucket.options(endpoint_url=url))
    assert bucket.name not in person("dataset", "ls", "-q").splitlines()


def test_the_secret_is_never_shown(person: Person, bucket: Bucket) -> None:
    """Not by `inspect`, in no listing, and no file of the hub has it."""
    dataset = bucket.dataset(person)
    [found] = person.json("dataset", "inspect", dataset.name)
    shown = {"bucket": bucket.name, "endpoint_url": bucket.server.endpoint, "access_key_id": bucket.server.key}
    assert shown.items() <= found["s3"].items()
    assert not [name for name in found["s3"] if "secret" in name]
    assert bucket.server.secret not in person("dataset", "ls", "--output", "json")
    secret = bucket.server.secret.encode()
    files = [Path(folder) / name for folder, _, names in os.walk(person.site.hub.data_dir) for name in names]
    assert files
    assert not [file for file in files if file.is_file() and secret in file.read_bytes()]


def test_a_person_is_asked_for_the_secret_without_echo(person: Person, bucket: Bucket) -> None:
    """Where it was not given: on a command line others could see it."""
    options = bucket.options()
    at = options.index("--secret-access-key")
    del options[at : at + 2]
    with person.terminal(*CREATE, bucket.name, *options) as terminal:
        terminal.expect(b"Secret access key: ")
        terminal.settle()
        assert not terminal.echoes()
        terminal.type(bucket.server.secret.encode() + b"\n")
        assert terminal.end() == 0
    assert bucket.server.secret.encode() not in terminal.seen
    assert UUID.search(terminal.seen.decode())
    assert "AWS_SECRET_ACCESS_KEY" in person.fails(*CREATE, "x", *options, status=2)
    program = person.ds.with_variables(AWS_SECRET_ACCESS_KEY=bucket.server.secret)
    assert UUID.fullmatch(program(*CREATE, f"{bucket.name}-2", *options).stdout.decode().strip())


def test_a_bar_moves_while_it_is_downloaded(person: Person, gated: tuple[Bucket, Gate]) -> None:
    """On the terminal of who waits; when the command returns everything is there, and only the id is left on it."""
    bucket, gate = gated
    for name in ("a", "b", "c", "last"):
        bucket.put(name, os.urandom(300_000))
    with person.terminal(*CREATE, bucket.name, *bucket.options(), "--wait") as terminal:
        at = terminal.expect(f"Synchronising {bucket.name}: 3 of 4 objects (75 %".encode())
        terminal.expect("━".encode(), at)
        gate.opened.set()
        assert terminal.end() == 0
    [known] = person.json("dataset", "inspect", bucket.name)
    assert Screen(terminal.seen).lines == [known["id"]]
    assert (known["files"], known["sync"]["state"]) == (4, "ready")


def test_a_task_shows_how_far_the_dataset_is_that_it_waits_for(person: Person, gated: tuple[Bucket, Gate]) -> None:
    """`ds run` on a terminal; the job's own output follows on a clean line."""
    bucket, gate = gated
    dataset, project = bucket.dataset(person), person.project()
    person("project", "link", project, dataset.name, "data")
    for name in ("a", "last"):
        bucket.put(name, b"x" * 50)
    with person.terminal("run", "-p", project, "sh", "-c", "cd data; echo *") as terminal:
        terminal.expect(b"(1 of 2 objects, 50 %).")
        gate.opened.set()
        assert terminal.end() == 0
    assert Screen(terminal.seen).lines[0] == "a last"


def test_a_task_waits_for_what_is_in_the_bucket_now(person: Person, bucket: Bucket) -> None:
    """It sees objects that came after the last synchronisation, without anybody asking for another."""
    dataset = bucket.dataset(person)
    project = person.project()
    person("project", "link", project, dataset.name, "data")
    bucket.put("late.txt", b"just now")
    assert person.run(project, "cat", "data/late.txt").stdout == b"just now"


def test_nothing_is_put_into_a_copy(person: Person, bucket: Bucket, tmp_path: Path) -> None:
    """`ds dataset put` says where the files have to go instead."""
    dataset = bucket.dataset(person)
    (tmp_path / "x").write_text("x")
    assert bucket.name in person.fails("dataset", "put", dataset.name, str(tmp_path))
    assert person("dataset", "files", "-q", dataset.name) == ""


@pytest.mark.parametrize("missing", ["--bucket", "--access-key-id"])
def test_a_missing_option_is_wrong_usage(person: Person, bucket: Bucket, missing: str) -> None:
    """It is named."""
    options = bucket.options()
    at = options.index(missing)
    del options[at : at + 2]
    assert missing in person.fails(*CREATE, "x", *options, status=2)
