"""Sending contents to the hub: only what it lacks, large files by streams, small ones inline or in packs.

There is no state to resume from: what has arrived is not asked for again.
"""

from __future__ import annotations

import io
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Protocol, cast

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.commits import Change, Missing, MissingQuery, ObjectRef
from jupyter_dotscience.api.problems import BadRequest

from . import names
from .diff import Changes
from .entry import Entry
from .errors import ContentChanged, named
from .guarded import CHANGED, GuardedFile, read_blob
from .pack import PackWriter
from .threads import Threads

MAX_INLINE_FILES: Final = 200
MAX_INLINE_BYTES: Final = 4 << 20
"""What goes into the commit request itself, so that a small change is one request. A saved notebook with its pictures
is one: asking for it first and sending it as a pack takes the hub three processes of git."""
MAX_PACK: Final = 16 << 20
"""Bytes of content in one pack; a bound on memory too, where a pack is held while it is sent and the next is made."""
_QUERY: Final = 50_000
_STREAMS: Final = 3

Progress = Callable[[int, int], None]
"""``progress(done, total)``, in bytes that have to be sent. Called from several threads, one at a time."""


class Remote(Protocol):
    """The hub, as far as one project's contents go. Errors are those of the client."""

    def find_missing(self, query: MissingQuery) -> Missing:
        """Which of these contents the project lacks."""

    def put_pack(self, body: BinaryIO, size: int) -> Any:
        """Send a pack of ``size`` bytes; ``body`` can be rewound."""

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> Any:
        """Send a large content of ``size`` bytes; ``body`` can be rewound.

        Raises:
            BadRequest: with the code ``bad_content``: what arrived has another SHA-256; it was not kept.
        """


@dataclass(frozen=True)
class Sent:
    """What the hub has now.

    Attributes:
        changes: For :class:`~jupyter_dotscience.api.commits.CommitCreate`, sorted by path.
        left: Stored path and reason of files that were written to after the snapshot: for the next commit.
    """

    changes: list[Change]
    left: dict[bytes, str] = field(default_factory=dict)


def send(root: str | os.PathLike[str], changes: Changes, remote: Remote, progress: Progress | None = None) -> Sent:
    """Send the contents of the changed files below ``root`` that the hub lacks.

    Args:
        root: The folder that was scanned.
        changes: What has to become part of a commit.
        remote: The hub.
        progress: Told how far it is.

    Raises:
        WorkspaceError: ``root`` is gone.
        DotscienceError: whatever the remote raises.
    """
    with named(f"read the folder {os.fspath(root)}"):
        fd = names.open_folder(root)
    try:
        return _Sending(fd, changes.changed, remote, progress).run()
    finally:
        os.close(fd)


