"""How long snapshots, transfers and checkouts take, beside git, git-lfs and the machine's own limits.

    python benchmarks/workspace.py [--files 100000] [--large-mib 1024] [--json FILE]

Everything is measured in one run on one machine, so that ratios can be compared between machines. ``--large-mib 5120``
is the size that docs quote. Needs git and git-lfs, and about six times the size of the data on disk.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from jupyter_dotscience.api.commits import CommitCreate, CommitResult, Missing, MissingQuery
from jupyter_dotscience.workspace import (
    Mirror,
    ObjectCache,
    StatCache,
    WorkspaceCommitter,
    checkout,
    pointer,
    scan,
)
from jupyter_dotscience.workspace.git import Git

ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{role}_{what}": "bench@localhost" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


@dataclass(frozen=True)
class Line:
    """One figure: seconds of wall clock and of CPU (helpers included), the first also as a ratio to a reference."""

    what: str
    seconds: float
    cpu: float
    reference: str = ""
    ratio: float | None = None


class Table:
    """The figures of a run."""

    def __init__(self) -> None:
        self.lines: dict[str, Line] = {}

    def time(self, what: str, act: Callable[[], object], *, against: str = "", repeat: int = 1) -> None:
        """Measure the fastest of ``repeat`` runs and print it."""
        seconds, cpu = min(_seconds(act) for _ in range(repeat))
        ratio = seconds / self.lines[against].seconds if against else None
        self.lines[what] = Line(what, seconds, cpu, against, ratio)
        print(
            f"{what:<52} {seconds:9.3f} s {cpu:9.3f} s CPU" + (f"   {ratio:7.2f} x {against}" if ratio else ""),
            flush=True,
        )


def _seconds(act: Callable[[], object]) -> tuple[float, float]:
    start, before = time.perf_counter(), os.times()
    act()
    after = os.times()
    return time.perf_counter() - start, sum(after[:4]) - sum(before[:4])


class Store:
    """A hub without a network: a bare repository, fed by git's own programs, and a folder of objects."""

    def __init__(self, folder: Path) -> None:
        self.repository, self.objects = folder / "hub.git", folder / "objects"
        self.objects.mkdir()
        self.git = Git(self.repository)
        self.git.run("init", "--quiet", "--bare", "--template=")
        # As on a hub: looking for deltas between 100,000 blobs would be most of the time of a fetch.
        self.git.run("config", "pack.window", "0")

    def find_missing(self, query: MissingQuery) -> Missing:
        """Ask git, and the folder."""
        told = self.git.run("cat-file", "--batch-check", data="".join(f"{b}\n" for b in query.blobs).encode())
        blobs = [line.split()[0].decode() for line in told.splitlines() if line.endswith(b"missing")]
        return Missing(blobs=blobs, objects=[o.sha256 for o in query.objects if not (self.objects / o.sha256).exists()])

    def put_pack(self, body: BinaryIO, size: int) -> None:
        """As the hub does it."""
        self.git.run("index-pack", "--strict", "--stdin", data=body.read())

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        """Write it durably."""
        with (self.objects / sha256).open("wb") as file:
            shutil.copyfileobj(body, file, 1 << 20)
            file.flush()
            os.fsync(file.fileno())

    def read_object(self, sha256: str, start: int) -> Iterator[bytes]:
        """Read it from the folder."""
        with (self.objects / sha256).open("rb") as file:
            file.seek(start)
            while chunk := file.read(1 << 20):
                yield chunk

    def record(self, request: CommitCreate) -> CommitResult:
        """Make the commit with git's plumbing."""
        with tempfile.TemporaryDirectory() as folder:
            index = Path(folder) / "index"
            if request.parent:
                self.git.run("read-tree", request.parent, index=index)
            lines = [f"100644 {self._blob(c)}\t{c.path}\0" for c in request.changes]
            self.git.run("update-index", "-z", "--index-info", data="".join(lines).encode(), index=index)
            tree = self.git.run("write-tree", index=index).decode().strip()
        commit = subprocess.run(
            ["git", "--git-dir", str(self.repository), "commit-tree", "-m", request.message, tree],
            env=ENVIRONMENT, check=True, capture_output=True, text=True,
        ).stdout.strip()  # fmt: skip
        self.git.run("update-ref", "refs/heads/main", commit)
        return CommitResult(commit=commit, head=commit)

    def _blob(self, change: object) -> str:
        data = pointer(change.sha256, change.size) if change.large else change.data  # type: ignore[attr-defined]
        if data is None:
            return change.blob  # type: ignore[attr-defined,no-any-return]
        return self.git.run("hash-object", "-w", "--stdin", data=data).decode().strip()


def run_git(folder: Path, *arguments: str) -> None:
    """Git as people use it."""
    subprocess.run(["git", "-C", str(folder), *arguments], env=ENVIRONMENT, check=True, capture_output=True)


@contextmanager
def place(top: Path, name: str) -> Iterator[Path]:
    """A folder that is gone afterwards."""
    folder = top / name
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def walk(root: Path) -> None:
    """The least anybody who looks at all files must do."""
    for folder, _, files in os.walk(root):
        for name in files:
            os.lstat(f"{folder}/{name}")


def fill_small(root: Path, count: int) -> None:
    """Make files of 4 KiB that do not compress, 100 in a folder."""
    for number in range(count):
        folder = root / f"{number // 10_000}" / f"{number // 100}"
        if number % 100 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number}.bin").write_bytes(os.urandom(4096))


