"""What a snapshot holds, and what hostile or restless folders do to it."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from jupyter_dotscience.workspace import (
    Entry,
    IgnoreError,
    Snapshot,
    StatCache,
    WorkspaceError,
    blob_id,
    parse_pointer,
    pointer,
    scan,
)
from jupyter_dotscience.workspace.scan import BEING_WRITTEN, MAX_DEPTH

from .trees import write

OLD = 1_000_000_000


def age(root: Path) -> None:
    """Wait until no file's times are in the present clock tick any more, as they are after a moment in practice."""
    probe = root.parent / "probe"
    newest = max(p.lstat().st_ctime_ns for p in [root, *root.rglob("*")])
    while True:
        probe.write_bytes(b"")
        if probe.stat().st_ctime_ns > newest + 40_000_000:
            return


def test_entries_have_what_git_and_the_hub_need(work: Path) -> None:
    """Files, executables, links and large files get mode, blob id, size, SHA-256 and time."""
    write(work, {b"a": b"hello", b"d/run.sh": b"#!/bin/sh\n", b"big": b"x" * 2000})
    (work / "d/run.sh").chmod(0o755)
    (work / "out").symlink_to("/etc/passwd")
    os.utime(work / "a", ns=(OLD, OLD))
    found = scan(work, threshold=1000).entries
    sha = hashlib.sha256(b"x" * 2000).hexdigest()
    hello = Entry.of(0o100644, blob_id(b"hello"), 5, hashlib.sha256(b"hello").hexdigest(), OLD)
    assert found[b"a"][:6] == hello[:6]
    assert found[b"d/run.sh"].mode == 0o100755
    assert found[b"out"][:4] == Entry.of(0o120000, blob_id(b"/etc/passwd"), 11)[:4]
    large = Entry.of(0o100644, blob_id(pointer(sha, 2000)), 2000, sha, large=True)
    assert found[b"big"][:4] == large[:4]
    assert found[b"big"].large
    assert len(found) == 4


@pytest.mark.parametrize("size", [0, 999, 1000, 1001, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 << 20])
@pytest.mark.parametrize("threshold", [1000, 10 << 20])
def test_hashes_are_right_for_every_size(work: Path, size: int, threshold: int) -> None:
    """Whichever way a file is read, its hashes are those of its content."""
    data = os.urandom(size)
    write(work, {b"f": data})
    entry = scan(work, threshold=threshold).entries[b"f"]
    sha = hashlib.sha256(data).hexdigest()
    assert entry.sha256 == sha
    assert entry.large == (size > threshold)
    assert entry.blob == blob_id(pointer(sha, size) if entry.large else data)


def test_content_that_looks_like_a_pointer_becomes_an_object(work: Path) -> None:
    """A file that is itself an LFS pointer is stored so that a checkout gives it back as it is."""
    data = pointer("0" * 64, 7)
    assert parse_pointer(data)
    write(work, {b"p": data})
    entry = scan(work).entries[b"p"]
    assert (entry.large, entry.size, entry.sha256) == (True, len(data), hashlib.sha256(data).hexdigest())


