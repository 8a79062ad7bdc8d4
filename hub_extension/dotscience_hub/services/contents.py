"""Contents on their way in and out: large objects and packs, always of one project."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

from dotscience_hub.git.packs import QUARANTINE
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.objects.base import CHUNK, Incoming, ObjectStore
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.commits import Missing, MissingQuery, ObjectRef
from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge

from .download import Download, of_iterator
from .garbage import keep
from .room import FULL, Room
from .threads import Threads

_SHA256 = re.compile(r"[0-9a-f]{64}")
_WORKERS = 8


class Contents:
    """Receives and serves contents.

    Whether something is "there" is answered per project: else whoever knows a hash would get the content.
    """

    def __init__(
        self, database: Database, repositories: Repositories, objects: ObjectStore, quota: int | None = None
    ) -> None:
        """Make it.

        Args:
            database: Knows which project has which object.
            repositories: Take packs.
            objects: Has the objects of all projects.
            quota: Bytes of objects that one project may have; None for no limit.
        """
        self._database = database
        self._repositories = repositories
        self._objects = objects
        self._room = Room(database, quota)
        self._threads = Threads(_WORKERS, "contents")

    def close(self) -> None:
        """Let the worker threads end."""
        self._threads.close()

    def sizes(self, project: str, hashes: Sequence[str]) -> Mapping[str, int]:
        """Sizes of those objects that the project has."""
        with self._database.read() as session:
            return versions.objects_of(session, project, hashes)

    def find_missing(self, project: str, query: MissingQuery) -> Missing:
        """Which contents the project does not have.

        Raises:
            TooLarge: they would not fit into its storage.
        """
        known = self.sizes(project, [ref.sha256 for ref in query.objects])
        missing = {ref.sha256: ref.size for ref in query.objects if known.get(ref.sha256) != ref.size}
        self.check_room(project, sum(missing.values()))
        blobs = list(dict.fromkeys(query.blobs))
        return Missing(blobs=self._repositories.open(project).missing(blobs), objects=list(missing))

    def missing_objects(self, project: str, refs: Sequence[ObjectRef]) -> set[str]:
        """Those objects that the project does not have (with this size)."""
        known = self.sizes(project, [ref.sha256 for ref in refs])
        return {ref.sha256 for ref in refs if known.get(ref.sha256) != ref.size}

    @property
    def limited(self) -> bool:
        """Whether projects have a quota."""
        return self._room.limited

    def room(self, project: str, counted: Collection[str] = ()) -> int | None:
        """Bytes that the project may still store; see `Room.left`."""
        return self._room.left(project, counted)

    def check_room(self, project: str, size: int) -> None:
        """Whether so many bytes still fit.

        Raises:
            TooLarge: they do not.
        """
        room = self.room(project)
        if room is not None and size > room:
            raise TooLarge(FULL, detail={"room": room})

    async def receive_object(
        self, project: str, sha256: str, body: AsyncIterator[bytes], size: int | None = None
    ) -> None:
        """Store an object for a project.

        It is received also when the hub has it already for another project: only who has the content may say so.

        Raises:
            BadRequest: the content has another hash or size; nothing is kept.
            TooLarge: it does not fit into the project's storage.
        """
        if not _SHA256.fullmatch(sha256):
            raise BadRequest("An object's name is its SHA-256: 64 hexadecimal digits.", code="bad_object")
        incoming = await self._threads.run(self._begin, project, sha256, size)
        try:
            async for pieces in gathered(body):
                await self._threads.run(incoming.write, *pieces)
            await self._threads.run(self._finish, project, incoming)
        finally:
            await self._threads.run(incoming.__exit__)

    def _begin(self, project: str, sha256: str, size: int | None) -> Incoming:
        self._repositories.open(project)
        known = self.sizes(project, [sha256]).get(sha256)
        if known is not None:
            # It adds nothing, so it may be sent to a full project; not what only says to be it, without an end.
            return self._objects.receive(sha256, known)
        return self._objects.receive(sha256, size, self.room(project, [sha256]))

    def _finish(self, project: str, incoming: Incoming) -> None:
        with self.storing(project, incoming.sha256, incoming.received):
            incoming.store()
            self.note(project, incoming.sha256, incoming.received)

    @contextlib.contextmanager
    def storing(self, project: str, sha256: str, size: int) -> Iterator[None]:
        """Around putting an object into the store and noting it; room that was there at the begin may be gone.

        Raises:
            TooLarge: it does not fit into the project's storage; nothing has happened.
        """
        with self._room.promised(project, sha256, size):
            keep(self._database, sha256)
            yield

    def note(self, project: str, sha256: str, size: int) -> None:
        """Note that a project has an object, which is in the store."""
        with self._database.write() as session:
            versions.add_objects(session, project, {sha256: size}, dt.datetime.now(dt.UTC))

    def object(self, project: str, sha256: str, filename: str | None = None) -> Download:
        """An object of a project.

        Raises:
            NotFound: the project has none with this hash.
        """
        size = self.sizes(project, [sha256]).get(sha256)
        if size is None:
            raise NotFound(f"This project has no object {sha256[:64]}.")
        return of_iterator(size, lambda start, length: self._objects.read(sha256, start, length), filename)

    def read(self, sha256: str) -> Iterator[bytes]:
        """An object's content, in pieces. That the project has it was asked before."""
        return self._objects.read(sha256)

    async def receive_pack(self, project: str, body: AsyncIterator[bytes]) -> int:
        """Take a pack of blobs into a project's repository; how many objects it held.

        Raises:
            BadRequest: it is no such pack.
            TooLarge: it is over the limit.
        """
        repository = await self._threads.run(self._repositories.open, project)
        path = repository.folder / "objects" / f"{QUARANTINE}{secrets.token_hex(8)}.pack"
        try:
            await self._save(path, body, repository.limits.pack)
            return await self._threads.run(repository.ingest_pack, path)
        finally:
            await self._threads.run(_remove, path)

    async def _save(self, path: Path, body: AsyncIterator[bytes], limit: int) -> None:
        received = 0
        with path.open("xb") as file:
            async for pieces in gathered(body):
                received += sum(map(len, pieces))
                if received > limit:
                    raise TooLarge(f"A pack may have {limit} bytes at the most; send several.")
                await self._threads.run(file.writelines, pieces)
            await self._threads.run(_flush, file.fileno(), file.flush)


async def gathered(body: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """The pieces, about a megabyte of them at a time: one switch of threads for each."""
    pieces: list[bytes] = []
    size = 0
    async for piece in body:
        pieces.append(piece)
        size += len(piece)
        if size >= CHUNK:
            yield pieces
            pieces, size = [], 0
    if pieces:
        yield pieces


def _flush(handle: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(handle)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
