"""Folders as archives: complete, the same each time, safe to unpack, and made with little memory."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import stat
import subprocess
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_hub.git.limits import Limits
from dotscience_hub.services.archives import Archives
from dotscience_hub.services.download import Download
from dotscience_hub.services.zipping import ZipWriter
from dotscience_hub.store.database import Database

from jupyter_dotscience.api.commits import Change, CommitCreate, Mode
from jupyter_dotscience.api.files import ArchiveQuery
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, NotFound
from tests.hub.git.hub import ALICE, TIME, Hub, hub_on
from tests.hub.git.test_contents import put_object, read

MEBIBYTE = 1 << 20


@pytest.fixture
def hub(database: Database, tmp_path: Path) -> Iterator[Hub]:
    """A hub with one empty project whose large files begin at a megabyte."""
    hub = hub_on(database, tmp_path, new_id(), Limits(large_file_threshold=MEBIBYTE))
    yield hub
    hub.contents.close()
    hub.commits.close()


def commit(hub: Hub, *changes: Change) -> str:
    body = CommitCreate(parent=hub.commits.head(hub.project), message="m", created=TIME, changes=list(changes))
    made = hub.workspace.create_commit(ALICE, project=hub.project, body=body).commit
    assert made is not None
    return made


def small(path: str, data: bytes, mode: Mode = Mode.FILE) -> Change:
    return Change(path=path, size=len(data), data=data, mode=mode)


def large(hub: Hub, path: str, data: bytes) -> Change:
    return Change(path=path, size=len(data), sha256=put_object(hub, data), large=True)


def download(hub: Hub, path: str = "", at: str = "main") -> Download:
    archives = Archives(hub.database, hub.commits, hub.contents)
    return asyncio.run(archives.get_archive(ALICE, project=hub.project, query=ArchiveQuery(path=path, at=at)))


def archive(hub: Hub, path: str = "", at: str = "main") -> zipfile.ZipFile:
    found = zipfile.ZipFile(io.BytesIO(read(download(hub, path, at))))
    assert found.testzip() is None
    return found


def contents(found: zipfile.ZipFile) -> dict[str, bytes]:
    return {name: found.read(name) for name in found.namelist()}


def test_all_kinds_of_files_come_whole(hub: Hub) -> None:
    """Small and large, empty, those that pack well and those that do not, programs and links, at any version."""
    noise, zeros = os.urandom(3 * MEBIBYTE + 7), bytes(5 * MEBIBYTE)
    first = commit(hub, small("data/a.txt", b"one"), small("other", b"x"))
    commit(
        hub,
        small("data/a.txt", b"a" * 5000),
        small("data/empty", b""),
        small("data/run.sh", b"#!/bin/sh\n", Mode.EXECUTABLE),
        small("data/ünï/link", b"../a.txt", Mode.SYMLINK),
        large(hub, "data/noise.bin", noise),
        large(hub, "data/zeros.bin", zeros),
    )
    found = archive(hub, "data")
    assert contents(found) == {
        "data/a.txt": b"a" * 5000, "data/empty": b"", "data/run.sh": b"#!/bin/sh\n", "data/noise.bin": noise,
        "data/zeros.bin": zeros, "data/ünï/link": b"../a.txt",
    }  # fmt: skip
    modes = {item.filename: item.external_attr >> 16 for item in found.infolist()}
    assert modes["data/run.sh"] == stat.S_IFREG | 0o755
    assert stat.S_ISLNK(modes["data/ünï/link"])
    assert found.getinfo("data/zeros.bin").compress_size < 100_000
    assert {item.date_time for item in found.infolist()} == {(2026, 3, 1, 12, 0, 0)}
    assert contents(archive(hub, at=first)) == {"files/data/a.txt": b"one", "files/other": b"x"}
    assert contents(archive(hub, "data", first)) == {"data/a.txt": b"one"}


def test_the_same_version_makes_the_same_bytes(hub: Hub) -> None:
    """Whoever asks, and whenever; so what was downloaded can be compared by its hash."""
    commit(hub, small("a", b"1"), large(hub, "b", os.urandom(2 * MEBIBYTE)), small("c", b"a", Mode.SYMLINK))
    assert hashlib.sha256(read(download(hub))).digest() == hashlib.sha256(read(download(hub))).digest()


def test_other_programs_unpack_it(hub: Hub, tmp_path: Path) -> None:
    """Info-ZIP, where it is installed, or what comes with Python: names, modes, links, all in one folder."""
    link = small("d/l", "é.txt".encode(), Mode.SYMLINK)
    commit(hub, small("d/é.txt", b"1"), link, large(hub, "d/b", os.urandom(MEBIBYTE * 2)))
    path = tmp_path / "a.zip"
    path.write_bytes(read(download(hub)))
    try:
        subprocess.run(["unzip", "-q", path, "-d", tmp_path / "out"], check=True, env={"LC_ALL": "C.UTF-8"})
    except FileNotFoundError:
        zipfile.ZipFile(path).extractall(tmp_path / "out")
    assert (tmp_path / "out/files/d/é.txt").read_bytes() == b"1"
    assert (tmp_path / "out/files/d/l").exists()


def test_nothing_is_unpacked_elsewhere(hub: Hub) -> None:
    """No name leads out of the folder on any system; links come last, and those that lead out are plain files."""
    links = {
        "d/out": b"/etc/passwd", "d/up": b"../../x", "d/in": b"../a", "d/back": b"..\\..\\x", "d/drive": b"C:x",
        "d/turn": b"in/../../..", "self": b".",
    }  # fmt: skip
    commit(
        hub,
        small("a", b"1"),
        small("..\\..\\evil", b"1"),
        small(".._.._evil", b"2"),
        small("C:\\x\ny", b"1"),
        *(small(path, target, Mode.SYMLINK) for path, target in links.items()),
        small("zz", b"1"),
    )
    found = archive(hub)
    names = found.namelist()
    assert len(set(names)) == len(names)
    for name in names:
        assert name.startswith("files/")
        assert not set(name) & set("\\\n\0")
        assert ".." not in name.split("/")
    last = names[names.index("files/zz") + 1 :]
    assert {name.removeprefix("files/") for name in last} == set(links)
    real = {n for n in last if stat.S_ISLNK(found.getinfo(n).external_attr >> 16)}
    assert real == {"files/d/in", "files/self"}
    assert found.read("files/d/out") == b"/etc/passwd"


def test_what_is_no_folder_is_refused_at_once(hub: Hub) -> None:
    """With a sentence, before a byte is sent."""
    with pytest.raises(NotFound, match="no files yet"):
        download(hub)
    commit(hub, small("a", b"1"))
    with pytest.raises(NotFound, match="no folder"):
        download(hub, "b")
    with pytest.raises(NotFound):
        download(hub, at="no-such-branch")
    with pytest.raises(BadRequest, match="is a file"):
        download(hub, "a")
    with pytest.raises(BadRequest):
        download(hub, "../x")


def test_a_content_that_nobody_sent_is_its_pointer(hub: Hub) -> None:
    """As everywhere else: what is not there must not keep the rest from being downloaded."""
    data = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 12345\n"
    hub.add_object("0" * 64, 12345)
    commit(hub, Change(path="p", size=12345, sha256="0" * 64, large=True), small("q", b"1"))
    with hub.database.write() as session:
        from dotscience_hub.store.versions import ProjectObjectRow

        session.query(ProjectObjectRow).delete()
    assert contents(archive(hub)) == {"files/p": data, "files/q": b"1"}


def test_many_files_take_little_memory() -> None:
    """A hundred thousand: some hundred bytes each, and their number in 64 bits."""
    writer = ZipWriter(TIME)
    tracemalloc.start()
    try:
        size = sum(len(writer.file(b"files/folder/%d.txt" % number, 0o100644, b"x")) for number in range(100_000))
        end = writer.end()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 40 * MEBIBYTE
    assert end[-98:-94] == b"PK\x06\x06"
    assert size > 100_000 * 50


@pytest.mark.thorough
def test_what_needs_64_bits_has_them() -> None:
    """A file of five gigabytes, not written anywhere: sizes and places as other programs read them."""
    writer, size = ZipWriter(TIME), 5 * 10**9
    block = os.urandom(10**7)
    tail = bytearray()
    length = 0
    for piece in writer.large(b"noise", 0o100644, size, (block for _ in range(500))):
        tail = (tail + piece)[-100_000:]
        length += len(piece)
    after = writer.file(b"after", 0o100644, b"hello")
    end = writer.end()
    sparse = _Sparse(bytes(tail) + after + end, length + len(after) + len(end))
    found = zipfile.ZipFile(sparse)
    noise = found.getinfo("noise")
    assert (noise.file_size, noise.flag_bits & 8) == (size, 8)
    assert size < noise.compress_size < length
    assert found.read("after") == b"hello"


class _Sparse(io.RawIOBase):
    """The end of a long file, whose beginning nobody reads."""

    def __init__(self, tail: bytes, length: int) -> None:
        self._tail, self._length, self._at = tail, length, 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        self._at = offset + (0, self._at, self._length)[whence]
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[call-overload]
        start = self._at - (self._length - len(self._tail))
        assert start >= 0, "the beginning is not there"
        data = self._tail[start : start + len(view)]
        view[: len(data)] = data
        self._at += len(data)
        return len(data)