def touch_some(root: Path, count: int) -> None:
    """Change ten files."""
    for number in random.Random(1).sample(range(count), min(10, count)):
        (root / f"{number // 10_000}/{number // 100}/{number}.bin").write_bytes(os.urandom(4096))


def small_files(table: Table, top: Path, count: int) -> None:
    """Snapshots of many small files."""
    with place(top, "small") as folder:
        work, store = folder / "work", Store(folder)
        work.mkdir()
        fill_small(work, count)
        committer = WorkspaceCommitter(work, store, store.record, None, {}, StatCache(folder / "cache"))
        table.time("small: os.walk + lstat", lambda: walk(work), repeat=3)
        table.time("small: first scan, both hashes", lambda: scan(work), against="small: os.walk + lstat")
        table.time("small: first commit (scan, packs, index-pack, tree)", lambda: committer.commit("first"))
        table.time(
            "small: unchanged, cache loaded from disk",
            lambda: scan(work, cache=StatCache(folder / "cache")),
            against="small: os.walk + lstat",
            repeat=3,
        )
        touch_some(work, count)
        table.time(
            "small: second scan, 10 changed, cache from disk",
            lambda: scan(work, cache=StatCache(folder / "cache")),
            against="small: os.walk + lstat",
        )
        touch_some(work, count)
        table.time("small: scan + send, 10 changed", lambda: committer.prepare("second"))
        committer.commit("second")
        checkouts(table, folder, store, str(committer.parent), "small")
        run_git(work, "init", "--quiet")
        table.time("small: git add + commit, first", lambda: git_commit(work))
        touch_some(work, count)
        table.time("small: git add + commit, 10 changed", lambda: git_commit(work))
    compare(table, "small: first commit (scan, packs, index-pack, tree)", "small: git add + commit, first")
    compare(table, "small: scan + send, 10 changed", "small: git add + commit, 10 changed")


def git_commit(work: Path) -> None:
    """All that is in the folder."""
    run_git(work, "add", "-A")
    run_git(work, "-c", "gc.auto=0", "commit", "--quiet", "-m", "m")


def checkouts(table: Table, folder: Path, store: Store, commit: str, name: str) -> None:
    """A fetch, a checkout, and the first scan after it."""
    mirror, cache = Mirror(folder / "mirror.git"), StatCache(folder / "runner-cache")
    objects, target = ObjectCache(folder / "cached", 1 << 40), folder / "checkout"
    table.time(f"{name}: fetch", lambda: mirror.fetch(store.repository.as_uri(), commit))
    table.time(
        f"{name}: checkout, with stat cache",
        lambda: checkout(mirror, commit, target, objects=objects, source=store, cache=cache),
    )
    table.time(f"{name}: first scan after a checkout", lambda: scan(target, cache=cache))
    assert scan(target, cache=cache).read == 0


def hash_file(path: Path) -> None:
    """SHA-256 of one file."""
    with path.open("rb") as file:
        hashlib.file_digest(file, "sha256")


def large_files(table: Table, top: Path, mebibytes: int) -> None:
    """Snapshots of files of up to 250 MiB."""
    with place(top, "large") as folder:
        work, store = folder / "work", Store(folder)
        work.mkdir()
        size = min(250, mebibytes)
        files = [work / f"{number}.bin" for number in range(mebibytes // size)]
        for path in files:
            with path.open("wb") as file:
                for _ in range(size):
                    file.write(os.urandom(1 << 20))
        committer = WorkspaceCommitter(work, store, store.record, None, {}, StatCache(folder / "cache"))
        table.time("large: sha256, one thread", lambda: [hash_file(path) for path in files])
        with ThreadPoolExecutor(2) as pool:
            table.time("large: sha256, two threads", lambda: list(pool.map(hash_file, files)))
        table.time("large: copy", lambda: shutil.copytree(work, folder / "copy"))
        table.time("large: first scan", lambda: scan(work), against="large: sha256, two threads")
        table.time("large: first commit (scan, send, fsync)", lambda: committer.commit("first"))
        checkouts(table, folder, store, str(committer.parent), "large")
        lfs = folder / "copy"
        run_git(lfs, "init", "--quiet")
        run_git(lfs, "lfs", "install", "--local")
        run_git(lfs, "lfs", "track", "*.bin")
        table.time("large: git-lfs add + commit", lambda: git_commit(lfs))
    compare(table, "large: first commit (scan, send, fsync)", "large: git-lfs add + commit")


def compare(table: Table, ours: str, theirs: str) -> None:
    """Say how many times faster one of two lines is."""
    a, b = table.lines[ours], table.lines[theirs]
    cpu = f", {b.cpu / a.cpu:.2f} times the CPU" if a.cpu else ""
    print(f"  -> {theirs}: {b.seconds / a.seconds:.2f} times the time{cpu} of {ours}")


def main() -> int:
    """Measure, print, and write the figures for machines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=100_000, help="number of small files (0: none)")
    parser.add_argument("--large-mib", type=int, default=1024, help="size of all large files in MiB (0: none)")
    parser.add_argument("--json", type=Path, help="file to which each figure is written as a line of JSON")
    arguments = parser.parse_args()
    table = Table()
    with tempfile.TemporaryDirectory(prefix="dotscience-bench-") as top:
        if arguments.files:
            small_files(table, Path(top), arguments.files)
        if arguments.large_mib:
            large_files(table, Path(top), arguments.large_mib)
    if arguments.json:
        arguments.json.write_text("".join(json.dumps(asdict(line)) + "\n" for line in table.lines.values()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
