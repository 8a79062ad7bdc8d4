"""Runs of programs outside of any task: what `connect` of the library, also of the published one, asks of a hub.

A program sends the files that it wrote, each to its path, and then says what it did: that makes one version, with the
files and the run. Files are kept by person and project until then.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from dotscience_hub.store import projects as store
from dotscience_hub.store.database import Database
from jupyter_dotscience.api import metadata as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.marker import MarkerError
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.workspace.hashing import blob_id
from jupyter_dotscience.workspace.pack import PackWriter

from .access import NO_PROJECT
from .caller import Caller
from .commits import Commits
from .contents import Contents
from .projects import Projects
from .staging import Staging, sweep
from .threads import Threads
from .workspace import Workspace

_ALIAS: Final = 8
"""Digits of a project's id in the name of its workspace: the library takes the first ones of the id that it is told."""
_WORKSPACE: Final = re.compile(r"project-([0-9a-f]{8})-default-workspace")
_FACTS: Final = ("exec.start", "exec.end", "runner.name", "runner.platform", "runner.platform_version")
_INLINE: Final = 1 << 16
"""Bytes up to which a file's content is part of the request for a version."""
_LATE_SECONDS: Final = 15.0
"""The published library does not wait for the answer to a file: it may come after what is said of it."""
_LOOK_SECONDS: Final = 0.05
_TRIES: Final = 5
_WORKERS: Final = 4


