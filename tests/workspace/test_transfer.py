"""What is sent, how, and what happens when files change on the way."""

from __future__ import annotations

import mmap
import os
import threading
from pathlib import Path
from typing import BinaryIO

import pytest

from jupyter_dotscience.api.problems import BadRequest, Unreachable
from jupyter_dotscience.workspace import (
    Changes,
    ContentChanged,
    Entry,
    PackWriter,
    Sent,
    StatCache,
    blob_id,
    changes,
    commit_request,
    scan,
    send,
    transfer,
)
from jupyter_dotscience.workspace.guarded import GuardedFile

from .repository import Repository, git
from .trees import write


def everything(work: Path, threshold: int = 10 << 20) -> Changes:
    return changes({}, scan(work, threshold=threshold))


def committed(repository: Repository, found: Changes, sent: Sent) -> dict[bytes, bytes]:
    """Commit, and read every blob back from git."""
    request = commit_request(found, sent, branch="main", parent=None, message="m")
    commit = repository.record(request).commit
    assert commit
    git(repository.git_folder, "fsck", "--strict", "--no-dangling")
    listed = git(repository.git_folder, "ls-tree", "-r", "-z", commit).split(b"\0")[:-1]
    return {
        line.split(b"\t", 1)[1]: git(repository.git_folder, "cat-file", "blob", line.split()[2].decode())
        for line in listed
    }


def test_few_small_files_travel_in_the_commit_request(work: Path, repository: Repository) -> None:
    """A small change needs no request besides the commit itself."""
    files = {b"a": b"1", b"d/b": b"", "é".encode(): b"2", b"\xff": b"3"}
    write(work, files)
    (work / "link").symlink_to("nowhere")
    found = everything(work)
    sent = send(work, found, repository)
    assert repository.calls == []
    assert all(change.data is not None for change in sent.changes)
    assert committed(repository, found, sent) == {**files, b"link": b"nowhere"}


@pytest.mark.parametrize(("count", "size"), [(201, 10), (3, 1_400_000)])
def test_many_or_big_small_files_travel_as_a_pack(work: Path, repository: Repository, count: int, size: int) -> None:
    """Above 200 files or 4 MiB one pack is sent, and the second time nothing."""
    files = {b"%d" % i: b"%d" % i * size for i in range(count)}
    write(work, files | {b"twice": files[b"0"]})
    found = everything(work)
    sent = send(work, found, repository)
    assert repository.calls == ["find_missing", "put_pack"]
    assert committed(repository, found, sent) == files | {b"twice": files[b"0"]}
    repository.calls.clear()
    assert send(work, found, repository).changes == sent.changes
    assert repository.calls == ["find_missing"]


