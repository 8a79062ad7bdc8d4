"""Running git's own server programs on projects' repositories."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import json
import logging
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from dotscience_hub.git import pre_receive
from dotscience_hub.git.binary import command, environment, limit_memory
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.problems import Unavailable

from .commits import Commits

log = logging.getLogger("dotscience.git")

_CHUNK = 1 << 18
_MEMORY = 4 << 30
"""Bytes of memory git may take for one request: deltas can unpack to any size."""
_ERRORS = 4000
_PROCESSES = 32


class GitProcess:
    """One git program that serves one request. A context manager: at its end the program is gone."""

    def __init__(self, process: asyncio.subprocess.Process, slots: asyncio.Semaphore, objects: Path | None) -> None:
        """Of a program just started.

        Args:
            process: The program.
            slots: One of them is taken, and given back at the end.
            objects: A temporary file to remove at the end.
        """
        self._process = process
        self._slots = slots
        self._objects = objects
        self._closed = False
        self._errors = asyncio.ensure_future(_last_words(process))

    async def __aenter__(self) -> GitProcess:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def write(self, piece: bytes) -> None:
        """Hand on input; waits when git is slower. What git does not want to read is dropped."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            self._process.stdin.write(piece)
            await self._process.stdin.drain()

    def end_input(self) -> None:
        """There is no more input."""
        assert self._process.stdin is not None
        self._process.stdin.close()

    async def output(self) -> AsyncIterator[bytes]:
        """What git answers, while it does."""
        assert self._process.stdout is not None
        while chunk := await self._process.stdout.read(_CHUNK):
            yield chunk
        code = await self._process.wait()
        if code != 0:
            log.warning("git ended with %s: %s", code, await self._errors)

    def kill(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        if not self._closed:
            asyncio.ensure_future(self.close())  # noqa: RUF006 - nothing waits for it

    async def close(self) -> None:
        """End it if it still runs, and clean up."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()
            # Before the wait: asyncio lets it end only when all pipes are at their end, and an unread one never is.
            assert self._process.stdout is not None
            while await self._process.stdout.read(_CHUNK):
                pass
            await self._process.wait()
            await self._errors
        finally:
            self._slots.release()
            if self._objects is not None:
                self._objects.unlink(missing_ok=True)


class GitServer:
    """Starts git for requests of smart HTTP."""

    def __init__(self, database: Database, commits: Commits, hooks: Path) -> None:
        """Make it.

        Args:
            database: Knows which objects a project has.
            commits: The commit graph.
            hooks: A folder for our hook, which nothing else may write.
        """
        self._database = database
        self._commits = commits
        self._hooks = pre_receive.install(hooks)
        self._slots = asyncio.Semaphore(_PROCESSES)

    @property
    def max_pack(self) -> int:
        """Bytes that a push may have."""
        return self._commits.repositories.limits.pack

    async def start(self, project: str, service: str, version: str | None, *, advertise: bool = False) -> GitProcess:
        """Start git on a project.

        Args:
            project: Its id.
            service: `git-upload-pack` or `git-receive-pack`.
            version: The Git-Protocol header.
            advertise: Only tell what there is.

        Raises:
            NotFound: the project has no repository.
            Unavailable: pushes cannot be checked, so none is taken.
        """
        repository = await asyncio.to_thread(self._commits.repositories.open, project)
        receiving = service == "git-receive-pack"
        if receiving:
            self._check_hook()
        objects = None
        await self._slots.acquire()
        try:
            if receiving and not advertise:
                objects = await asyncio.to_thread(self._objects_file, project)
            extra = self._environment(objects)
            if version is not None and len(version) < 100:
                extra["GIT_PROTOCOL"] = version
            arguments = [service.removeprefix("git-"), "--stateless-rpc"]
            arguments += ["--http-backend-info-refs"] if advertise else []
            # Searching for new deltas while a runner waits costs four times the fetch; those in packs are sent as is.
            limits = ["-c", f"receive.maxInputSize={self.max_pack}"] if receiving else ["-c", "pack.window=0"]
            process = await asyncio.create_subprocess_exec(
                *command(*limits, *arguments, repository.folder, hooks=self._hooks),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=environment(extra),
            )
        except BaseException:
            self._slots.release()
            if objects is not None:
                objects.unlink(missing_ok=True)
            raise
        limit_memory(process.pid, _MEMORY)
        return GitProcess(process, self._slots, objects)

    def _check_hook(self) -> None:
        """Git takes a push without a word when it finds no hook that it can run: a folder mounted noexec is enough."""
        if not os.access(self._hooks / "pre-receive", os.X_OK):
            log.error("the hook in %s cannot be executed: is the folder mounted noexec?", self._hooks)
            raise Unavailable("This hub cannot check pushes at the moment; tell its administrator.")

    async def after_push(self, project: str) -> None:
        """Note what a push brought. What fails here is done again when somebody asks for it."""
        try:
            await asyncio.to_thread(self._note_push, project)
        except Exception:
            log.exception("a push to project %s is not indexed yet", project)

    def _note_push(self, project: str) -> None:
        self._commits.indexer.ensure_branches(project)
        self._commits.moved(project)
        self._commits.maintenance.note(project)

    def _objects_file(self, project: str) -> Path:
        """The project's objects, for the hook: it has no way to the store."""
        with self._database.read() as session:
            objects = versions.all_objects(session, project)
        with tempfile.NamedTemporaryFile("w", prefix="dotscience-objects-", delete=False) as file:
            file.writelines(f"{sha256} {size}\n" for sha256, size in objects.items())
        return Path(file.name)

    def _environment(self, objects: Path | None) -> dict[str, str]:
        if objects is None:
            return {}
        limits = dataclasses.asdict(self._commits.repositories.limits)
        return {
            pre_receive.LIMITS: json.dumps(limits),
            pre_receive.OBJECTS: str(objects),
            pre_receive.PYTHON: sys.executable,
        }


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """The end of what git writes on standard error."""
    assert process.stderr is not None
    kept = b""
    while chunk := await process.stderr.read(_ERRORS):
        kept = (kept + chunk)[-_ERRORS:]
    return kept.decode(errors="replace").strip()