class RemoteRuns:
    """Takes runs from outside.

    Args:
        database: Where projects are.
        projects: Makes projects.
        workspace: Makes versions.
        commits: Knows the newest.
        contents: Takes contents.
        folder: For files until they are in a version.
        threshold: Files above this many bytes are kept as large objects.
    """

    def __init__(
        self, database: Database, projects: Projects, workspace: Workspace, commits: Commits, contents: Contents,
        folder: Path, threshold: int,
    ) -> None:  # fmt: skip
        self._database, self._projects, self._workspace = database, projects, workspace
        self._commits, self._contents = commits, contents
        self._folder, self._threshold = folder, threshold
        self._threads = Threads(_WORKERS, "remote")
        self._coming: Counter[tuple[str, str]] = Counter()

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def sweep(self) -> None:
        """Remove files whose run was never recorded."""
        sweep(self._folder)

    def list_projects(self, caller: Caller) -> list[dict[str, str]]:
        """Those that the caller may write to, own ones first: the library takes the first of a name."""
        with self._database.read() as session:
            rows = session.scalars(store.writable_projects(caller.name)).all()
            rows = sorted(rows, key=lambda row: (row.owner != caller.name, row.id))
            return [{"id": told_id(row.id), "name": row.name} for row in rows]

    def create_project(self, caller: Caller, name: str) -> dict[str, str]:
        """A new project."""
        made = self._projects.create_project(caller, body=ProjectCreate(name=name))
        return {"id": told_id(made.id), "name": made.name}

    def find(self, caller: Caller, workspace: str) -> str:
        """The id of the project whose workspace the library calls so.

        Raises:
            NotFound: the caller has none, or may not write to it.
            Conflict: there are several.
        """
        match = _WORKSPACE.fullmatch(workspace)
        if match is None:
            raise NotFound(NO_PROJECT)
        with self._database.read() as session:
            query = store.writable_projects(caller.name).where(store.ProjectRow.id.endswith(match[1]))
            rows = session.scalars(query).all()
        if not rows:
            raise NotFound(NO_PROJECT)
        if len(rows) > 1:
            raise Conflict(f"Several projects end in {match[1]}; record the run in another one.", code="ambiguous")
        return rows[0].id

    async def receive(
        self, caller: Caller, project: str, path: str, body: AsyncIterator[bytes], *, archive: bool
    ) -> None:
        """Take a file, or those of a folder in a tar file.

        Raises:
            BadRequest: no file can have this path, or it is no tar file.
            TooLarge: it does not fit into the project's storage.
        """
        staging = self._staging(caller, project)
        with self._arriving(caller, project):
            room = await self._threads.run(self._room, project, staging)
            take = staging.receive_archive if archive else staging.receive
            await take(path, body, room, self._threads)

    async def record(self, caller: Caller, project: str, message: str, metadata: Mapping[str, str]) -> str:
        """Make a version of what came, with the runs that the metadata describe; its id.

        Raises:
            BadRequest: the metadata describe no run.
            Conflict: others change the same files all the time.
            TooLarge: it does not fit into the project's storage.
        """
        try:
            runs = api.runs_in(metadata)
        except MarkerError as error:
            raise BadRequest(str(error)) from None
        staging = self._staging(caller, project)
        paths = sorted({path for run in runs for path in run.outputs})
        await self._all_there(caller, project, staging, paths)
        facts = {"workload.type": "remote", **{key: metadata[key] for key in _FACTS if key in metadata}}
        with staging.taken(paths) as files:
            changes = [await self._change(project, path, file) for path, file in files.items()]
            return await self._threads.run(self._commit, caller, project, message, runs, changes, facts)

    def _room(self, project: str, staging: Staging) -> int | None:
        room = self._contents.room(project)
        return None if room is None else max(room - staging.size(), 0)

    def _staging(self, caller: Caller, project: str) -> Staging:
        person = hashlib.sha256(f"{caller.kind}:{caller.name}".encode()).hexdigest()[:32]
        return Staging(self._folder / project / person)

    @contextmanager
    def _arriving(self, caller: Caller, project: str) -> Iterator[None]:
        key = (project, caller.name)
        self._coming[key] += 1
        try:
            yield
        finally:
            self._coming[key] -= 1
            if not self._coming[key]:
                del self._coming[key]

    async def _all_there(self, caller: Caller, project: str, staging: Staging, paths: Sequence[str]) -> None:
        """Wait for files that are on their way, and for a while for those that are not seen yet."""
        key, end = (project, caller.name), time.monotonic() + _LATE_SECONDS
        while self._coming[key] or not all(staging.has(path) for path in paths):
            if not self._coming[key] and time.monotonic() > end:
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _change(self, project: str, path: str, file: Path) -> Change:
        size = await self._threads.run(lambda: file.stat().st_size)
        if size > self._threshold:
            sha256 = await self._threads.run(_sha256, file)
            await self._contents.receive_object(project, sha256, _pieces(file), size)
            return Change(path=path, size=size, sha256=sha256, large=True)
        data = await self._threads.run(file.read_bytes)
        if size <= _INLINE:
            return Change(path=path, size=size, data=data)
        await self._contents.receive_pack(project, _pack_of(data))
        return Change(path=path, size=size, blob=blob_id(data))

    def _commit(
        self, caller: Caller, project: str, message: str, runs: list[RunReport], changes: list[Change],
        facts: Mapping[str, str],
    ) -> str:  # fmt: skip
        created = now()
        for left in reversed(range(_TRIES)):
            head = self._commits.head(project)
            body = CommitCreate(parent=head, message=message, created=created, changes=changes, runs=runs)
            try:
                made = self._workspace.record_with_runs(caller.name, project, body, facts).commit
            except Conflict:
                # Somebody was quicker. What the run wrote stands on what is there now.
                if not left:
                    raise
                continue
            assert made is not None
            return made
        raise AssertionError


def told_id(project: str) -> str:
    """What the library is told to be a project's id.

    It names the workspace by the first eight digits, and projects made in the same minute have these in common: so the
    last ones, which are random, are put before.
    """
    return f"{project[-_ALIAS:]}.{project}"


def _sha256(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


async def _pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as content:
        while piece := await asyncio.to_thread(content.read, 1 << 20):
            yield piece


async def _pack_of(data: bytes) -> AsyncIterator[bytes]:
    pieces: list[bytes] = []

    class Sink:
        def write(self, data: bytes) -> None:
            pieces.append(data)

    writer = PackWriter(Sink(), 1)
    await asyncio.to_thread(writer.add, data)
    writer.finish()
    for piece in pieces:
        yield piece
