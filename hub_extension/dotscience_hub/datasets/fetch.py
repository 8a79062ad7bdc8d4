"""Bringing objects of a bucket into the hub, many at once."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from dotscience_hub.services.garbage import keep
from dotscience_hub.store import manifest, versions
from dotscience_hub.store.manifest import Kept
from jupyter_dotscience.workspace.hashing import blob_id, pointer

from .bucket import Bucket
from .errors import Changed, SyncError
from .large import Partial
from .listing import Listed
from .place import Hub
from .small import Small
from .tally import Tally
from .work import Budget, Crew, Task

MEMORY = 128 << 20
"""Bytes of small objects in memory at most; one that is larger takes it all for itself."""
_OVERHEAD = 4096
"""What an object costs beside its bytes."""

Fetched = tuple[Kept, bytes]


class Fetch:
    """Fetches objects for one dataset. What was fetched is in the manifest, whatever happens then."""

    def __init__(self, hub: Hub, dataset: str, bucket: Bucket, tally: Tally, folder: Path) -> None:
        """Make it.

        Args:
            hub: Takes the contents.
            dataset: Whose they are.
            bucket: Has them.
            tally: Is told of what has come.
            folder: For unfinished downloads.
        """
        self._hub, self._dataset, self._bucket, self._tally, self._folder = hub, dataset, bucket, tally, folder
        self._budget = Budget(MEMORY)
        self._changed = 0
        self._lock = threading.Lock()

    def run(self, wanted: Sequence[Listed], paths: Mapping[str, str]) -> int:
        """Fetch objects; how many were not any more what was listed.

        Args:
            wanted: Which.
            paths: The path of each, by key.

        Raises:
            SyncError: some cannot be had.
            OSError: they cannot be stored.
        """
        self._changed = 0
        small = Small(self._hub.commits.repositories.open(self._dataset), self._keep, self._free)
        crew = Crew(self._tasks(wanted, paths), self._hub.place.connections)
        try:
            for fetched in crew.results():
                if fetched is not None:
                    small.add(*fetched)
                small.flush_old()
        except BaseException as error:
            self._bucket.close()
            self._budget.close()
            if isinstance(error, SyncError):  # what has come is as good as before
                small.flush()
            raise
        small.flush()
        return self._changed

    def _tasks(self, wanted: Sequence[Listed], paths: Mapping[str, str]) -> Iterator[Task[Fetched]]:
        """Large ones first: their parts keep all threads busy to the end, small ones fill the gaps."""
        limit = self._hub.place.large_file_threshold
        for listed in wanted:
            if listed.size > limit:
                yield from self._parts(listed, paths[listed.key])
        for listed in wanted:
            if listed.size <= limit:
                yield functools.partial(self._small, listed, paths[listed.key])

    def _small(self, listed: Listed, path: str) -> Fetched | None:
        self._budget.take(listed.size + _OVERHEAD)
        try:
            content = self._bucket.get(listed)
        except Changed:
            self._budget.give(listed.size + _OVERHEAD)
            self._note_changed()
            return None
        data = content.data
        blob, sha256 = bytes.fromhex(blob_id(data)), hashlib.sha256(data).digest()
        kept = Kept(
            listed.key, listed.etag, content.version_id, listed.size, listed.modified, path, blob, sha256, False
        )
        return kept, data

    def _parts(self, listed: Listed, path: str) -> Iterator[Task[Fetched]]:
        partial = Partial(self._folder, listed)
        missing = partial.open()
        self._tally.add(0, listed.size - sum(partial.span(part)[1] for part in missing))
        stopped = threading.Event()
        if len(missing) < partial.count:
            yield functools.partial(self._advance, partial, path)
        for part in missing:
            yield functools.partial(self._part, partial, part, path, stopped)

    def _part(self, partial: Partial, part: int, path: str, stopped: threading.Event) -> None:
        if stopped.is_set():
            return
        start, length = partial.span(part)
        try:
            partial.version_id = self._bucket.get_range(partial.listed, start, length, partial.write)
        except Changed:
            if not stopped.is_set():
                stopped.set()
                self._note_changed()
            return
        partial.finish_part(part)
        self._tally.add(0, length)
        self._advance(partial, path)

    def _advance(self, partial: Partial, path: str) -> None:
        """Hash on; and when that was all, have the object and note it."""
        sha256 = partial.hash_on()
        if sha256 is None:
            return
        listed = partial.listed
        keep(self._hub.database, sha256)
        self._hub.objects.adopt(partial.path, sha256)
        blob = bytes.fromhex(blob_id(pointer(sha256, listed.size)))
        kept = Kept(
            listed.key, listed.etag, partial.version_id, listed.size, listed.modified, path, blob,
            bytes.fromhex(sha256), True,
        )  # fmt: skip
        with self._hub.database.write() as session:
            versions.add_objects(session, self._dataset, {sha256: listed.size}, dt.datetime.now(dt.UTC))
            manifest.keep(session, self._dataset, [kept])
        partial.remove()
        self._tally.add(1, 0)

    def _keep(self, found: list[Kept]) -> None:
        with self._hub.database.write() as session:
            manifest.keep(session, self._dataset, found)
        self._tally.add(len(found), sum(kept.size for kept in found))

    def _free(self, objects: int, size: int) -> None:
        self._budget.give(size + objects * _OVERHEAD)

    def _note_changed(self) -> None:
        with self._lock:
            self._changed += 1
