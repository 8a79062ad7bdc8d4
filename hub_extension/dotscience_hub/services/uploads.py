"""Large contents in parts: see `jupyter_dotscience.api.uploads`."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from dotscience_hub.objects.base import LEFTOVER_SECONDS, ObjectStore
from dotscience_hub.objects.staged import Staged
from dotscience_hub.store import versions
from dotscience_hub.store.database import Database
from jupyter_dotscience.api import uploads as api
from jupyter_dotscience.api.problems import BadRequest, TooLarge

from .caller import Caller
from .contents import FULL, Contents, gathered
from .garbage import keep
from .threads import Threads

FOLDER = "parts"
_IDLE = 16
"""Uploads without a connection whose hash is kept: each has a megabyte of memory, and saves reading its file again."""
_WORKERS = 8
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Uploads:
    """Serves the routes about uploads, for projects and, by way of `DatasetFiles`, for datasets."""

    def __init__(self, database: Database, objects: ObjectStore, contents: Contents) -> None:
        """Make the service.

        Args:
            database: Knows which project has which object.
            objects: Where contents go when they are complete.
            contents: Knows how much room a project has.
        """
        self._database = database
        self._objects = objects
        self._contents = contents
        self._threads = Threads(_WORKERS, "uploads")
        self._shelf = _Shelf()

    def close(self) -> None:
        """Let the worker threads end."""
        self._threads.close()

    def begin_upload(self, caller: Caller, *, project: str, body: api.UploadBegin) -> api.Upload:
        """How far an upload is; 0 bytes for a new one.

        Raises:
            TooLarge: it does not fit into the project's storage.
        """
        path = self._path(project, caller, body.sha256, body.size)
        with self._shelf.use(path, body.sha256, body.size) as staged:
            self._make_room(project, path, body.size)
            return _told(staged)

    async def put_part(
        self, caller: Caller, *, project: str, sha256: str, query: api.PartQuery, body: AsyncIterator[bytes]
    ) -> api.Upload:
        """Add a part. What had arrived when a connection broke is kept.

        Raises:
            Conflict: the next part begins elsewhere, or another connection goes on with it; `received` says where.
            TooLarge: it does not fit into the project's storage.
        """
        path = self._path(project, caller, sha256, query.size)
        run = self._threads.run
        with self._shelf.use(path, sha256, query.size) as staged:
            if query.offset == 0:
                await run(self._make_room, project, path, query.size)
            writer = object()
            await run(staged.take, writer, query.offset)
            try:
                async for pieces in gathered(body):
                    await run(staged.add, writer, pieces)
            finally:
                await run(staged.settle)
            return await run(_told, staged)

    async def finish_upload(self, caller: Caller, *, project: str, sha256: str, body: api.UploadFinish) -> None:
        """Make an object of what was sent. May be repeated.

        Raises:
            Conflict: parts are missing.
            BadRequest: the content has another hash; it is thrown away.
        """
        path = self._path(project, caller, sha256, body.size)
        with self._shelf.use(path, sha256, body.size) as staged:
            await self._threads.run(self._finish, project, staged)

    def sweep(self, age: float = LEFTOVER_SECONDS) -> None:
        """Remove what nobody added to for `age` seconds."""
        for path in self._root.glob("*/*/*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - path.stat().st_mtime > age:
                    self._shelf.discard(path)
        for depth in ("*/*", "*"):
            for folder in self._root.glob(depth):
                with contextlib.suppress(OSError):
                    folder.rmdir()

    def _finish(self, project: str, staged: Staged) -> None:
        with staged.locked():
            known = self._contents.sizes(project, [staged.sha256]).get(staged.sha256) == staged.size
            if known and not staged.path.exists():
                return
            staged.check()
            keep(self._database, staged.sha256)
            self._objects.adopt(staged.path, staged.sha256)
            with self._database.write() as session:
                versions.add_objects(session, project, {staged.sha256: staged.size}, dt.datetime.now(dt.UTC))
            staged.discard()

    @property
    def _root(self) -> Path:
        return self._objects.temporary / FOLDER

    def _path(self, project: str, caller: Caller, sha256: str, size: int) -> Path:
        """Of the file with what came: all about an upload is in its name, and nothing else needs to be kept."""
        if not _SHA256.fullmatch(sha256):
            raise BadRequest("An object's name is its SHA-256: 64 hexadecimal digits.", code="bad_object")
        person = hashlib.sha256(f"{caller.kind}:{caller.name}".encode()).hexdigest()[:32]
        return self._root / project / person / f"{sha256}.{size}"

    def _make_room(self, project: str, path: Path, size: int) -> None:
        """What others are uploading counts as stored. Older uploads of the same person give way."""
        room = self._contents.room(project)
        if room is None:
            return
        others = {each: _size_of(each) for each in self._root.glob(f"{project}/*/*") if each != path}
        own = sorted((each for each in others if each.parent == path.parent), key=_modified)
        while sum(others.values()) + size > room and own:
            if self._shelf.discard(own[0]):
                del others[own[0]]
            del own[0]
        if sum(others.values()) + size > room:
            raise TooLarge(FULL, detail={"room": max(room - sum(others.values()), 0)})


class _Shelf:
    """Those uploads that are in use, and the last few that were."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[Path, Staged] = {}
        self._users: dict[Path, int] = {}

    @contextlib.contextmanager
    def use(self, path: Path, sha256: str, size: int) -> Iterator[Staged]:
        """The upload with this file."""
        with self._lock:
            staged = self._known.pop(path, None) or Staged(path, sha256, size)
            self._known[path] = staged  # the last one used is the last one to go
            self._users[path] = self._users.get(path, 0) + 1
        try:
            yield staged
        finally:
            with self._lock:
                self._users[path] -= 1
                if not self._users[path]:
                    del self._users[path]
                self._close_idle()

    def discard(self, path: Path) -> bool:
        """Remove an upload; False for one that is in use."""
        with self._lock:
            if path in self._users:
                return False
            staged = self._known.pop(path, None)
            if staged is not None:
                staged.close()
            path.unlink(missing_ok=True)
            return True

    def _close_idle(self) -> None:
        idle = [path for path in self._known if path not in self._users]
        for path in idle[: max(len(idle) - _IDLE, 0)]:
            self._known.pop(path).close()


def _told(staged: Staged) -> api.Upload:
    return api.Upload(sha256=staged.sha256, size=staged.size, received=staged.received)


def _size_of(path: Path) -> int:
    """Bytes that an upload will have: its name says so."""
    return int(path.name.partition(".")[2] or 0)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
