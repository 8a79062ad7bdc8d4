"""Children: started, watched, started again, ended."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from .child import __file__ as child_program
from .logfile import LogFile

BACKOFF = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before each next start of a child that keeps dying."""
LOOK_SECONDS = 0.05
STEADY_SECONDS = 60.0
"""A child that ran so long begins again with the shortest wait."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Command:
    """How to start a child.

    Attributes:
        name: For people and for its log file.
        arguments: Program and arguments.
        environment: Its whole environment.
        folder: Its working directory.
        before_restart: Awaited before it is started again.
    """

    name: str
    arguments: list[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    before_restart: Callable[[], Awaitable[None]] | None = None


class Child:
    """One child over its restarts."""

    def __init__(self, command: Command, log: LogFile, say: Say) -> None:
        """Args: what to start, where its output goes, and how to tell people."""
        self.command = command
        self._log = log
        self._say = say
        self._process: asyncio.subprocess.Process | None = None
        self._stopping = False
        self._settled = False
        self._watch: asyncio.Task[None] | None = None

    @property
    def running(self) -> bool:
        """Whether the process is there now."""
        return self._process is not None and self._process.returncode is None

    @property
    def pid(self) -> int | None:
        """Its process id while it runs."""
        return self._process.pid if self._process is not None and self.running else None

    @property
    def log(self) -> LogFile:
        """Its log."""
        return self._log

    async def start(self) -> None:
        """Start it; once :meth:`settle` was called it is started again whenever it ends."""
        await self._spawn()
        self._watch = asyncio.create_task(self._keep())

    def settle(self) -> None:
        """It works: what ends from now on is started again. Before, an end is a failed start."""
        self._settled = True

    async def _spawn(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", child_program, "with", str(os.getpid()), *self.command.arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(self.command.environment),
            cwd=self.command.folder,
            # Its own group: Ctrl-C at the terminal reaches the launcher alone, which ends things in order.
            start_new_session=True,
            limit=1 << 20,
        )

    async def _keep(self) -> None:
        failures = 0
        while True:
            began = time.monotonic()
            code = await self._until_ended()
            if self._stopping or not self._settled:
                return
            failures = 0 if time.monotonic() - began > STEADY_SECONDS else failures
            wait = BACKOFF[min(failures, len(BACKOFF) - 1)]
            failures += 1
            self._say(f"The {self.command.name} ended ({_told(code)}); starting it again. Its log: {self._log.path}")
            await asyncio.sleep(wait)
            if self.command.before_restart is not None:
                await self.command.before_restart()
            if not self._stopping:
                await self._spawn()

    async def _until_ended(self) -> int:
        assert self._process is not None
        assert self._process.stdout is not None
        # Grandchildren can hold the pipe open for long: it is read, but not waited for.
        copying = asyncio.create_task(self._log.copy(self._process.stdout))
        code = await _exit_code(self._process)
        await asyncio.wait({copying}, timeout=0.5)
        if not copying.done():
            copying.cancel()
        return code

    async def stop(self, patience: float) -> None:
        """End it and its process group: politely, then by force.

        Args:
            patience: Seconds between the two.
        """
        self._stopping = True
        process = self._process
        if process is not None and process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(_exit_code(process), patience)
            except TimeoutError:
                self._say(f"The {self.command.name} did not end in {patience:.0f} s and is killed.")
        if process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await _exit_code(process)
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
        self._log.close()


async def _exit_code(process: asyncio.subprocess.Process) -> int:
    """Wait for a process alone. asyncio's own wait is over only when its output is, which grandchildren hold open."""
    while process.returncode is None:  # noqa: ASYNC110 - asyncio has no event for it
        await asyncio.sleep(LOOK_SECONDS)
    return process.returncode


def _told(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return f"killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"killed by signal {-code}"
