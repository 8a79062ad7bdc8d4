"""When to make a version: soon after files were saved or runs published, and not too often.

All of it happens on the server's event loop, but for the work itself, which is done on one thread. What is noted never
waits: a save is as quick as without the extension, and a version that cannot be made is tried again later.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import Conflict, DotscienceError
from jupyter_dotscience.api.runs import RunReport
from jupyter_dotscience.workspace.threads import Threads

from .aside import aside
from .recorder import Recorder
from .standing import Standing

log = logging.getLogger(__name__)
T = TypeVar("T")
_UNFINISHED_SECONDS = 5.0
"""After a version without a large file that is being written, at the least, before the next one."""
_TRIES = 5
"""Of taking in what others changed, while programs go on to change files here."""


@dataclass(frozen=True)
class Pace:
    """How soon and how often, in seconds.

    Attributes:
        quiet: Nothing may have happened for so long before a version is made.
        longest: After the first change, however much goes on.
        watch: Between looks at files that nobody told of, while somebody may be writing some.
        load: A look may take this part of the time.
        others: Between looks at what others have changed, while a browser is there.
    """

    quiet: float = 1.5
    longest: float = 10.0
    watch: float = 10.0
    load: float = 0.05
    others: float = 15.0


class AutoCommit:
    """Makes versions of one workspace.

    Args:
        recorder: Does the work.
        standing: Told of what goes on.
        active: Whether somebody may be writing files unnoticed: a kernel at work, an open terminal, a browser.
        pace: How soon and how often.
    """

    def __init__(
        self, recorder: Recorder, standing: Standing, active: Callable[[], bool], pace: Pace | None = None
    ) -> None:
        self._recorder, self._standing, self._active, self._pace = recorder, standing, active, pace or Pace()
        self._thread = Threads(1, "dotscience-commit")
        self._lock = asyncio.Lock()
        self._wake = asyncio.Event()
        self._first = self._last = 0.0
        self._published: list[RunReport] = []
        self._next_watch = self._next_look = 0.0
        self._was_active = False
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin, on the running event loop."""
        self._tasks = [asyncio.ensure_future(self._forever(work)) for work in (self._commit_soon, self._watch)]

    async def close(self) -> None:
        """Make a last version, and stop."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(DotscienceError):
            await self.commit("")
        await self.work(self._recorder.close)
        self._thread.close(wait=False)

    def note(self, *paths: str) -> None:
        """Files have changed; those that have a name are told of until they are part of a version."""
        self._standing.touched(paths)
        self._note()

    def published(self, run: RunReport) -> None:
        """A kernel has published a run."""
        if len(self._published) < control.SHOWN_FILES * 5:
            self._published.append(run)
            self._note()

    def idle(self) -> None:
        """A cell is done. What it wrote is looked for at the next occasion; what it published, now."""
        if self._published:
            self._note()

    def _note(self, later: float = 0.0) -> None:
        now = time.monotonic() + later
        self._last = now
        if not self._wake.is_set():
            self._first = now
            self._wake.set()

    async def commit(self, message: str, keep: list[str] | None = None, *, patient: bool = False) -> control.Made:
        """Make a version now.

        Args:
            message: What it is for.
            keep: Conflicting paths of which this workspace's version shall stand.
            patient: Large files that are being written may wait; then it is not the last one for long.

        Raises:
            DotscienceError: it cannot be made.
        """
        async with self._lock:
            self._wake.clear()
            published, self._published = self._published, []
            self._standing.committing()
            started = time.monotonic()
            try:
                outcome = await self.work(
                    lambda: self._recorder.commit(message, published, keep or [], patient=patient)
                )
            except DotscienceError as error:
                self._published = published + self._published
                self._standing.failed(error)
                raise
            took = time.monotonic() - started
            self._next_watch = time.monotonic() + max(self._pace.watch, took / self._pace.load)
            self._standing.made(outcome)
            if outcome.made.unfinished:
                self._note(_UNFINISHED_SECONDS)
            return outcome.made

    async def take_in(self, spared: Sequence[str]) -> control.Taken:
        """Bring what others have changed into the workspace, all of which becomes a version before.

        Args:
            spared: Files with changes that are not saved: none of them may be touched.

        Raises:
            Conflict: one of them would be, or both sides changed the same, or files change all the time.
            DotscienceError: it cannot be done.
        """
        for _ in range(_TRIES):
            await self.commit("")
            async with self._lock:
                taken = await self.work(lambda: self._recorder.ask(control.TakeIn(spared=list(spared)), control.Taken))
                self._standing.take(taken.standing)
            if taken.done:
                self._standing.take_incoming(control.Incoming())
                return taken
        raise Conflict("The files here change all the time; try again when no program writes to them.", code="busy")

    async def work(self, call: Callable[[], T]) -> T:
        """Do something that blocks on the thread of this workspace."""
        return await asyncio.wrap_future(self._thread.submit(call))

    async def _commit_soon(self) -> None:
        await self._wake.wait()
        left = self._left()
        if left > 0:
            await asyncio.sleep(left)  # more may be noted meanwhile
        else:
            await self.commit("", patient=True)

    def _left(self) -> float:
        """Seconds until it is time."""
        return min(self._last + self._pace.quiet, self._first + self._pace.longest) - time.monotonic()

    async def _watch(self) -> None:
        await asyncio.sleep(self._pace.quiet)
        active = self._active()
        if (active or self._was_active) and time.monotonic() >= self._next_watch and not self._wake.is_set():
            self._was_active = active
            await self.commit("", patient=True)
        elif self._standing.waits():
            self._standing.take(await self.work(lambda: self._recorder.ask(control.Status(), control.Standing)))
        if self._standing.watched() and time.monotonic() >= self._next_look:
            await self._look()

    async def _look(self) -> None:
        """See what others have changed; a hub that is away says nothing of it. Versions are made meanwhile."""
        started = time.monotonic()
        with contextlib.suppress(DotscienceError):
            self._standing.take_incoming(await aside(self._recorder.ask, control.Look(), control.Incoming))
        took = time.monotonic() - started
        self._next_look = time.monotonic() + max(self._pace.others, took / self._pace.load)

    async def _forever(self, work: Callable[[], Awaitable[Any]]) -> None:
        """Do it again and again; what goes wrong is told of, and tried again after a while."""
        pause = self._pace.quiet
        while True:
            try:
                await work()
                pause = self._pace.quiet
            except DotscienceError as error:
                log.debug("%s", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 6 * self._pace.longest)
                self._note()
            except Exception:
                log.exception("The extension failed to make a version; it will try again")
                await asyncio.sleep(6 * self._pace.longest)