def test_packs_are_of_bounded_size(work: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """More content than fits into one pack is sent as several."""
    monkeypatch.setattr(transfer, "MAX_PACK", 1 << 20)
    monkeypatch.setattr(transfer, "MAX_INLINE_BYTES", 1 << 20)
    files = {b"%d" % i: os.urandom(400_000) for i in range(7)}
    write(work, files)
    found = everything(work)
    sent = send(work, found, repository)
    assert repository.calls.count("put_pack") == 4
    assert committed(repository, found, sent) == files


def test_next_pack_is_made_while_one_is_on_its_way(
    work: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub's work on a pack and the sender's on the next go on at the same time."""
    monkeypatch.setattr(transfer, "MAX_PACK", 1 << 20)
    monkeypatch.setattr(transfer, "MAX_INLINE_BYTES", 1 << 20)
    write(work, {b"%d" % i: os.urandom(400_000) for i in range(6)})
    made, second = [], threading.Event()
    finish, put = PackWriter.finish, repository.put_pack

    def note(writer: PackWriter) -> None:
        finish(writer)
        made.append(writer)
        if len(made) == 2:
            second.set()

    def wait(body: BinaryIO, size: int) -> None:
        assert second.wait(60)
        put(body, size)

    monkeypatch.setattr(PackWriter, "finish", note)
    repository.put_pack = wait  # type: ignore[method-assign]
    send(work, everything(work), repository)
    assert (len(made), repository.calls.count("put_pack")) == (3, 3)


def test_first_pack_that_fails_is_the_last(work: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub says about a pack is what the caller sees, and nothing is sent after it."""
    monkeypatch.setattr(transfer, "MAX_PACK", 1 << 20)
    monkeypatch.setattr(transfer, "MAX_INLINE_BYTES", 1 << 20)
    write(work, {b"%d" % i: os.urandom(400_000) for i in range(6)})
    sent = []

    def refuse(body: BinaryIO, size: int) -> None:
        sent.append(size)
        raise Unreachable("The network is away.")

    repository.put_pack = refuse  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        send(work, everything(work), repository)
    assert len(sent) == 1


def test_folder_that_became_a_link_is_not_followed(work: Path, repository: Repository, tmp_path: Path) -> None:
    """Files of a folder that was replaced by a symlink after the scan are left, whatever the link leads to."""
    write(work, {b"%s/%d" % (folder, i): b"%s %d" % (folder, i) for i in range(150) for folder in (b"a", b"b", b"c")})
    found = everything(work)
    (work / "b").rename(tmp_path / "elsewhere")
    (work / "b").symlink_to(tmp_path / "elsewhere")
    sent = send(work, found, repository)
    assert set(sent.left) == {b"b/%d" % i for i in range(150)}
    assert all(reason.startswith("It cannot be read any more") for reason in sent.left.values())


def test_queries_are_of_bounded_size(work: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """More contents than one question may name are asked about in several."""
    monkeypatch.setattr(transfer, "_QUERY", 100)
    files = {b"%d" % i: b"%d" % i for i in range(250)} | {b"L%d" % i: b"%05d" % i * 10 for i in range(120)}
    write(work, files)
    found = everything(work, threshold=20)
    sent = send(work, found, repository)
    assert repository.calls.count("find_missing") == 3
    assert len(committed(repository, found, sent)) == 370


def test_large_files_are_sent_once_and_only_when_missing(work: Path, repository: Repository) -> None:
    """Equal large contents are one object; what the project has is not sent again."""
    write(work, {b"a": b"x" * 5000, b"b": b"x" * 5000, b"c": b"y" * 5000})
    found = everything(work, threshold=1000)
    told: list[tuple[int, int]] = []
    sent = send(work, found, repository, lambda done, total: told.append((done, total)))
    assert repository.calls.count("put_object") == 2
    assert told[-1] == (10_000, 10_000)
    assert told == sorted(told)
    first = sent.changes[0]
    assert (first.path, first.large, first.size, first.data, first.blob) == ("a", True, 5000, None, None)
    repository.calls.clear()
    send(work, found, repository)
    assert repository.calls == ["find_missing"]


def test_interrupted_upload_goes_on_where_it_was(work: Path, repository: Repository) -> None:
    """After a cut, the next attempt sends only what had not arrived."""
    write(work, {b"%d" % i: b"%d" % i * 3000 for i in range(6)})
    found = everything(work, threshold=1000)
    put = repository.put_object

    def cut(sha256: str, body: BinaryIO, size: int) -> None:
        if len(list(repository.objects.iterdir())) >= 3:
            raise Unreachable("The network is away.")
        put(sha256, body, size)

    repository.put_object = cut  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        send(work, found, repository)
    arrived = len(list(repository.objects.iterdir()))
    assert arrived >= 3
    repository.put_object = put  # type: ignore[method-assign]
    repository.calls.clear()
    assert len(send(work, found, repository).changes) == 6
    assert repository.calls.count("put_object") == 6 - arrived


@pytest.mark.parametrize("how", ["rewritten", "gone", "link", "pipe", "longer"])
@pytest.mark.parametrize(("extra", "threshold"), [(0, 100), (0, 10), (300, 100)])
def test_what_changed_after_the_scan_is_left_for_the_next_commit(
    work: Path, repository: Repository, tmp_path: Path, how: str, extra: int, threshold: int
) -> None:
    """A file that is not what was scanned is never sent under the wrong hash; the others are, and it is named."""
    (tmp_path / "secret").write_bytes(b"secret, 20 bytes....")
    write(work, {b"f": b"before, 20 bytes....", b"ok": b"fine"} | {b"x%d" % i: b"%d" % i for i in range(extra)})
    found = everything(work, threshold)
    (work / "f").unlink()
    if how == "rewritten":
        write(work, {b"f": b"after.. 20 bytes...."})
    elif how == "longer":
        write(work, {b"f": b"before, 20 bytes.... and more"})
    elif how == "link":
        (work / "f").symlink_to(tmp_path / "secret")
    elif how == "pipe":
        os.mkfifo(work / "f")
    sent = send(work, found, repository)
    assert set(sent.left) == {b"f"}
    assert sent.left[b"f"].startswith(("It was changed", "It cannot be read", "It is no regular"))
    assert len(committed(repository, found, sent)) == extra + 1


@pytest.mark.parametrize("mode", [None, 0o600], ids=["stamps as scanned", "other stamps"])
def test_change_while_a_large_file_is_sent_is_noticed(work: Path, tmp_path: Path, mode: int | None) -> None:
    """The last byte of a body is withheld when the file is not what was scanned, whether it has to be hashed or not."""
    data = os.urandom(3 << 20)
    write(work, {b"f": data})
    entry = scan(work, threshold=1000).entries[b"f"]
    await_tick(tmp_path, entry)
    if mode is not None:
        (work / "f").chmod(mode)
    root = os.open(work, os.O_RDONLY)
    try:
        with GuardedFile(root, b"f", entry) as file:
            assert file.read(1 << 20) == data[: 1 << 20]
            file.seek(0)
            assert file.read(entry.size) + file.read() == data
            file.seek(0)
            assert len(file.read(1 << 20)) == 1 << 20
            with (work / "f").open("r+b") as other:
                other.seek(2 << 20)
                other.write(b"changed")
            assert file.readinto(bytearray(1 << 20)) == 1 << 20
            with pytest.raises(ContentChanged, match="changed after the snapshot"):
                file.read(1 << 20)
    finally:
        os.close(root)


def await_tick(folder: Path, entry: Entry) -> None:
    """Until a write to a file shows in its times: the kernel's clock for them goes in steps."""
    probe = folder / "tick"
    probe.touch()
    while probe.stat().st_ctime_ns <= entry.changed:
        probe.write_bytes(b"")


def test_change_that_shows_in_no_stamp_is_left_for_the_next_commit(work: Path, repository: Repository) -> None:
    """What was written through a memory map after the snapshot is found by the hub's own hash, and named."""
    write(work, {b"f": bytes(10_000), b"g": b"fine" * 100})
    with (work / "f").open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
        mapped[0] = 1  # the page is writable from now on, and the file's times are set
        found = everything(work, threshold=100)
        mapped[0] = 2
        sent = send(work, found, repository)
    assert sent.left == {b"f": "It was changed after the snapshot."}
    assert [change.path for change in sent.changes] == ["g"]


def test_hub_that_refuses_the_right_content_is_not_excused(work: Path, repository: Repository) -> None:
    """When the file is what it was, a refusal is an error, not a change to leave for later."""
    write(work, {b"f": b"content" * 100})

    def refuse(sha256: str, body: BinaryIO, size: int) -> None:
        assert len(body.read(size)) == size
        raise BadRequest(f"{sha256} has another SHA-256.", code="bad_content")

    repository.put_object = refuse  # type: ignore[method-assign]
    with pytest.raises(BadRequest, match="another SHA-256"):
        send(work, everything(work, threshold=100), repository)


def test_results_leave_a_full_disk(repository: Repository, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a task has filled the disk to the last byte, all its files are scanned and sent all the same."""
    monkeypatch.setattr("tempfile.tempdir", str(small_disk))
    work = small_disk / "work"
    files = {b"%d" % i: os.urandom(2000) for i in range(300)} | {b"big": os.urandom(600_000)}
    write(work, files)
    with pytest.raises(OSError, match="No space left"), (work / "filler").open("wb", buffering=0) as file:
        file.writelines(bytes(10_000) for _ in range(1000))
    cache = StatCache(small_disk / "cache")
    found = changes({}, scan(work, cache=cache, threshold=500_000, exclude=[b"filler"]))
    assert not cache.path or not cache.path.exists()
    sent = send(work, found, repository)
    assert repository.calls == ["find_missing", "put_pack", "put_object"]
    assert set(committed(repository, found, sent)) == set(files)


def test_escaped_names_are_found_on_disk(work: Path, repository: Repository) -> None:
    """Files of nested repositories are read under the name they have on disk."""
    write(work, {b"r/.git/config": b"[core]", b"%2Egit": b"x"})
    found = everything(work)
    assert committed(repository, found, send(work, found, repository)) == {
        b"r/%2Egit/config": b"[core]",
        b"%252Egit": b"x",
    }
    assert blob_id(b"x") == found.changed[b"%252Egit"].blob


def test_progress_of_packs_is_in_bytes_of_content(
    work: Path, repository: Repository, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bar moves while a pack is read, and ends at the total."""
    monkeypatch.setattr(transfer, "MAX_INLINE_BYTES", 1 << 20)
    write(work, {b"%d" % i: bytes(200_000) for i in range(1)} | {b"r%d" % i: os.urandom(100_000) for i in range(20)})
    told: list[tuple[int, int]] = []
    put = repository.put_pack

    def slowly(body: BinaryIO, size: int) -> None:
        while body.read(300_000):
            pass
        body.seek(0)  # as a client that repeats a request
        put(body, size)

    repository.put_pack = slowly  # type: ignore[method-assign]
    send(work, everything(work), repository, lambda done, total: told.append((done, total)))
    assert told[-1] == (2_200_000, 2_200_000)
    assert len(told) > 5
    assert max(told) == told[-1]
