"""Orders about one workspace (:mod:`jupyter_dotscience.api.control`), carried out by whoever has its committer.

On a runner that is the agent, over the control socket; in a JupyterLab that no hub started, its server extension.
"""

from __future__ import annotations

import contextlib
import logging
import random
import threading
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from jupyter_dotscience.api import control, paths
from jupyter_dotscience.api.commits import ChangedFiles, CommitList, FileChange
from jupyter_dotscience.api.files import Tree
from jupyter_dotscience.api.problems import Conflict, DotscienceError, Unavailable, Unreachable
from jupyter_dotscience.api.runs import Points, Run, RunList

from .entry import entries_of
from .pull import Way
from .queued import PASSING, Kept, QueuedCommitter

log = logging.getLogger(__name__)
_FIRST_SECONDS, _LONGEST_SECONDS = 0.5, 30.0
_SHOWN_CONFLICTS: Final = 3
PATIENCE_SECONDS: Final = 5.0
"""A large file is taken for a whole one when nobody has written to it for so long, or somebody says so."""
_Reading = control.History | control.ListRuns | control.ReadRun | control.ReadPoints | control.ReadFile


class Project(Protocol):
    """What the hub knows of the workspace's project. Errors are those of the client."""

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        """Versions, newest first."""

    def known_runs(self, runs: Sequence[str]) -> list[str]:
        """Those of these runs that the project has."""

    def runs(self, limit: int, cursor: str | None) -> RunList:
        """Runs, newest first."""

    def run(self, run: str) -> Run:
        """One run with all details."""

    def points(self, run: str, after: int, limit: int) -> Points:
        """A run's live curves: rows with an index greater than ``after``."""

    def read_file(self, path: str, at: str, limit: int) -> bytes:
        """A file as it was; TooLarge when it has more bytes than ``limit``."""

    def content(self, path: str, at: str) -> Iterator[bytes]:
        """A file as it was, in pieces."""

    def tree(self) -> Tree:
        """All files of main's newest version."""

    def changes_since(self, since: str | None, limit: int, at: str = "main") -> ChangedFiles:
        """Where a version, main's newest unless named, differs from an older one."""


