"""How the workspace stands, as the panel is told: what the committer says, and what has changed since."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import DotscienceError, Unreachable
from jupyter_dotscience.api.runs import RunReport

from .notebooks import SUFFIX
from .recorder import Outcome

MOST_UNCLAIMED = 10_000
WATCHED_SECONDS = 60.0
"""After somebody asked, a browser counts as being there for so long."""
UNBOUND = (
    "This folder belongs to no project: nothing in it is saved as a version. Log in with `ds login`, bind the folder "
    "with `ds init PROJECT`, and start JupyterLab again."
)


class Standing:
    """The standing of one workspace. For the event loop's thread only.

    Args:
        hub_url: Where the project's page is; empty when this is not known.
        now: What the committer said first; None for a folder that no project has.
        message: Why there is no committer.
    """

    def __init__(self, hub_url: str = "", now: control.Standing | None = None, message: str = UNBOUND) -> None:
        self.version = 1
        self.hub_url = hub_url
        self.environment: tuple[str, str] = ("none", "")
        self._now, self._message = now, message
        self._busy = False
        self._touched: dict[str, control.FileChange] = {}
        self._incoming = control.Incoming()
        self._unclaimed: set[str] = set()
        self._notebooks: dict[str, tuple[int, str]] = {}
        self._changed = asyncio.Event()
        self._asked = -WATCHED_SECONDS

    def touched(self, paths: Iterable[str]) -> None:
        """Files were saved, and are in no version yet."""
        fresh = [path for path in paths if path and path not in self._touched]
        for path in fresh[: control.SHOWN_FILES]:
            self._touched[path] = control.FileChange(path=path, kind=control.ChangeKind.CHANGED)
        if fresh:
            self._tell()

    def committing(self) -> None:
        """A version is being made. Nobody is told: mostly it is made before they could look."""
        self._busy = True

    def made(self, outcome: Outcome) -> None:
        """An attempt to make a version is done."""
        before = self._facts()
        self._busy = False
        self._now = outcome.made.standing
        self._touched.clear()
        self._notebooks = outcome.notebooks
        self._claim(outcome.made.files, outcome.runs)
        if outcome.made.made or self._facts() != before:
            self._tell()

    def failed(self, error: DotscienceError) -> None:
        """No version could be made."""
        self._busy = False
        state = control.State.OFFLINE if isinstance(error, Unreachable) else control.State.ERROR
        self.take(msgspec.structs.replace(self._now or _NOTHING, state=state, message=str(error)))

    def take(self, now: control.Standing) -> None:
        """The committer says how it stands."""
        if now != self._now:
            self._now = now
            self._tell()

    def take_incoming(self, found: control.Incoming) -> None:
        """Others have changed these on main, or nothing any more."""
        if found != self._incoming:
            self._incoming = found
            self._tell()

    def take_environment(self, state: str, message: str) -> None:
        """The notebooks' environment has changed."""
        self.environment = (state, message)
        self._tell()

    def waits(self) -> bool:
        """Whether the committer's answer will change by itself."""
        return self._now is not None and self._now.state in (control.State.OFFLINE, control.State.COMMITTING)

    def watched(self) -> bool:
        """Whether a browser is there."""
        return time.monotonic() - self._asked < WATCHED_SECONDS

    @property
    def conflicts(self) -> list[str]:
        """Paths that main has changed otherwise."""
        return self._now.conflicts if self._now else []

    async def after(self, version: int, wait: float) -> dict[str, Any]:
        """The standing once its version is above ``version``, or after ``wait`` seconds."""
        deadline = time.monotonic() + wait
        while self.version <= version and (left := deadline - time.monotonic()) > 0:
            self._asked = time.monotonic()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except TimeoutError:
                break
        self._asked = time.monotonic()
        return self.tell()

    def tell(self) -> dict[str, Any]:
        """The standing as JSON's values; see docs/reference/serverext.md."""
        return {"version": self.version, **self._facts()}

    def _facts(self) -> dict[str, Any]:
        now = self._now
        unclaimed = sorted(self._unclaimed)
        shown = control.SHOWN_FILES
        told: dict[str, Any] = msgspec.to_builtins(now or _NOTHING)
        return {
            **told,
            "state": self._state().value if now else "unbound",
            "message": told["message"] if now else self._message,
            "hub_url": self.hub_url,
            "changed_files": [msgspec.to_builtins(change) for change in self._touched.values()][:shown],
            "more_changed_files": max(0, len(self._touched) - shown),
            "incoming_files": [msgspec.to_builtins(change) for change in self._incoming.files],
            "more_incoming_files": self._incoming.more_files,
            "unclaimed_files": unclaimed[:shown],
            "more_unclaimed_files": max(0, len(unclaimed) - shown),
            "notebooks": {
                path: {"runs": runs, "error": error} for path, (runs, error) in sorted(self._notebooks.items())
            },
            "environment": dict(zip(("state", "message"), self.environment, strict=True)),
        }

    def _state(self) -> control.State:
        assert self._now is not None
        if self._busy:
            return control.State.COMMITTING
        if self._touched and self._now.state is control.State.PUSHED:
            return control.State.SAVED
        return self._now.state

    def _claim(self, files: Sequence[control.FileChange], runs: Sequence[RunReport]) -> None:
        """Note the files that nobody says where they come from; notebooks are what people write."""
        for change in files:
            if change.kind is control.ChangeKind.DELETED:
                self._unclaimed.discard(change.path)
            elif not change.path.endswith(SUFFIX) and len(self._unclaimed) < MOST_UNCLAIMED:
                self._unclaimed.add(change.path)
        for run in runs:
            self._unclaimed.difference_update([*run.outputs, *run.inputs, run.workload_file or ""])

    def _tell(self) -> None:
        self.version += 1
        self._changed.set()
        self._changed = asyncio.Event()


_NOTHING = control.Standing(state=control.State.SAVED)
