"""Large contents in parts: see `jupyter_dotscience.api.uploads`."""

from __future__ import annotations

import contextlib
import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from dotscience_hub.objects.base import LEFTOVER_SECONDS, ObjectStore
from dotscience_hub.objects.staged import Staged
from jupyter_dotscience.api import uploads as api
from jupyter_dotscience.api.problems import BadRequest, TooLarge

from .caller import Caller
from .contents import Contents, gathered
from .room import FULL, Locks
from .threads import Threads

FOLDER = "parts"
_IDLE = 16
"""Uploads without a connection whose hash is kept: each has a megabyte of memory, and saves reading its file again."""
_WORKERS = 8
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Uploads:
    """Serves the routes about uploads, for projects and, by way of `DatasetFiles`, for datasets."""

    def __init__(self, objects: ObjectStore, contents: Contents) -> None:
        """Make the service.

        Args:
            objects: Where contents go when they are complete.
            contents: Knows which project has which object, and how much room it has.
        """
        self._objects = objects
        self._contents = contents
        self._threads = Threads(_WORKERS, "uploads")
        self._shelf = _Shelf()
        self._locks = Locks()
        self._coming: Counter[Path] = Counter()

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
            with self._locks.of(project):
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
            writer = object()
            await run(self._take, project, staged, writer, query.offset)
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
            TooLarge: something else took the room in the project's storage meanwhile; it is thrown away.
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
            try:
                self._store(project, staged)
            except TooLarge:
                staged.discard()
                raise

    def _store(self, project: str, staged: Staged) -> None:
        with self._contents.storing(project, staged.sha256, staged.size):
            self._objects.adopt(staged.path, staged.sha256)
            # Who makes room meanwhile must count it once: as an upload, or as stored.
            with self._locks.of(project):
                self._contents.note(project, staged.sha256, staged.size)
                staged.discard()

    def _take(self, project: str, staged: Staged, writer: object, offset: int) -> None:
        if offset:
            staged.take(writer, offset)
            return
        with self._room_for(project, staged.path, staged.size):
            staged.take(writer, offset)

    @property
    def _root(self) -> Path:
        return self._objects.temporary / FOLDER

    def _path(self, project: str, caller: Caller, sha256: str, size: int) -> Path:
        """Of the file with what came: all about an upload is in its name, and nothing else needs to be kept."""
        if not _SHA256.fullmatch(sha256):
            raise BadRequest("An object's name is its SHA-256: 64 hexadecimal digits.", code="bad_object")
        person = hashlib.sha256(f"{caller.kind}:{caller.name}".encode()).hexdigest()[:32]
        return self._root / project / person / f"{sha256}.{size}"

    @contextlib.contextmanager
    def _room_for(self, project: str, path: Path, size: int) -> Iterator[None]:
        """Make room for an upload. Until the end of the block it counts without its file; from then on, by it.

        Raises:
            TooLarge: there is none.
        """
        lock, coming = self._locks.of(project), self._coming
        with lock:
            self._make_room(project, path, size)
            coming[path] += 1
        try:
            yield
        finally:
            with lock:
                coming[path] -= 1
                if not coming[path]:
                    del coming[path]

    def _make_room(self, project: str, path: Path, size: int) -> None:
        """What others are uploading counts as stored. Older uploads of the same person give way."""
        if not self._contents.limited:
            return
        folder = self._root / project
        files = {each for each in folder.glob("*/*") if each != path}
        own = sorted((each for each in files if each.parent == path.parent), key=_modified)
        others = files.union(each for each in list(self._coming) if each != path and each.is_relative_to(folder))
        left = self._contents.room(project, {_hash_of(each) for each in (path, *others)}) or 0
        left -= sum(map(_size_of, others))
        while left < size and own:
            if self._shelf.discard(own[0]):
                left += _size_of(own[0])
            del own[0]
        if left < size:
            raise TooLarge(FULL, detail={"room": max(left, 0)})


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


def _hash_of(path: Path) -> str:
    return path.name.partition(".")[0]


def _size_of(path: Path) -> int:
    """Bytes that an upload will have: its name says so."""
    return int(path.name.partition(".")[2] or 0)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
