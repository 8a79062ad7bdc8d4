"""Object stores: a folder, and a real S3 server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from dotscience_hub.objects.base import ObjectStore
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.objects.s3 import S3Objects, S3Settings

from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge, Unavailable
from tests.services.process import free_port


@pytest.fixture(params=["folder", pytest.param("s3", marks=pytest.mark.s3)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ObjectStore]:
    """Each kind of store, empty."""
    if request.param == "folder":
        yield FolderObjects(tmp_path / "objects")
        return
    server = request.getfixturevalue("s3_server")
    settings = S3Settings(
        bucket=server.bucket, prefix="some/where/", endpoint=server.endpoint, region=server.region, path_style=True,
        key=server.key, secret=server.secret,
    )  # fmt: skip
    objects = S3Objects(settings, tmp_path / "incoming")
    yield objects
    objects.close()


def name_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def put(store: ObjectStore, content: bytes, name: str | None = None, size: int | None = None) -> str:
    name = name or name_of(content)
    with store.receive(name, size) as incoming:
        for start in range(0, len(content), 1 << 16):
            incoming.write(content[start : start + (1 << 16)])
        incoming.store()
    return name


def test_all_that_is_there(store: ObjectStore, tmp_path: Path) -> None:
    """Each object once, and nothing that is on its way in, or somebody else's."""
    assert list(store.all()) == []
    names = [put(store, os.urandom(10)) for _ in range(5)]
    with store.receive(name_of(b"x"), None):
        assert sorted(store.all()) == sorted(names)
    store.delete(names[0])
    assert sorted(store.all()) == sorted(names[1:])


def leftovers(tmp_path: Path) -> list[Path]:
    return list(tmp_path.rglob("incoming-*"))


@pytest.mark.parametrize("size", [0, 1, 3_000_000])
def test_what_went_in_comes_out(store: ObjectStore, tmp_path: Path, size: int) -> None:
    """An object comes back as it was, whole and in every part."""
    content = os.urandom(size)
    name = put(store, content, size=size)
    assert store.size(name) == size
    assert b"".join(store.read(name)) == content
    for start, length in ((0, 0), (0, 1), (size // 2, None), (size // 3, size // 3)):
        if start < size:
            expected = content[start:] if length is None else content[start : start + length]
            assert b"".join(store.read(name, start, length)) == expected
    assert leftovers(tmp_path) == []


def test_in_parts(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """An object above the limit for one request arrives whole."""
    monkeypatch.setattr("dotscience_hub.objects.s3.MULTIPART", 20 << 20)
    content = os.urandom(22 << 20)
    assert hashlib.sha256(b"".join(store.read(put(store, content)))).hexdigest() == name_of(content)


def test_what_is_not_there(store: ObjectStore) -> None:
    """An unknown object has no size, cannot be read, and can be deleted all the same."""
    name = "0" * 64
    assert store.size(name) is None
    with pytest.raises(NotFound):
        b"".join(store.read(name))
    store.delete(name)


def test_delete(store: ObjectStore) -> None:
    """A deleted object is gone."""
    name = put(store, b"x")
    store.delete(name)
    assert store.size(name) is None


def test_wrong_content_is_not_kept(store: ObjectStore, tmp_path: Path) -> None:
    """A wrong hash, too few or too many bytes are refused, and nothing stays: neither object nor temporary file."""
    name = name_of(b"right")
    for content, size in ((b"wrong", None), (b"righ", 5), (b"right!", 5)):
        with pytest.raises(BadRequest):
            put(store, content, name, size)
    assert store.size(name) is None
    assert leftovers(tmp_path) == []


def test_no_more_than_fits(store: ObjectStore) -> None:
    """The limit ends an upload while it arrives."""
    with store.receive("0" * 64, None, limit=10) as incoming, pytest.raises(TooLarge):
        incoming.write(b"x" * 11)


def test_sweep(store: ObjectStore, tmp_path: Path) -> None:
    """What a killed process left goes at the next start; what is arriving now stays."""
    incoming = store.receive("0" * 64, None)
    store.sweep(age=3600)
    assert leftovers(tmp_path) == [incoming.path]
    store.sweep(age=-1)
    assert leftovers(tmp_path) == []
    incoming.__exit__()


def test_check(store: ObjectStore) -> None:
    """A store that works says so."""
    store.check()


def test_a_bucket_that_is_gone(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """A store that does not work says so for readiness."""
    server = request.getfixturevalue("s3_server")
    settings = S3Settings(bucket="no-such-bucket", endpoint=server.endpoint, path_style=True, key=server.key,
                          secret=server.secret)  # fmt: skip
    objects = S3Objects(settings, tmp_path)
    with pytest.raises(OSError, match="no-such-bucket"):
        objects.check()
    objects.close()
    assert server.secret not in repr(settings)


@pytest.mark.parametrize("size", [1, 3 << 20], ids=["at the end", "at once"])
def test_a_full_disk(store: ObjectStore, size: int) -> None:
    """F: a full disk is said in words, whenever it is noticed, and is no lasting error."""

    def put_on(full: BinaryIO) -> None:
        with store.receive("0" * 64, size) as incoming:
            os.dup2(full.fileno(), incoming._handle.fileno())
            incoming.write(bytes(size))
            incoming.store()

    with Path("/dev/full").open("r+b", buffering=0) as full, pytest.raises(Unavailable, match="disk is full"):
        put_on(full)


def test_a_server_that_is_away(tmp_path: Path) -> None:
    """F: while the S3 server does not answer, calls say so and can be repeated."""
    endpoint = f"http://127.0.0.1:{free_port()}"
    objects = S3Objects(S3Settings(bucket="b", endpoint=endpoint, key="k", secret="s", path_style=True), tmp_path)
    for call in (lambda: objects.size("0" * 64), lambda: list(objects.read("0" * 64)), lambda: put(objects, b"x")):
        with pytest.raises(Unavailable, match="does not answer"):
            call()
    assert leftovers(tmp_path) == []
    objects.close()