class _Sending:
    """One call of :func:`send`."""

    def __init__(self, root: int, changed: Mapping[bytes, Entry], remote: Remote, progress: Progress | None) -> None:
        self.root, self.changed, self.remote = root, changed, remote
        self.inline: dict[bytes, bytes] = {}
        self.left: dict[bytes, str] = {}
        self.meter = _Meter(progress)

    def run(self) -> Sent:
        large = {path: entry for path, entry in self.changed.items() if entry.large}
        small = {path: entry for path, entry in self.changed.items() if not entry.large}
        is_inline = len(small) <= MAX_INLINE_FILES and sum(e.size for e in small.values()) <= MAX_INLINE_BYTES
        blobs, objects = self._missing({} if is_inline else small, large)
        self.meter.expect(sum(e.size for e in (small if is_inline else blobs).values()))
        self.meter.expect(sum(e.size for e in objects.values()))
        if is_inline:
            self.inline = dict(self._read(small))
            self.meter.advance(sum(map(len, self.inline.values())))
        self._send_packs(blobs)
        self._send_objects(objects)
        return Sent([self._change(p, e) for p, e in sorted(self.changed.items()) if p not in self.left], self.left)

    def _missing(
        self, small: Mapping[bytes, Entry], large: Mapping[bytes, Entry]
    ) -> tuple[dict[bytes, Entry], dict[bytes, Entry]]:
        """One path for each content that the hub lacks: blobs, objects."""
        blobs = {entry.blob: path for path, entry in small.items()}
        objects = {_sha256(entry): path for path, entry in large.items()}
        lacking: dict[bytes, Entry] = {}
        for query in _queries(list(blobs), [ObjectRef(sha256=k, size=large[p].size) for k, p in objects.items()]):
            answer = self.remote.find_missing(query)
            lacking |= {blobs[blob]: small[blobs[blob]] for blob in answer.blobs if blob in blobs}
            lacking |= {objects[sha]: large[objects[sha]] for sha in answer.objects if sha in objects}
        return {p: e for p, e in lacking.items() if not e.large}, {p: e for p, e in lacking.items() if e.large}

    def _read(self, small: Mapping[bytes, Entry]) -> Iterator[tuple[bytes, bytes]]:
        with names.Nearby(self.root) as folder:
            for path, entry in small.items():
                try:
                    yield path, read_blob(folder, path, entry)
                except ContentChanged as error:
                    self._leave(entry, str(error))

    def _leave(self, entry: Entry, reason: str) -> None:
        """Leave out all files that have the content which could not be sent."""
        self.left |= {path: reason for path, e in self.changed.items() if e.raw_blob == entry.raw_blob}

    def _send_packs(self, blobs: Mapping[bytes, Entry]) -> None:
        """Each pack is made while the one before is on its way."""
        upcoming: deque[Future[_PackBody | None]] = deque()
        with Threads(1, "dotscience-pack") as threads:
            for group in _groups(blobs):
                upcoming.append(threads.submit(self._pack, group))
                if len(upcoming) > 1:
                    self._send_pack(upcoming.popleft().result())
            for pack in upcoming:
                self._send_pack(pack.result())

    def _pack(self, group: Mapping[bytes, Entry]) -> _PackBody | None:
        """The pack of those contents that are still as they were; None without any."""
        contents = [data for _, data in self._read(group)]
        if not contents:
            return None
        # In memory: results must reach the hub from a machine whose disk the task has filled, too.
        file = io.BytesIO()
        writer = PackWriter(file, len(contents))
        for data in contents:
            writer.add(data)
        writer.finish()
        file.seek(0)
        return _PackBody(file, writer.size, sum(map(len, contents)), self.meter)

    def _send_pack(self, pack: _PackBody | None) -> None:
        if pack is not None:
            self.remote.put_pack(cast("BinaryIO", pack), pack.size)

    def _send_objects(self, objects: Mapping[bytes, Entry]) -> None:
        if not objects:
            return
        with Threads(_STREAMS, "dotscience-send") as threads:
            for future in [threads.submit(self._send_object, path, entry) for path, entry in objects.items()]:
                future.result()

    def _send_object(self, path: bytes, entry: Entry) -> None:
        try:
            with _Metered(self.root, path, entry, self.meter) as file:
                self._put(file, entry)
        except ContentChanged as error:
            self._leave(entry, str(error))

    def _put(self, file: GuardedFile, entry: Entry) -> None:
        try:
            self.remote.put_object(_sha256(entry), cast("BinaryIO", file), entry.size)
        except BadRequest as refused:
            # Written to in the clock tick of the snapshot, or by a memory map: such a change shows in no stamp.
            if refused.code != "bad_content" or file.is_unchanged():
                raise
            raise ContentChanged(CHANGED) from refused

    def _change(self, path: bytes, entry: Entry) -> Change:
        return Change(
            path=paths.to_text(path),
            mode=entry.kind,
            size=entry.size,
            sha256=entry.sha256,
            modified=entry.modified,
            data=self.inline.get(path),
            blob=None if entry.large or path in self.inline else entry.blob,
            large=entry.large,
        )


class _Meter:
    """Adds up what was sent."""

    def __init__(self, progress: Progress | None) -> None:
        self._progress, self._lock = progress, threading.Lock()
        self.done = self.total = 0

    def expect(self, count: int) -> None:
        self.total += count

    def advance(self, count: int) -> None:
        with self._lock:
            self.done += count
            if self._progress is not None:
                self._progress(self.done, self.total)


class _PackBody(io.RawIOBase):
    """A pack for reading, which tells a meter how much of the ``worth`` bytes of content in it was read."""

    def __init__(self, file: io.BytesIO, size: int, worth: int, meter: _Meter) -> None:
        super().__init__()
        self._file, self.size, self._worth, self._meter = file, size, worth, meter
        self._told = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._file.readinto(buffer)
        self._tell()
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = self._file.seek(offset, whence)
        self._tell()
        return at

    def tell(self) -> int:
        return self._file.tell()

    def _tell(self) -> None:
        now = self._worth * self._file.tell() // self.size
        if now != self._told:
            self._meter.advance(now - self._told)
            self._told = now


class _Metered(GuardedFile):
    """A guarded file that tells a meter how far it was read."""

    def __init__(self, root: int, path: bytes, entry: Entry, meter: _Meter) -> None:
        super().__init__(root, path, entry)
        self._meter = meter

    def readinto(self, buffer: Any) -> int:
        count = super().readinto(buffer)
        self._meter.advance(count)
        return count

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        before = self.tell()
        after = super().seek(offset, whence)
        if after != before:
            self._meter.advance(after - before)
        return after


def _sha256(entry: Entry) -> str:
    assert entry.sha256 is not None, "a large file is known by its SHA-256"
    return entry.sha256


def _queries(blobs: list[str], objects: list[ObjectRef]) -> Iterator[MissingQuery]:
    for start in range(0, max(len(blobs), len(objects)), _QUERY):
        part = slice(start, start + _QUERY)
        yield MissingQuery(blobs=blobs[part], objects=objects[part])


def _groups(blobs: Mapping[bytes, Entry]) -> Iterator[dict[bytes, Entry]]:
    group: dict[bytes, Entry] = {}
    size = 0
    for path, entry in sorted(blobs.items()):
        if group and size + entry.size > MAX_PACK:
            yield group
            group, size = {}, 0
        group[path] = entry
        size += entry.size
    if group:
        yield group
