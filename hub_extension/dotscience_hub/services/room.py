"""How much a project may still store."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterator

from sqlalchemy.orm import Session

from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.problems import TooLarge

FULL = "The storage is full: delete something or ask an administrator for more."
_LOCKS = 64


class Locks:
    """A lock for each name: always the same one, and never more than a few in all, as names may share theirs."""

    def __init__(self) -> None:
        self._locks = tuple(threading.Lock() for _ in range(_LOCKS))

    def of(self, name: str) -> threading.Lock:
        """The lock of a name. Nobody may hold those of two names."""
        return self._locks[hash(name) % _LOCKS]


class Room:
    """The quota of each project. What is just being stored counts as stored, else several at once would all fit.

    Args:
        database: Knows which project has which object.
        quota: Bytes of objects that one project may have; None for no limit.
    """

    def __init__(self, database: Database, quota: int | None) -> None:
        self._database = database
        self._quota = quota
        self._locks = Locks()
        self._promised: dict[str, list[tuple[str, int]]] = {}

    @property
    def limited(self) -> bool:
        """Whether there is a quota."""
        return self._quota is not None

    def left(self, project: str, counted: Collection[str] = ()) -> int | None:
        """Bytes that the project may still store; None for no limit.

        Args:
            project: Its id.
            counted: Contents that the caller counts, so that those being stored among them do not count here.
        """
        if self._quota is None:
            return None
        with self._locks.of(project), self._database.read() as session:
            return self._left(session, self._quota, project, counted)

    @contextlib.contextmanager
    def promised(self, project: str, sha256: str, size: int) -> Iterator[None]:
        """Around the storing of an object, until it is noted that the project has it: its room is nobody else's.

        Raises:
            TooLarge: it does not fit.
        """
        if self._quota is None:
            yield
            return
        lock, promise = self._locks.of(project), (sha256, size)
        with lock:
            self._check(self._quota, project, promise)
            self._promised.setdefault(project, []).append(promise)
        try:
            yield
        finally:
            with lock:
                self._promised[project].remove(promise)
                if not self._promised[project]:
                    del self._promised[project]

    def _check(self, quota: int, project: str, promise: tuple[str, int]) -> None:
        sha256, size = promise
        with self._database.read() as session:
            if sha256 in versions.objects_of(session, project, [sha256]):
                return
            left = self._left(session, quota, project, [sha256])
        if size > left:
            raise TooLarge(FULL, detail={"room": left})

    def _left(self, session: Session, quota: int, project: str, counted: Collection[str]) -> int:
        # The last of several sizes of one content counts: the largest. Whose is wrong will be refused.
        promised = dict(sorted(self._promised.get(project, ())))
        for sha256 in {*counted, *versions.objects_of(session, project, list(promised))}:
            promised.pop(sha256, None)
        return max(quota - versions.objects_size(session, project) - sum(promised.values()), 0)
