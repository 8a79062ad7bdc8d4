"""Large contents: downloaded once, whole and right, within a size."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from jupyter_dotscience.api.problems import NotFound, Unreachable
from jupyter_dotscience.workspace import DiskFull, ObjectCache, WorkspaceError, hashedfile

MEBIBYTE = 1 << 20


class Contents:
    """A source that can break off."""

    def __init__(self, *contents: bytes) -> None:
        self.by_hash = {hashlib.sha256(c).hexdigest(): c for c in contents}
        self.starts: list[int] = []
        self.cut_after: int | None = None
        self.gate = threading.Event()
        self.gate.set()

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        self.starts.append(start)
        self.gate.wait(60)
        if sha256 not in self.by_hash:
            raise NotFound("There is no such object.")
        data = self.by_hash[sha256][start:]
        end = len(data) if self.cut_after is None else self.cut_after
        for at in range(0, min(end, len(data)), 1000):
            yield data[at : min(at + 1000, end)]
        if end < len(data):
            raise Unreachable("The network is away.")


class Fading(Contents):
    """Sends a mebibyte and a bit, and then nothing any more."""

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        self.cut_after = 0 if start else MEBIBYTE + 1000
        return super().read_object(sha256, start)


def copy(cache: ObjectCache, data: bytes, source: Contents, target: Path) -> bytes:
    fd = os.open(target, os.O_RDWR | os.O_CREAT | os.O_TRUNC)
    try:
        cache.copy(hashlib.sha256(data).hexdigest(), len(data), fd, source)
    finally:
        os.close(fd)
    return target.read_bytes()


def held(cache: ObjectCache) -> int:
    return sum(p.stat().st_size for p in cache.folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("size", [0, 1, 1000, 70_001, MEBIBYTE - 1, MEBIBYTE, 2 * MEBIBYTE + 4097])
def test_content_is_copied_and_kept(tmp_path: Path, size: int) -> None:
    """A content arrives whole and is not downloaded a second time, also by a later process."""
    data = os.urandom(size)
    source = Contents(data)
    for _ in range(2):
        cache = ObjectCache(tmp_path / "cache", 1 << 30)
        assert copy(cache, data, source, tmp_path / "a") == data
        assert copy(cache, data, source, tmp_path / "b") == data
    assert source.starts == ([0] if size else [])


def test_download_goes_on_where_it_broke_off(tmp_path: Path) -> None:
    """Cuts cost nothing that has arrived, in the same process or a later one."""
    data = os.urandom(10_000)
    source = Contents(data)
    source.cut_after = 3000
    assert copy(ObjectCache(tmp_path / "cache", 1 << 20), data, source, tmp_path / "a") == data
    assert source.starts == [0, 3000, 6000, 9000]
    other = os.urandom(10_000)
    dead = Contents(other)
    dead.cut_after = 0
    with pytest.raises(Unreachable):
        copy(ObjectCache(tmp_path / "cache", 1 << 20), other, dead, tmp_path / "b")
    (tmp_path / "cache/partial" / hashlib.sha256(other).hexdigest()).write_bytes(other[:7000])
    alive = Contents(other)
    assert copy(ObjectCache(tmp_path / "cache", 1 << 20), other, alive, tmp_path / "b") == other
    assert alive.starts == [7000]


@pytest.mark.parametrize("there", [1, 4096, MEBIBYTE, MEBIBYTE + 1, 2 * MEBIBYTE])
def test_any_part_of_a_download_is_gone_on_from(tmp_path: Path, there: int) -> None:
    """Wherever a process was killed, the rest is asked for, and cache and workspace get the whole."""
    data = os.urandom(2 * MEBIBYTE + 5)
    sha = hashlib.sha256(data).hexdigest()
    cache, source = ObjectCache(tmp_path / "cache", 1 << 30), Contents(data)
    (tmp_path / "cache/partial").mkdir(parents=True)
    (tmp_path / "cache/partial" / sha).write_bytes(data[:there])
    assert copy(cache, data, source, tmp_path / "a") == data
    assert source.starts == [there]
    assert (cache.folder / sha[:2] / sha[2:]).read_bytes() == data


def test_part_of_a_download_is_kept_when_the_hub_stays_away(tmp_path: Path) -> None:
    """A later attempt asks only for what had not arrived, also within a block."""
    data = os.urandom(MEBIBYTE + 5000)
    cache = ObjectCache(tmp_path / "cache", 1 << 30)
    with pytest.raises(Unreachable):
        copy(cache, data, Fading(data), tmp_path / "a")
    source = Contents(data)
    assert copy(cache, data, source, tmp_path / "a") == data
    assert source.starts == [MEBIBYTE + 1000]


def test_blocks_that_the_disk_does_not_take_are_written_all_the_same(tmp_path: Path) -> None:
    """Where direct writes need other blocks than ours, they go through the page cache."""
    fd = os.open(tmp_path / "f", os.O_RDWR | os.O_CREAT)
    try:
        hashedfile._set_direct(fd, True)
        hashedfile._write_all(fd, memoryview(b"odd" * 1001)[1:], 0)
    finally:
        os.close(fd)
    assert (tmp_path / "f").read_bytes() == (b"odd" * 1001)[1:]


@pytest.mark.parametrize("wrong", [b"x" * 5000, b"x" * 5001, b"x" * 4999, b""])
def test_wrong_content_never_enters_the_cache(tmp_path: Path, wrong: bytes) -> None:
    """What has another hash or size is refused, leaves nothing behind, and the right content can come later."""
    data = os.urandom(5000)
    sha = hashlib.sha256(data).hexdigest()
    source = Contents()
    source.by_hash[sha] = wrong
    cache = ObjectCache(tmp_path / "cache", 1 << 20)
    with pytest.raises(WorkspaceError, match=sha[:12]):
        copy(cache, data, source, tmp_path / "a")
    assert not cache.has(sha, 5000)
    assert copy(cache, data, Contents(data), tmp_path / "a") == data


def test_wrong_part_of_an_earlier_download_is_thrown_away(tmp_path: Path) -> None:
    """A partial file that was damaged on disk costs one failure, not all later ones."""
    data = os.urandom(5000)
    sha = hashlib.sha256(data).hexdigest()
    cache = ObjectCache(tmp_path / "cache", 1 << 20)
    (tmp_path / "cache/partial").mkdir(parents=True)
    (tmp_path / "cache/partial" / sha).write_bytes(b"damage")
    assert copy(cache, data, Contents(data), tmp_path / "a") == data


def test_truncated_object_is_downloaded_again(tmp_path: Path) -> None:
    """An object that lost its end in a power cut is not used."""
    data = os.urandom(5000)
    cache, source = ObjectCache(tmp_path / "cache", 1 << 20), Contents(data)
    copy(cache, data, source, tmp_path / "a")
    sha = hashlib.sha256(data).hexdigest()
    os.truncate(cache.folder / sha[:2] / sha[2:], 100)
    assert copy(cache, data, source, tmp_path / "a") == data
    assert len(source.starts) == 2


def test_limit_is_kept_by_forgetting_the_oldest(tmp_path: Path) -> None:
    """What was not used for longest goes first, and what is used stays."""
    contents = [bytes([i]) * 1000 for i in range(6)]
    cache, source = ObjectCache(tmp_path / "cache", 3000), Contents(*contents)
    for number, data in enumerate(contents[:3]):
        copy(cache, data, source, tmp_path / "a")
        sha = hashlib.sha256(data).hexdigest()
        os.utime(cache.folder / sha[:2] / sha[2:], (number + 1, number + 1))
    copy(cache, contents[0], source, tmp_path / "a")
    copy(cache, contents[3], source, tmp_path / "a")
    there = [cache.has(hashlib.sha256(c).hexdigest(), 1000) for c in contents]
    assert there == [True, False, True, True, False, False]
    assert held(cache) == 3000


def test_content_above_the_limit_is_copied_all_the_same(tmp_path: Path) -> None:
    """A single content larger than the cache serves its task."""
    data = os.urandom(5000)
    cache = ObjectCache(tmp_path / "cache", 100)
    assert copy(cache, data, Contents(data), tmp_path / "a") == data


def test_many_threads_share_one_download(tmp_path: Path) -> None:
    """Tasks that want the same content at the same time download it once, and all get it."""
    data = os.urandom(50_000)
    cache, source = ObjectCache(tmp_path / "cache", 1 << 20), Contents(data)
    source.gate.clear()
    with ThreadPoolExecutor(6) as pool:
        futures = [pool.submit(copy, cache, data, source, tmp_path / str(i)) for i in range(6)]
        source.gate.set()
        assert all(future.result() == data for future in futures)
    assert source.starts == [0]


def test_forgetting_while_others_copy_harms_nobody(tmp_path: Path) -> None:
    """With a limit of one object and many threads, every copy is whole."""
    contents = [bytes([i]) * 20_000 for i in range(8)]
    cache, source = ObjectCache(tmp_path / "cache", 20_000), Contents(*contents)
    with ThreadPoolExecutor(8) as pool:
        futures = [
            (pool.submit(copy, cache, contents[i % 8], source, tmp_path / str(i)), contents[i % 8]) for i in range(80)
        ]
        assert all(future.result() == data for future, data in futures)


def test_errors_of_the_source_come_through(tmp_path: Path) -> None:
    """What the hub answered is what the caller sees."""
    with pytest.raises(NotFound):
        copy(ObjectCache(tmp_path / "cache", 1), b"unknown", Contents(), tmp_path / "a")


def test_name_that_is_no_hash_is_refused(tmp_path: Path) -> None:
    """A name from a hostile pointer cannot lead out of the folder."""
    with pytest.raises(WorkspaceError, match="is no SHA-256"):
        ObjectCache(tmp_path, 1).copy("../" * 21 + "x", 1, 0, Contents())


def test_full_disk_is_said_and_leaves_no_remains(small_disk: Path, tmp_path: Path) -> None:
    """A content that does not fit is DiskFull, and its part does not keep the disk full."""
    data = os.urandom(4 << 20)
    cache = ObjectCache(small_disk / "cache", 1 << 30)
    with pytest.raises(DiskFull, match=r"^Cannot store the large object .*: No space left on device\.$"):
        copy(cache, data, Contents(data), tmp_path / "a")
    assert held(cache) == 0


def test_linked_content_is_not_forgotten_for_room(tmp_path: Path) -> None:
    """Forgetting it would make none; the next in line goes."""
    contents = [bytes([i]) * 1000 for i in range(3)]
    cache, source = ObjectCache(tmp_path / "cache", 2000), Contents(*contents)
    shared = tmp_path / "shared"
    shared.mkdir()
    fd = os.open(shared, os.O_RDONLY)
    assert cache.link(hashlib.sha256(contents[0]).hexdigest(), 1000, fd, b"a", source)
    os.close(fd)
    for data in contents[1:]:
        copy(cache, data, source, tmp_path / "b")
    assert [cache.has(hashlib.sha256(c).hexdigest(), 1000) for c in contents] == [True, False, True]
    assert (shared / "a").read_bytes() == contents[0]


def test_use_is_not_seen_in_the_time_of_writing(tmp_path: Path) -> None:
    """Tasks that see a linked content see no change of it because others use it."""
    cache, source = ObjectCache(tmp_path / "cache", 1 << 20), Contents(b"data")
    copy(cache, b"data", source, tmp_path / "a")
    [held_file] = cache.contents()
    os.utime(held_file.path, (1, 1))
    copy(cache, b"data", source, tmp_path / "a")
    assert held_file.path.stat().st_mtime == 1
    assert cache.contents()[0].used > 1


def test_an_owner_makes_room_in_place_of_the_limit(tmp_path: Path) -> None:
    """It is asked for each download, and nothing is forgotten by the cache itself."""
    asked: list[int] = []
    cache, source = ObjectCache(tmp_path / "cache", 1, asked.append), Contents(b"12", b"345")
    for data in (b"12", b"345", b"12"):
        copy(cache, data, source, tmp_path / "a")
    assert asked == [2, 3]


def test_content_under_way_is_not_forgotten(tmp_path: Path) -> None:
    """Neither its beginning nor, for whoever just gets it, the whole."""
    data = os.urandom(5000)
    cache, source = ObjectCache(tmp_path / "cache", 1 << 20), Contents(data)
    source.gate.clear()
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(copy, cache, data, source, tmp_path / "a")
        while not source.starts:
            pass
        assert [cache.forget(found) for found in cache.contents()] == [False]
        source.gate.set()
        assert future.result() == data
    assert [cache.forget(found) for found in cache.contents()] == [True]