class Orders:
    """Carries out orders, and brings what waits to the hub when it is back. Safe to use from several threads.

    Args:
        committer: Of the workspace; started.
        project: The hub's side.
        project_id: For people's eyes.
        project_name: For people's eyes.
    """

    def __init__(
        self, committer: QueuedCommitter, project: Project, *, project_id: str = "", project_name: str = ""
    ) -> None:
        self.committer, self._project = committer, project
        self._project_id, self._project_name = project_id, project_name
        self._one_at_a_time = threading.Lock()
        self._problem, self._finished = "", False
        self._work, self._closed = threading.Event(), threading.Event()
        self._thread: threading.Thread | None = None
        if committer.outbox.numbers:
            self._send_later()

    def answer(self, order: control.Order) -> control.Result:
        """Carry out an order.

        Raises:
            DotscienceError: it cannot be done; the text says why.
        """
        if isinstance(order, control.Commit):
            return self._commit(order)
        if isinstance(order, control.Known):
            return self._known(order.runs)
        if isinstance(order, control.Look):
            return self._look()
        if isinstance(order, control.TakeIn):
            return self._take_in(order)
        return self.standing() if isinstance(order, control.Status) else self._read(order)

    def _read(self, order: _Reading) -> control.Result:
        if isinstance(order, control.History):
            return self._project.history(order.path, order.limit, order.cursor)
        if isinstance(order, control.ListRuns):
            return self._project.runs(order.limit, order.cursor)
        if isinstance(order, control.ReadRun):
            return self._project.run(order.run)
        if isinstance(order, control.ReadPoints):
            return self._project.points(order.run, order.after, order.limit)
        return self._project.read_file(order.path, order.at, control.MAX_FILE)

    def finish(self) -> None:
        """Wait for the order under way, and carry out no more: what is made after this is made by the caller."""
        with self._one_at_a_time:
            self._finished = True
        self.close()

    def close(self) -> None:
        """Bring nothing more to the hub; what waits is on disk."""
        self._closed.set()
        self._work.set()
        if self._thread is not None:
            self._thread.join()

    def standing(self) -> control.Standing:
        """How the workspace stands to the hub now."""
        committer = self.committer
        known = committer.standing
        queued = len(committer.outbox.numbers)
        state = self._state(queued)
        return control.Standing(
            state=state,
            message=self._message(state, queued),
            project=self._project_id,
            project_name=self._project_name,
            branch=known.branch,
            commit=known.commit,
            committed=known.created,
            queued=queued,
            conflicts=known.conflicts,
            skipped=[f"{paths.to_text(path)}: {why}" for path, why in sorted(committer.skipped.items())][
                : control.SHOWN_FILES
            ],
        )

    def _known(self, runs: Sequence[str]) -> control.KnownRuns:
        """What waits on this disk is known too."""
        waiting = self.committer.waiting_runs
        others = [run for run in runs if run not in waiting]
        known = self._project.known_runs(others) if others else []
        return control.KnownRuns(runs=[*known, *(run for run in runs if run in waiting)])

    def _commit(self, order: control.Commit) -> control.Made:
        with self._turn():
            try:
                patience = PATIENCE_SECONDS if order.patient and not order.runs else 0.0
                kept = self.committer.commit(order.message, order.runs, order.keep, patience=patience)
            except DotscienceError as error:
                self._problem = str(error)
                raise
            if self.committer.outbox.numbers:
                self._send_now_or_later()
            elif not self.committer.problem:
                self._problem = ""
        files, more = _files(_kinds(kept), control.SHOWN_FILES)
        return control.Made(
            made=kept.number is not None,
            standing=self.standing(),
            files=files,
            more_files=more,
            unfinished=kept.unfinished,
        )

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        with self._one_at_a_time:
            if self._finished:
                raise Unavailable("JupyterLab is ending: its files are being saved.")
            yield

    def _look(self) -> control.Incoming:
        """What main has and this workspace has not. In a conflict main lacks what is here, too: that comes first."""
        known = self.committer.standing
        if known.conflicts:
            return control.Incoming()
        found = self._project.changes_since(known.commit, control.SHOWN_FILES)
        if not found.contained:
            return control.Incoming()
        files = [control.FileChange(path=item.path, kind=_KINDS[item.change]) for item in found.items]
        return control.Incoming(files=files, more_files=found.total - len(files))

    def _take_in(self, order: control.TakeIn) -> control.Taken:
        committer = self.committer
        with self._turn():
            known = committer.standing
            if known.conflicts:
                raise Conflict("Settle the conflict first: keep yours, or take theirs.", code="unsettled")
            if committer.outbox.numbers:
                if not committer.online:
                    raise Unreachable("The hub is away; what others changed can be taken in when it is back.")
                return control.Taken(done=False, standing=self.standing())
            tree, base = self._project.tree(), frozenset(committer.base)
            self._check_has(tree.commit, known.commit)
            spared = {paths.to_bytes(path) for path in order.spared}
            at = tree.commit or "main"
            read = lambda path: self._project.content(path, at)  # noqa: E731 - of this version
            way = committer.take_in(known, tree.commit, entries_of(tree), read, spared)
        files, more = _files(_way_kinds(way, base), control.TOLD_FILES) if way else ([], 0)
        return control.Taken(done=way is not None, standing=self.standing(), files=files, more_files=more)

    def _check_has(self, main: str | None, ours: str | None) -> None:
        """Refuse a main without this folder's newest version: what it lacks would look like somebody's deletion.

        Raises:
            Conflict: it lacks it.
        """
        if ours is not None and (main is None or not self._project.changes_since(ours, 1, main).contained):
            raise Conflict("The newest version here is not on main yet. Save a version first.", code="unsettled")

    def _send_now_or_later(self) -> None:
        if self.committer.online:
            self._send()
        if self.committer.outbox.numbers:
            self._send_later()

    def _send(self) -> bool:
        """Bring what waits to the hub; False when it is worth another try soon."""
        try:
            self.committer.ship()
        except PASSING:
            return False
        except DotscienceError as error:
            log.warning("A version could not be brought to the hub: %s", error)
            self._problem = str(error)
            return not self.committer.outbox.numbers
        self._problem = ""
        return True

    def _send_later(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._keep_sending, name="dotscience-send", daemon=True)
            self._thread.start()
        self._work.set()

    def _keep_sending(self) -> None:
        pause = _FIRST_SECONDS
        while not self._closed.is_set():
            self._work.wait()
            if self._send():
                pause = _FIRST_SECONDS
                self._work.clear()
                # A version that was made meanwhile must not wait for the next one.
                if self.committer.outbox.numbers:
                    self._work.set()
            else:
                self._closed.wait(pause * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
                pause = min(pause * 2, _LONGEST_SECONDS)

    def _state(self, queued: int) -> control.State:
        if self._one_at_a_time.locked():
            return control.State.COMMITTING
        if self._problem:
            return control.State.ERROR
        if queued:
            return control.State.OFFLINE
        return control.State.CONFLICT if self.committer.standing.conflicts else control.State.PUSHED

    def _message(self, state: control.State, queued: int) -> str:
        if state is control.State.ERROR:
            return self._problem
        if state is control.State.OFFLINE:
            kept = f"{queued} version{'s wait' if queued > 1 else ' waits'}"
            return f"The hub is away: {kept} on this disk and will go up by {'themselves' if queued > 1 else 'itself'}."
        if state is control.State.CONFLICT:
            standing = self.committer.standing
            shown = ", ".join(standing.conflicts[:_SHOWN_CONFLICTS])
            more = len(standing.conflicts) - _SHOWN_CONFLICTS
            shown += f" and {more} more" if more > 0 else ""
            return (
                f"Somebody else has changed {shown} too. Both are kept: theirs on main, yours on {standing.branch}. "
                "Keep yours, or take theirs."
            )
        return ""


_KINDS = {
    FileChange.ADDED: control.ChangeKind.NEW,
    FileChange.MODIFIED: control.ChangeKind.CHANGED,
    FileChange.DELETED: control.ChangeKind.DELETED,
}
_Kinds = Iterator[tuple[bytes, control.ChangeKind]]


def _kinds(kept: Kept) -> _Kinds:
    for path in sorted(kept.found.changed):
        yield path, control.ChangeKind.NEW if path in kept.new else control.ChangeKind.CHANGED
    for path in kept.found.deleted:
        yield path, control.ChangeKind.DELETED


def _way_kinds(way: Way, base: frozenset[bytes]) -> _Kinds:
    for path in sorted(way.changed):
        yield path, control.ChangeKind.CHANGED if path in base else control.ChangeKind.NEW
    for path in sorted(way.deleted):
        yield path, control.ChangeKind.DELETED


def _files(kinds: Iterable[tuple[bytes, control.ChangeKind]], most: int) -> tuple[list[control.FileChange], int]:
    listed = list(kinds)
    shown = [control.FileChange(path=paths.to_text(path), kind=kind) for path, kind in listed[:most]]
    return shown, len(listed) - len(shown)
