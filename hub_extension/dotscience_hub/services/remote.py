"""Runs of programs outside of any task: what `connect` of the library, also of the published one, asks of a hub.

A program sends the files that it wrote, each to its path, and then says what it did: that makes one version, with the
files and the run. Which files came is noted by person and project until then.
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
from weakref import WeakValueDictionary

from dotscience_hub.store import projects as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.runs import known_run_ids
from jupyter_dotscience.api import metadata as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.marker import MarkerError
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.runs import RunReport

from .access import NO_PROJECT
from .arrivals import Arrivals
from .caller import Caller
from .commits import Commits
from .projects import Projects
from .staging import Arrived, Staging, sweep
from .threads import Threads
from .workspace import Workspace

_ALIAS: Final = 8
"""Digits of a project's id in the name of its workspace: the library takes the first ones of the id that it is told."""
_WORKSPACE: Final = re.compile(r"project-([0-9a-f]{8})-default-workspace")
_FACTS: Final = ("exec.start", "exec.end", "runner.name", "runner.platform", "runner.platform_version")
_LATE_SECONDS: Final = 5.0
"""The published library does not wait for the answer to a file: it may come after what is said of it."""
_LONGEST_SECONDS: Final = 50.0
"""For files that are on their way; the library waits for an answer for a minute."""
_LOOK_SECONDS: Final = 0.1
_TRIES: Final = 5
_SHOWN: Final = 3


class RemoteRuns:
    """Takes runs from outside.

    Args:
        database: Where projects and runs are.
        projects: Makes projects.
        workspace: Makes versions.
        commits: Knows the newest.
        arrivals: Takes files.
        folder: For notes of what came.
        threads: For what blocks; closed with this.
    """

    def __init__(
        self, database: Database, projects: Projects, workspace: Workspace, commits: Commits, arrivals: Arrivals,
        folder: Path, threads: Threads,
    ) -> None:  # fmt: skip
        self._database, self._projects, self._workspace = database, projects, workspace
        self._commits, self._arrivals = commits, arrivals
        self._folder, self._threads = folder, threads
        self._coming: Counter[tuple[str, str, str]] = Counter()
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def close(self) -> None:
        """Let the threads end."""
        self._threads.close()

    def sweep(self) -> None:
        """Forget files whose run was never recorded."""
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
        """Take a file, or those of a folder in a tar file; see :class:`Arrivals`."""
        staging = self._staging(caller, project)
        with self._arriving(caller, project, f"{path}/" if archive else path):
            if archive:
                changes = await self._arrivals.archive(project, path, body)
            else:
                changes = [await self._arrivals.file(project, path, body)]
            for change in changes:
                await self._threads.run(staging.note, change)

    async def record(self, caller: Caller, project: str, message: str, metadata: Mapping[str, str]) -> str:
        """Make a version of what came, with the runs that the metadata describe; its id. May be repeated.

        Raises:
            BadRequest: the metadata describe no run, files of it have not come, or a folder is where one would be.
            Conflict: others change the same files all the time.
        """
        try:
            runs = await self._threads.run(api.runs_in, metadata)
        except MarkerError as error:
            raise BadRequest(str(error)) from None
        facts = {"workload.type": "remote", **{key: metadata[key] for key in _FACTS if key in metadata}}
        staging = self._staging(caller, project)
        arrived = await self._all_there(caller, project, staging, runs)
        changes = await self._arrivals.packed(project, [each.change for each in arrived.values()])
        # One after the other: a second request for the same run finds it, and nobody's are merged line by line.
        async with self._locks.setdefault(project, asyncio.Lock()):
            commit = await self._threads.run(self._commit, caller, project, message, runs, changes, facts)
        await self._threads.run(staging.discard, arrived)
        return commit

    def _staging(self, caller: Caller, project: str) -> Staging:
        return Staging(self._folder / project / hashlib.sha256(caller.name.encode()).hexdigest()[:32])

    @contextmanager
    def _arriving(self, caller: Caller, project: str, path: str) -> Iterator[None]:
        key = (project, caller.name, path)
        self._coming[key] += 1
        try:
            yield
        finally:
            self._coming[key] -= 1
            if not self._coming[key]:
                del self._coming[key]

    async def _all_there(
        self, caller: Caller, project: str, staging: Staging, runs: Sequence[RunReport]
    ) -> dict[str, Arrived]:
        """Wait for files that are on their way, and for a while for those that are not seen yet.

        Raises:
            BadRequest: some do not come.
        """
        begin = time.monotonic()
        paths = sorted({path for run in runs for path in run.outputs})
        missing = await self._threads.run(staging.missing, paths)
        while missing or self._under_way(caller, project, paths):
            if await self._threads.run(self._recorded, project, runs):
                break
            took = time.monotonic() - begin
            if took > (_LONGEST_SECONDS if self._under_way(caller, project, paths) else _LATE_SECONDS):
                raise BadRequest(_not_come(missing or paths), code="missing_content")
            await asyncio.sleep(_LOOK_SECONDS)
            missing = await self._threads.run(staging.missing, missing)
        return await self._threads.run(staging.find, paths)

    def _under_way(self, caller: Caller, project: str, paths: Sequence[str]) -> bool:
        own = [path for where, who, path in self._coming if (where, who) == (project, caller.name)]
        return any(path.startswith(one) if one.endswith("/") else path == one for one in own for path in paths)

    def _recorded(self, project: str, runs: Sequence[RunReport]) -> str | None:
        """The version with these runs, when all of them are recorded."""
        with self._database.read() as session:
            known = known_run_ids(session, project, [run.id for run in runs])
        if any(run.id not in known for run in runs):
            return None
        return known[runs[0].id].commit or self._commits.head(project)

    def _commit(
        self, caller: Caller, project: str, message: str, runs: list[RunReport], changes: list[Change],
        facts: Mapping[str, str],
    ) -> str:  # fmt: skip
        if (recorded := self._recorded(project, runs)) is not None:
            return recorded
        created = now()
        for left in reversed(range(_TRIES)):
            head = self._commits.head(project)
            body = CommitCreate(parent=head, message=message, created=created, changes=changes, runs=runs)
            try:
                made = self._workspace.record_with_runs(caller.name, project, body, facts).commit
            except Conflict:
                # Somebody saved the same files in this moment. What the run wrote stands on what is there now.
                if not left:
                    raise
                time.sleep(_LOOK_SECONDS)
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


def _not_come(paths: Sequence[str]) -> str:
    shown = ", ".join(paths[:_SHOWN])
    more = f" and {len(paths) - _SHOWN} more" if len(paths) > _SHOWN else ""
    return f"These outputs have not come, or were refused: {shown}{more}. Nothing is recorded; publish again."
