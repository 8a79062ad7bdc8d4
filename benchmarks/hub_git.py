"""The hub's side of a workspace of 100,000 files: pack, first commit, listing, ten changed files, merge, fork.

    .venv/bin/python benchmarks/hub_git.py [FILES]

Everything is on this machine's disk, without HTTP; the git figures beside it are of the same contents.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import os
import struct
import sys
import tempfile
import time
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from dotscience_hub.git.repositories import Repositories
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.services.commits import Commits
from dotscience_hub.services.contents import Contents
from dotscience_hub.store import versions
from dotscience_hub.store.base import Table
from dotscience_hub.store.database import Database

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.ids import new_id

SIZE = 4096
NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print how long the block took."""
    start, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what:48s} {time.perf_counter() - start:8.3f} s  ({time.process_time() - cpu:.3f} s CPU here)", flush=True)


def pack(contents: list[bytes]) -> bytes:
    """A git pack of blobs, not compressed."""
    parts = [b"PACK" + struct.pack(">II", 2, len(contents))]
    for content in contents:
        size = len(content)
        head = bytearray([(3 << 4) | (size & 15)])
        size >>= 4
        while size:
            head[-1] |= 0x80
            head.append(size & 0x7F)
            size >>= 7
        parts += [bytes(head), zlib.compress(content, 0)]
    body = b"".join(parts)
    return body + hashlib.sha1(body, usedforsecurity=False).digest()


async def pieces(content: bytes) -> AsyncIterator[bytes]:
    """A body as it arrives."""
    for start in range(0, len(content), 1 << 16):
        yield content[start : start + (1 << 16)]


def change(number: int, content: bytes, *, inline: bool = False) -> Change:
    """One file."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return Change(
        path=f"d{number // 100:04d}/f{number:06d}",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        modified=1,
        data=content if inline else None,
        blob=None if inline else blob,
    )


def request(parent: str | None, changes: list[Change], message: str) -> CommitCreate:
    """A commit request."""
    return CommitCreate(parent=parent, message=message, created=NOW, changes=changes)


def main(files: int) -> None:
    """Run it."""
    contents = [os.urandom(SIZE) for _ in range(files)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = Database(f"sqlite:///{folder}/hub.db")
        Table.metadata.create_all(
            database.engine,
            tables=[t.__table__ for t in (versions.CommitRow, versions.FileVersionRow, versions.ProjectObjectRow)],
        )
        repositories = Repositories(folder / "git")
        commits = Commits(database, repositories)
        hub_contents = Contents(database, repositories, FolderObjects(folder / "objects"))
        project = new_id()
        repositories.create(project)
        run(commits, hub_contents, project, contents)
        commits.close()
        hub_contents.close()
        database.dispose()


def run(commits: Commits, hub_contents: Contents, project: str, contents: list[bytes]) -> None:
    """The measured steps."""
    packed = pack(contents)
    with timed(f"pack of {len(contents)} files, {len(packed) >> 20} MiB"):
        asyncio.run(hub_contents.receive_pack(project, pieces(packed)))
    changes = [change(number, content) for number, content in enumerate(contents)]
    with timed("first commit, contents verified"):
        first = commits.record(project, request(None, changes, "first"), "alice").commit
    assert first is not None
    with timed("listing of all files"):
        assert len(commits.listing.files(project, first, "")) == len(contents)
    few = [change(number * 97, os.urandom(SIZE), inline=True) for number in range(10)]
    with timed("ten changed files"):
        second = commits.record(project, request(first, few, "second"), "alice").commit
    few = [change(number * 97 + 1, os.urandom(SIZE), inline=True) for number in range(10)]
    with timed("ten others from the same parent: a merge"):
        assert commits.record(project, request(first, few, "third"), "alice").merged
    repeat("one changed file (median of 20)", lambda n: small(commits, project, n))
    with timed("listing of one folder"):
        commits.listing.files(project, str(commits.head(project)), "d0001")
    with timed("versions of ten inputs"):
        commits.versions_at(project, str(commits.head(project)), [f"d0000/f{n:06d}" for n in range(10)])
    with timed("fork: git"):
        commits.repositories.fork(project, new_id())
    with timed("fork: git and rows"):
        commits.fork_project(project, new_id())
    assert second is not None


def small(commits: Commits, project: str, number: int) -> None:
    """One autosave."""
    body = request(commits.head(project), [change(5, b"%d" % number, inline=True)], f"save {number}")
    commits.record(project, body, "alice")


def repeat(what: str, work: Callable[[int], None]) -> None:
    """Print the median of 20."""
    found = []
    for number in range(20):
        start = time.perf_counter()
        work(number)
        found.append(time.perf_counter() - start)
    print(f"{what:48s} {sorted(found)[10]:8.3f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