def test_what_is_no_file_is_listed_with_its_reason(work: Path) -> None:
    """Pipes, sockets and files that cannot be stored are skipped, said so, and never waited for."""
    os.mkfifo(work / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(work)  # the path of a Unix socket may have 107 bytes only
        try:
            server.bind("socket")
        finally:
            os.chdir(here)
        name = "x" * 251
        write(work, {f"{name}.git"[-255:].encode(): b"", b"fine": b""})
        found = scan(work)
    assert found.skipped == {b"pipe": "it is a named pipe", b"socket": "it is a socket"}
    assert b"fine" in found.entries


def test_folders_too_deep_and_names_too_long_are_skipped(work: Path) -> None:
    """Below the deepest level nothing is read, and the snapshot says where it stopped."""
    here = Path.cwd()
    os.chdir(work)
    try:
        for _ in range(MAX_DEPTH + 5):
            Path("d").mkdir()
            os.chdir("d")
        Path("lost").touch()
    finally:
        os.chdir(here)
    escaped_too_long = b"%2E" + b"git" + b"\xe2\x80\x8c" * 83
    write(work, {b"kept": b"", escaped_too_long: b""})
    found = scan(work)
    assert list(found.entries) == [b"kept"]
    assert {len(path.split(b"/")): reason for path, reason in found.skipped.items()} == {
        MAX_DEPTH: f"it is more than {MAX_DEPTH} folders deep",
        1: "its name is too long to be stored",
    }


_AS_NOBODY = """
import os, sys
from jupyter_dotscience.workspace import scan
os.chdir(sys.argv[1])
if os.getuid() == 0:  # root can read everything
    os.seteuid(65534)
found = scan(".")
print(sorted(found.entries), dict(sorted(found.skipped.items())))
"""


def test_unreadable_files_and_folders_are_skipped(work: Path) -> None:
    """What the system does not let us read is skipped with its reason; the rest is taken."""
    write(work, {b"secret": b"", b"locked/x": b"", b"fine": b""})
    (work / "secret").chmod(0)
    (work / "locked").chmod(0)
    done = subprocess.run([sys.executable, "-c", _AS_NOBODY, str(work)], capture_output=True, text=True, check=True)
    (work / "locked").chmod(0o700)
    skipped = dict.fromkeys([b"locked", b"secret"], "it cannot be read: Permission denied")
    assert done.stdout.strip() == f"{[b'fine']} {skipped}"


def test_symlinks_are_never_followed(work: Path, tmp_path: Path) -> None:
    """A link to a folder is a link, whatever the folder holds."""
    write(tmp_path / "outside", {b"x": b"secret"})
    (work / "link").symlink_to("../outside")
    assert list(scan(work).entries) == [b"link"]


def test_nested_repositories_are_plain_files(work: Path) -> None:
    """`.git` of a nested clone is stored under another name, and every name keeps its own."""
    write(work, {b"repo/.git/HEAD": b"", b"%2Egit": b"", b"%20": b"", b"a/.GIT": b""})
    assert set(scan(work).entries) == {b"repo/%2Egit/HEAD", b"%252Egit", b"%20", b"a/%2EGIT"}


def test_ignore_files_apply_only_when_asked(work: Path) -> None:
    """With `ignore` hidden and named files are left out and their folders not entered; without it all is taken."""
    write(work, {b"a.csv": b"", b".env": b"", b"d/b.csv": b"", b"d/c.log": b"", b"venv/x": b"", b"d/.hid/y": b""})
    write(work, {b".dotscience-ignore": b"*.csv\nvenv\n", b"d/.dotscience-ignore": b"-b.csv\n*.log\n-.hid\n"})
    assert set(scan(work, ignore=True).entries) == {b"d/b.csv", b"d/.hid/y"}
    assert len(scan(work).entries) == 8


def test_bad_ignore_file_is_an_error(work: Path, tmp_path: Path) -> None:
    """A bad pattern, and an ignore file that is a link, are named."""
    write(work, {b"sub/.dotscience-ignore": b"ok\n[a\n"})
    with pytest.raises(IgnoreError, match=r"^sub/\.dotscience-ignore:2: bad pattern '\[a'"):
        scan(work, ignore=True)
    (work / "sub/.dotscience-ignore").unlink()
    (work / "sub/.dotscience-ignore").symlink_to(tmp_path / "x")
    with pytest.raises(IgnoreError, match=r"^sub/\.dotscience-ignore: cannot be read"):
        scan(work, ignore=True)


def test_excluded_paths_are_not_looked_at(work: Path) -> None:
    """A dataset's mount point is left alone, wherever it is."""
    write(work, {b"data/set/x": b"", b"data/y": b"", b"set/z": b""})
    found = scan(work, exclude=[b"data/set"])
    assert set(found.entries) == {b"data/y", b"set/z"}
    assert found.excluded == {b"data/set"}


def test_second_scan_reads_only_what_changed(work: Path, tmp_path: Path) -> None:
    """With a cache, also one read back from its file, unchanged files are not opened."""
    write(work, {b"%d" % i: b"%d" % i for i in range(50)} | {b"big": bytes(3000), b"ptr": pointer("0" * 64, 1)})
    (work / "link").symlink_to("x")
    age(work)
    cache = StatCache(tmp_path / "cache")
    first = scan(work, cache=cache, threshold=1000)
    again = scan(work, cache=StatCache(tmp_path / "cache"), threshold=1000)
    assert (first.read, again.read) == (53, 0)
    assert again.entries == first.entries
    write(work, {b"7": b"seven"})
    (work / "8").unlink()
    (work / "9").chmod(0o755)
    third = scan(work, cache=StatCache(tmp_path / "cache"), threshold=1000)
    assert third.read == 2
    assert third.entries == scan(work, threshold=1000).entries


def test_another_threshold_makes_no_use_of_the_old_one(work: Path) -> None:
    """A cache filled with one threshold gives right answers for another."""
    write(work, {b"f": bytes(3000), b"g": bytes(10), b"ptr": pointer("0" * 64, 1)})
    age(work)
    cache = StatCache()
    for threshold in (1000, 5000, 5, 10 << 20):
        cached, fresh = (scan(work, cache=c, threshold=threshold).entries for c in (cache, None))
        assert {p: (e[:5], e.large) for p, e in cached.items()} == {p: (e[:5], e.large) for p, e in fresh.items()}


def test_same_size_and_time_does_not_hide_a_change(work: Path) -> None:
    """A file that was rewritten with its old size and modification time is read again."""
    write(work, {b"f": b"one"})
    os.utime(work / "f", ns=(OLD, OLD))
    age(work)
    cache = StatCache()
    scan(work, cache=cache)
    write(work, {b"f": b"two"})
    os.utime(work / "f", ns=(OLD, OLD))
    assert scan(work, cache=cache).entries[b"f"].blob == blob_id(b"two")


def test_writes_in_the_same_clock_tick_are_seen(work: Path) -> None:
    """However fast a file is rewritten after a scan, with its size unchanged, the next scan sees it."""
    cache = StatCache()
    for number in range(300):
        data = b"%05d" % number
        write(work, {b"f": data})
        assert scan(work, cache=cache).entries[b"f"].blob == blob_id(data)


class Writer:
    """A thread that keeps on changing a file or swapping things."""

    def __init__(self, act: object) -> None:
        self.act, self.over = act, threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not self.over.is_set():
            self.act()  # type: ignore[operator]

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def test_file_that_changes_all_the_time_is_right_in_the_end(work: Path) -> None:
    """A file under constant writing is taken or skipped with the reason; once it rests, the next scan has it."""
    contents = [bytes([i]) * (3 << 20) for i in range(4)]
    write(work, {b"f": contents[0]})
    numbers = iter(range(1_000_000))
    cache = StatCache()

    def rewrite() -> None:
        with (work / "f").open("r+b") as file:
            file.write(contents[next(numbers) % 4])

    for _ in range(10):
        with Writer(rewrite):
            found = scan(work, cache=cache)
        assert b"f" in found.entries or found.skipped == {b"f": "it was changed while it was read"}
        assert scan(work, cache=cache).entries[b"f"].blob == blob_id((work / "f").read_bytes())


def test_swapping_files_for_links_leaks_nothing(work: Path, tmp_path: Path) -> None:
    """A file or folder swapped for a link while the scan runs never brings in what the link points to."""
    secret = os.urandom(100)
    write(tmp_path / "outside", {b"x": secret})
    (tmp_path / "link").symlink_to(tmp_path / "outside/x")
    (tmp_path / "folder-link").symlink_to(tmp_path / "outside")

    def swap() -> None:
        for name, link in (("f", "link"), ("d", "folder-link")):
            (work / name).unlink(missing_ok=True)
            os.link(tmp_path / link, work / name, follow_symlinks=False)
        for name in ("f", "d"):
            (work / name).unlink()
        (work / "f").write_bytes(b"mine")
        (work / "d").mkdir()
        (work / "d/x").write_bytes(b"mine")
        (work / "d/x").unlink()
        (work / "d").rmdir()

    with Writer(swap):
        found: list[Snapshot] = [scan(work) for _ in range(200)]
    for snapshot in found:
        assert all(e.blob != blob_id(secret) for e in snapshot.entries.values())
        assert {e.mode for p, e in snapshot.entries.items() if p == b"d"} <= {0o120000}


def test_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    """A folder that is not there is an error for people."""
    with pytest.raises(WorkspaceError, match=r"^Cannot read the folder .*/nowhere: No such file or directory\.$"):
        scan(tmp_path / "nowhere")


def test_descriptors_are_given_back(work: Path) -> None:
    """Neither a full scan nor one that fails leaves a descriptor open."""
    write(work, {b"%d/%d" % (i, j): bytes(2 << 20) for i in range(3) for j in range(3)})
    scan(work)
    before = len(list(Path("/proc/self/fd").iterdir()))
    scan(work)
    write(work, {b"2/.dotscience-ignore": b"["})
    with pytest.raises(IgnoreError):
        scan(work, ignore=True)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


_FEW_DESCRIPTORS = """
import resource, sys
from jupyter_dotscience.workspace import WorkspaceError, scan
resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))
try:
    scan(sys.argv[1])
except WorkspaceError as error:
    print(error)
"""


def test_process_short_of_descriptors_blames_no_file(work: Path) -> None:
    """When our own limits are reached, the scan fails as a whole; files are never left out for that."""
    write(work, {b"d/" * 60 + b"f": b""})
    done = subprocess.run(
        [sys.executable, "-c", _FEW_DESCRIPTORS, str(work)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"Cannot read the folder {work}: Too many open files."


def test_large_files_that_are_being_written_may_be_left_for_later(tmp_path: Path) -> None:
    """Written to a moment ago, and large: skipped with the reason, if asked for. A time of tomorrow says nothing."""
    write(tmp_path, {b"small": b"1", b"large": bytes(2000), b"old": bytes(2000), b"tomorrow": bytes(2000)})
    for name, shift in (("old", -100), ("tomorrow", 86_400)):
        at = time.time() + shift
        os.utime(tmp_path / name, (at, at))
    found = scan(tmp_path, threshold=1000, patience=50)
    assert (set(found.entries), found.skipped) == ({b"small", b"old", b"tomorrow"}, {b"large": BEING_WRITTEN})
    assert set(scan(tmp_path, threshold=1000).entries) == {b"small", b"large", b"old", b"tomorrow"}
