"""Removing what deleted projects and datasets leave behind."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
from collections.abc import Callable, Iterable, Iterator

from sqlalchemy.orm import Session

from dotscience_hub.objects.base import ObjectStore
from dotscience_hub.queue.clock import Clock
from dotscience_hub.store import garbage as store
from dotscience_hub.store.database import Database

from .commits import Commits

log = logging.getLogger("dotscience.garbage")
_AT_ONCE = 500
Free = Callable[[Session, list[str]], list[str]]
"""Those of these names that nobody has."""


class Garbage:
    """Collects contents of large files that nobody has, and histories whose project or dataset is gone.

    What nobody has is marked, and removed when it still is nobody's after a time of grace: long enough to notice a
    database that was put in place by mistake. An upload at the same time is safe: before it stores a content it takes
    the mark away (`keep`), and a content is removed in a transaction that holds the mark. Either the mark is gone and
    the content stays, or the upload waits and stores it anew.
    """

    def __init__(
        self, database: Database, commits: Commits, objects: ObjectStore, grace: dt.timedelta, clock: Clock
    ) -> None:
        """Make it.

        Args:
            database: Knows who has what.
            commits: Histories.
            objects: Contents of large files.
            grace: How long something must have been nobody's.
            clock: Tells the time.
        """
        self._database = database
        self._commits = commits
        self._objects = objects
        self._grace = grace
        self._clock = clock

    def collect(self) -> int:
        """Mark what nobody has, and remove what nobody had for long; how much was removed."""
        removed = self._histories() + self._contents()
        if removed:
            log.info("removed %d contents and histories that nobody had since %s", removed, self._grace)
        return removed

    def _histories(self) -> int:
        with self._database.read() as session:
            known = store.owners(session)
        self._mark(store.HISTORY, store.nobody, sorted(known | set(self._commits.repositories.all())))
        removed = 0
        for id_ in self._due(store.HISTORY, store.nobody):
            self._commits.delete_project(id_)
            with self._database.write() as session:
                store.unmark(session, store.HISTORY, [id_])
            removed += 1
        return removed

    def _contents(self) -> int:
        self._mark(store.OBJECT, store.objects_of_nobody, self._objects.all())
        removed = 0
        for sha256 in self._due(store.OBJECT, store.objects_of_nobody):
            with self._database.write() as session:
                removed += self._remove(session, sha256)
        return removed

    def _remove(self, session: Session, sha256: str) -> bool:
        """Remove a content that is still nobody's; whether it was."""
        if store.lock_mark(session, store.OBJECT, sha256) is None:
            return False  # it is being stored again
        free = bool(store.objects_of_nobody(session, [sha256]))
        if free:
            self._objects.delete(sha256)
        store.unmark(session, store.OBJECT, [sha256])
        return free

    def _mark(self, kind: str, free: Free, names: Iterable[str]) -> None:
        remaining = iter(names)
        while batch := list(itertools.islice(remaining, _AT_ONCE)):
            with self._database.read() as session:
                found = free(session, batch)
            if found:
                with self._database.write() as session:
                    store.mark(session, kind, free(session, found), self._clock())

    def _due(self, kind: str, free: Free) -> Iterator[str]:
        """What was marked long ago and is still nobody's; marks of what is somebody's again are taken away."""
        after = ""
        while True:
            with self._database.read() as session:
                due = store.marked_before(session, kind, self._clock() - self._grace, after, _AT_ONCE)
                found = set(free(session, due))
            if not due:
                return
            again = [name for name in due if name not in found]
            if again:
                with self._database.write() as session:
                    store.unmark(session, kind, again)
            yield from sorted(found)
            after = due[-1]


def keep(database: Database, sha256: str) -> None:
    """Say that an object is about to be stored; to be called before its content is put into the object store.

    Without a mark there is nothing to do: one that is made from now on means nothing before the time of grace is over.
    """
    with database.read() as session:
        if not store.is_marked(session, store.OBJECT, sha256):
            return
    with database.write() as session:
        store.unmark(session, store.OBJECT, [sha256])
