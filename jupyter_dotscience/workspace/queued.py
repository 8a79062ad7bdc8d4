"""A committer for a folder that people work in: a version is on disk first, and reaches the hub in order."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.problems import (
    ApiError,
    BadRequest,
    NotFound,
    ServerError,
    TooLarge,
    Unavailable,
    Unreachable,
)
from jupyter_dotscience.api.runs import RunReport

from . import incoming, names, pull
from .baseline import Baseline, Standing, entry_of
from .carried import Carried
from .committer import commit_request
from .diff import Changes, changes
from .entry import DEFAULT_THRESHOLD, Entry
from .errors import WorkspaceError
from .outbox import MOST_BYTES, Draft, Outbox, Waiting
from .scan import BEING_WRITTEN, TICK, scan
from .statcache import StatCache
from .transfer import Remote, Sent, send

log = logging.getLogger(__name__)
PASSING = (Unreachable, Unavailable, ServerError)
"""Errors that say nothing about what was sent: the hub is away, starts, or has a full disk."""
_REFUSALS = (BadRequest, NotFound, TooLarge)
_NAMED = 2
_NO_ROOM = "So many versions wait for the hub that there is no room for more; this one can be saved when it is back."


@dataclass(frozen=True)
class Placed:
    """Where the hub has put a version.

    Attributes:
        commit: The version; None when there was nothing in it.
        branch: The branch that has it.
        conflicts: Paths for which main does not have it.
    """

    commit: str | None
    branch: str = "main"
    conflicts: Sequence[str] = ()


Record = Callable[[CommitCreate, Sequence[RunReport]], Placed]
"""Hands a version with its runs to the hub. Repeated, it does nothing the second time."""


@dataclass(frozen=True)
class Kept:
    """A version that was made.

    Attributes:
        number: Of the version on this disk; None when there was nothing to make one of.
        found: What changed.
        new: Those of the changed files that were not there before.
    """

    number: int | None
    found: Changes
    new: frozenset[bytes] = field(default_factory=frozenset)

    @property
    def unfinished(self) -> bool:
        """Whether large files were left for a later version, because they are being written."""
        return BEING_WRITTEN in self.found.skipped.values()


class QueuedCommitter:
    """Makes versions of a folder, whether the hub is there or not. Safe to use from several threads.

    Args:
        root: The folder.
        state: Where it keeps what must survive: the outbox, the baseline, the stat cache. One process at a time.
        remote: Where contents go.
        record: Where versions go.
        threshold: Files above this many bytes are kept as large objects.
        exclude: Stored paths not to look at.
        exclude_names: Names not to look at, wherever they are.
    """

    def __init__(
        self,
        root: Path,
        state: Path,
        *,
        remote: Remote,
        record: Record,
        threshold: int = DEFAULT_THRESHOLD,
        exclude: Collection[bytes] = (),
        exclude_names: Collection[str] = (),
    ) -> None:
        self._root, self._remote, self._record, self._threshold = root, remote, record, threshold
        self._exclude, self._exclude_names = frozenset(exclude), frozenset(exclude_names)
        self._cache = StatCache(state / "stat-cache")
        self.outbox = Outbox(state / "outbox")
        self.baseline = Baseline(state / "base")
        self._making, self._shipping = threading.Lock(), threading.Lock()
        self._carried = Carried(state / "runs.json")
        self._runs: dict[int, list[str]] = {}
        self._base = self._restored()
        # Killed right after a version was kept with them.
        self._carried.drop(run for runs in self._runs.values() for run in runs)
        self.online = True
        self.problem = ""
        self.skipped: Mapping[bytes, str] = {}

    @property
    def started(self) -> bool:
        """Whether it knows what the folder was filled with."""
        return self.baseline.standing is not None

    @property
    def standing(self) -> Standing:
        """Where the hub has the newest version that was sent."""
        assert self.baseline.standing is not None, "start() comes first"
        return self.baseline.standing

    @property
    def base(self) -> Mapping[bytes, Entry]:
        """The files of the newest version, by stored path."""
        return self._base

    def start(
        self,
        commit: str | None,
        entries: Mapping[bytes, Entry],
        branch: str = "main",
        conflicts: Sequence[str] = (),
    ) -> None:
        """Say what the folder was filled with, and that nothing of it waits. Later versions are relative to it.

        Args:
            commit: The version.
            entries: Its files.
            branch: The branch that has it.
            conflicts: Paths for which main does not have it.
        """
        with self._making:
            self._start(commit, entries, branch, conflicts)

    def _start(
        self, commit: str | None, entries: Mapping[bytes, Entry], branch: str = "main", conflicts: Sequence[str] = ()
    ) -> None:
        last = self._number()
        for number in self.outbox.numbers:
            self.outbox.remove(number)
        self.baseline.start(commit, entries, number=last, branch=branch, conflicts=conflicts)
        self._base = self._restored()

    def take_in(
        self,
        known: Standing,
        commit: str | None,
        target: Mapping[bytes, Entry],
        read: pull.Read,
        spared: Collection[bytes] = (),
    ) -> pull.Way | None:
        """Bring the folder to a version of the hub that has the folder's newest one in its history.

        A file is written only where it is still what the folder's newest version has. Killed in the middle, what was
        written by then becomes part of the next version, as somebody's who did the same by hand.

        Args:
            known: The standing for which the hub has said that the version has it in its history.
            commit: The version.
            target: Its files.
            read: Brings contents.
            spared: Stored paths that must not be touched, because a program has them with changes of its own.

        Returns:
            What was written and deleted; None when the folder has something that is not on main yet. Then nothing was.

        Raises:
            Conflict: it would touch what is spared, or what cannot be versioned. Nothing was changed.
            ContentChanged: a file was changed in this very moment.
            WorkspaceError: a file cannot be written.
        """
        with self._making:
            if self.outbox.numbers or self.standing != known or known.conflicts or self._changes():
                return None
            wanted = incoming.versioned(target, self._exclude, self._exclude_names)
            way = pull.Way.between(self._base, wanted)
            incoming.refuse(way, spared, self.skipped)
            if not self._settled(way):
                return None
            names.remove_temporaries(self._root)
            pull.go(self._root, way, read, incoming.Guard(self._base, self._cache.entries, self._threshold))
            self._start(commit, wanted)
        return way

    def _settled(self, way: pull.Way) -> bool:
        """Whether what a way touches can be told from what a program writes now.

        A file that was written a moment ago may be written again with no sign of it, until the file system's clock has
        moved: it is looked at once more after that.
        """
        touched = {names.on_disk(path) for path in (*way.changed, *way.deleted) if path in self._base}
        if touched <= self._cache.entries.keys():
            return True
        time.sleep(2 * TICK / 1e9)
        return not self._changes()

    def commit(
        self,
        message: str = "",
        runs: Sequence[RunReport] = (),
        keep: Sequence[str] = (),
        *,
        patience: float = 0.0,
    ) -> Kept:
        """Take the folder as it is for a version, on disk. :meth:`ship` brings it to the hub.

        Args:
            message: What the version is for: it is made also when nothing has changed. Empty: words about what has.
            runs: Runs to record with it.
            keep: Paths of which this folder's version shall stand where main has another.
            patience: Seconds for which a large file must not have been written to.

        Raises:
            WorkspaceError: the folder cannot be read, or the disk is full; or no more versions may wait for the hub,
                and this one was asked for with words.
        """
        with self._making:
            found = self._changes(patience)
            runs = list({run.id: run for run in (*self._carried.runs, *runs)}.values())
            if not (found or message or runs or keep):
                return Kept(None, found, self._new(found))
            if not self._waits_for_room(found):
                return self._keep(found, message, runs, keep)
            self._carried.add(runs)
            if message or keep:
                raise WorkspaceError(_NO_ROOM)
            return Kept(None, found, self._new(found))

    def prepare(self, message: str) -> CommitCreate | None:
        """What has changed since the newest version, its contents sent, for a commit that somebody else records.

        Nothing is kept of it: called again, it answers the same as long as the folder is the same.

        Returns:
            The commit, without its parent; None when nothing has changed.

        Raises:
            WorkspaceError: the folder cannot be read.
            DotscienceError: the hub is away, or does not take a content.
        """
        with self._making:
            found = self._changes()
            if not found:
                return None
            sent = send(self._root, found, self._remote)
            return commit_request(found, sent, branch="main", parent=None, message=message)

    @property
    def waiting_runs(self) -> frozenset[str]:
        """Ids of the runs that wait for the hub."""
        ids = [run for runs in list(self._runs.values()) for run in runs]
        return frozenset([*ids, *(run.id for run in self._carried.runs)])

    @property
    def carried(self) -> Sequence[RunReport]:
        """Runs of versions that the hub did not take; they go with the next."""
        return self._carried.runs

    def ship(self) -> None:
        """Bring all versions that wait to the hub, oldest first.

        Raises:
            DotscienceError: the hub is away, or does not take one; it waits on.
        """
        with self._shipping:
            for number in self.outbox.numbers:
                if number > self.standing.number:
                    self._ship(number, self.outbox.load(number))
                self.outbox.remove(number)
                self._runs.pop(number, None)
            self.online, self.problem = True, ""

    def _changes(self, patience: float = 0.0) -> Changes:
        snapshot = scan(
            self._root,
            cache=self._cache,
            threshold=self._threshold,
            exclude=self._exclude,
            exclude_names=self._exclude_names,
            patience=patience,
        )
        found = changes(self._base, snapshot)
        self.skipped = found.skipped
        return found

    def _ship(self, number: int, waiting: Waiting) -> None:
        request = msgspec.structs.replace(waiting.commit, parent=self.standing.commit)
        try:
            self.outbox.send(number, waiting, self._remote)
            placed, runs = self._placed(request, waiting.runs)
        except PASSING:
            self.online = False
            raise
        except _REFUSALS as error:
            self._start_over(error)
            raise
        made = request.changes or request.deletes or request.always
        standing = Standing(
            number=number,
            # Without changes and runs there is no commit of ours, and main's newest may be others'.
            commit=(placed.commit if made or runs else None) or self.standing.commit,
            branch=placed.branch,
            conflicts=list(placed.conflicts),
            created=request.created,
        )
        self.baseline.advance(standing, request.changes, request.deletes)

    def _placed(self, request: CommitCreate, runs: Sequence[RunReport]) -> tuple[Placed, Sequence[RunReport]]:
        """Record a version; without its runs, when it is those that the hub does not take. Answers those it took."""
        try:
            return self._record(request, runs), runs
        except (BadRequest, TooLarge):
            if not runs:
                raise
            placed = self._record(request, ())
            log.warning("The hub does not take the runs %s.", ", ".join(run.id for run in runs)[:1000])
            return placed, ()

    def _start_over(self, error: ApiError) -> None:
        """The hub does not take a version: the next one is made of what is in the folder, on what the hub has."""
        with self._making:
            self.problem = str(error)
            unsent = [number for number in self.outbox.numbers if number > self.standing.number]
            self._carried.add(run for number in unsent for run in self.outbox.load(number).runs)
            for number in self.outbox.numbers:
                self.outbox.remove(number)
            self._base = self._restored()

    def _keep(self, found: Changes, message: str, runs: Sequence[RunReport], keep: Sequence[str]) -> Kept:
        number = self._number() + 1
        draft = self.outbox.begin(number)
        try:
            sent = self._send(found, draft)
            words = message or describe(found, runs)
            request = commit_request(found, sent, branch="main", parent=None, message=words, keep=keep)
            # Who writes a message wants a version that bears it; all there is may have been saved a moment ago.
            request = msgspec.structs.replace(request, always=bool(message))
            if not (request.changes or request.deletes or message or runs or keep):
                draft.discard()
                return Kept(None, found)
            draft.keep(request, runs)
            self._runs[number] = [run.id for run in runs]
        except BaseException:
            draft.discard()
            raise
        new = self._new(found)
        self._carried.drop(run.id for run in runs)
        self._take(found, sent)
        return Kept(number, found, new)

    def _send(self, found: Changes, draft: Draft) -> Sent:
        """Contents go to the hub at once while it is there, else beside the version on this disk."""
        if self.online and not self.outbox.numbers:
            try:
                return send(self._root, found, self._remote)
            except PASSING:
                self.online = False
        return send(self._root, found, draft)

    def _take(self, found: Changes, sent: Sent) -> None:
        for path in found.deleted:
            self._base.pop(path, None)
        self._base.update({path: entry for path, entry in found.changed.items() if path not in sent.left})

    def _waits_for_room(self, found: Changes) -> bool:
        away = not self.online or bool(self.outbox.numbers)
        return away and (self.outbox.full or sum(entry.size for entry in found.changed.values()) > MOST_BYTES)

    def _new(self, found: Changes) -> frozenset[bytes]:
        return frozenset(path for path in found.changed if path not in self._base)

    def _number(self) -> int:
        known = self.baseline.standing.number if self.baseline.standing else 0
        return max([known, *self.outbox.numbers])

    def _restored(self) -> dict[bytes, Entry]:
        """The files of the newest version: those of the baseline with what waits."""
        entries = dict(self.baseline.entries)
        standing = self.baseline.standing
        for number in self.outbox.numbers:
            if standing is not None and number > standing.number:
                waiting = self.outbox.load(number)
                commit = waiting.commit
                self._runs[number] = [run.id for run in waiting.runs]
                for path in commit.deletes:
                    entries.pop(paths.to_bytes(path), None)
                entries.update({paths.to_bytes(change.path): entry_of(change) for change in commit.changes})
        return entries


def describe(found: Changes, runs: Sequence[RunReport]) -> str:
    """A version's message, when nobody gave one."""
    if runs:
        said = [run.description.splitlines()[0] for run in runs if run.description and run.description.strip()]
        return (said[0] if len(said) == 1 else f"Dotscience runs ({len(runs)})" if len(runs) > 1 else "Dotscience run")[
            :500
        ]
    names = [paths.to_text(path) for path in sorted(found.changed)]
    if not names:
        names = [paths.to_text(path) for path in found.deleted]
        return f"Delete {_some(names)}"
    return f"Save {_some(names)}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(name[:200] for name in names[:_NAMED])
    return shown + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
