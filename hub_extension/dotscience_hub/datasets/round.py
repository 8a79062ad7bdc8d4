"""One synchronisation of one dataset."""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from dotscience_hub.store import manifest, versions
from dotscience_hub.store.manifest import Kept
from jupyter_dotscience.api.problems import DotscienceError, TooLarge, Unavailable

from . import keys, version
from .bucket import Bucket
from .errors import SyncError
from .fetch import Fetch
from .large import stem, sweep
from .listing import Listed
from .place import Hub
from .tally import Tally

log = logging.getLogger("dotscience.datasets")
LOOKS = 6
"""How often a bucket is listed because objects changed between the list and their turn."""
_PAUSE = 0.5
_RESERVE = 256 << 20
"""Bytes that must stay free on the hub's disk."""
_FULL = 16 << 20
"""With less it counts as full, whatever the error was."""


@dataclass(frozen=True)
class Source:
    """What of a bucket becomes files.

    Attributes:
        listed: The objects, by key.
        paths: The path of each.
        left_out: Sentences on what is not among them.
    """

    listed: Mapping[str, Listed]
    paths: Mapping[str, str]
    left_out: Sequence[str]

    @property
    def size(self) -> int:
        """Bytes of all."""
        return sum(listed.size for listed in self.listed.values())


@dataclass(frozen=True)
class Done:
    """What came of it."""

    head: str | None
    files: int
    size: int
    message: str


class Round:
    """Looks at the bucket, fetches what is new, and makes at most one commit."""

    def __init__(self, hub: Hub, dataset: str, owner: str, bucket: Bucket, tally: Tally) -> None:
        """Nothing happens yet."""
        self._hub, self._dataset, self._owner, self._bucket, self._tally = hub, dataset, owner, bucket, tally

    def run(self, folder: Path) -> Done:
        """Do it.

        Args:
            folder: For unfinished downloads; those of earlier rounds are gone on with.

        Raises:
            SyncError: it failed; there is no commit.
        """
        with _explained(folder):
            fetch = Fetch(self._hub, self._dataset, self._bucket, self._tally, folder)
            for look in range(LOOKS):
                source, kept = self._look(), self._kept()
                wanted = [listed for listed in source.listed.values() if not _is_same(kept.get(listed.key), listed)]
                self._prepare(source, wanted, folder)
                if (not wanted or not fetch.run(wanted, source.paths)) and (done := self._commit(source)):
                    return done
                time.sleep(_PAUSE * 2**look)
        raise SyncError(f"Objects of {self._bucket.location.url} change all the time: none of {LOOKS} looks was whole.")

    def _look(self) -> Source:
        listed: dict[str, Listed] = {}
        markers, size, prefix = 0, 0, self._bucket.location.prefix
        nameless = 0
        for page in self._bucket.pages():
            for found in page.objects:
                if not found.key.startswith(prefix) or "\0" in found.key:
                    nameless += 1
                elif keys.is_marker(found.key[len(prefix) :], found.size):
                    markers += 1
                else:
                    listed[found.key] = found
                    size += found.size
            self._tally.total(len(listed), size)
            limit = self._hub.commits.repositories.limits.files
            if max(len(listed), markers + nameless) > limit:
                raise SyncError(f"{self._bucket.location.url} has over {limit:,} objects: choose a prefix.")
        left_out = [f"{_count(markers, 'folder marker')} left out."] if markers else []
        left_out += [f"{_count(nameless, 'object')} with a NUL in the key left out."] if nameless else []
        return Source(listed, keys.paths_of(listed, prefix), left_out)

    def _kept(self) -> dict[str, Kept]:
        with self._hub.database.read() as session:
            return manifest.load(session, self._dataset)

    def _prepare(self, source: Source, wanted: Sequence[Listed], folder: Path) -> None:
        """Count what is here, remove what nobody wants, and see whether there is room."""
        size = sum(listed.size for listed in wanted)
        self._tally.total(len(source.listed), source.size)
        self._tally.done(len(source.listed) - len(wanted), source.size - size)
        large = [listed for listed in wanted if listed.size > self._hub.place.large_file_threshold]
        sweep(folder, {stem(listed) for listed in large})
        self._check_quota(sum(listed.size for listed in large))
        here = sum(path.stat().st_blocks * 512 for path in folder.iterdir())
        need, free = sum(listed.size for listed in large) - here, shutil.disk_usage(folder).free
        if large and need > free - _RESERVE:
            raise SyncError(
                f"{_gigabytes(need)} are to be fetched, but the hub's disk has only {_gigabytes(free)} free."
            )

    def _check_quota(self, size: int) -> None:
        quota = self._hub.place.quota
        if quota is None or not size:
            return
        with self._hub.database.read() as session:
            used = versions.objects_size(session, self._dataset)
        if used + size > quota:
            raise SyncError(
                f"The dataset would have {_gigabytes(used + size)} of large files in all its versions; "
                f"{_gigabytes(quota)} are allowed."
            )

    def _commit(self, source: Source) -> Done | None:
        """Make the new version; None when contents are gone that were noted, which have to be fetched again."""
        kept = self._kept()
        found = version.difference(
            self._hub.commits, self._dataset, {path: kept[key] for key, path in source.paths.items()}
        )
        lost = version.lost(self._hub.commits, self._hub.database, self._dataset, found)
        if lost:
            log.warning("%d contents of dataset %s are gone; they are fetched again", len(lost), self._dataset)
            self._forget([key for key, path in source.paths.items() if path in lost])
            return None
        head = found.parent
        if found:
            head = version.record(
                self._hub.commits, self._dataset, found, source=self._bucket.location.url, author=self._owner,
                left_out=source.left_out,
            )  # fmt: skip
        self._mark(source, kept)
        return Done(head, len(source.listed), source.size, " ".join(source.left_out))

    def _mark(self, source: Source, kept: Mapping[str, Kept]) -> None:
        paths = source.paths.items()
        moved = {key: path for key, path in paths if kept[key].path != path or not kept[key].present}
        gone = [key for key, each in kept.items() if each.present and key not in source.listed]
        with self._hub.database.write() as session:
            manifest.mark(session, self._dataset, moved, gone)

    def _forget(self, found: Sequence[str]) -> None:
        with self._hub.database.write() as session:
            manifest.forget(session, self._dataset, found)


def _is_same(kept: Kept | None, listed: Listed) -> bool:
    """Whether a listed object is the one that is here. A server without ETags tells by the time."""
    if kept is None or kept.size != listed.size or kept.etag != listed.etag:
        return False
    return bool(listed.etag) or kept.modified == listed.modified


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What can go wrong on the hub's own side, in a sentence."""
    try:
        yield
    except (TooLarge, Unavailable) as error:
        raise SyncError(str(error)) from error
    except (OSError, DotscienceError, SQLAlchemyError) as error:
        # Git and the database say it in words of their own.
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        if not full and shutil.disk_usage(folder).free > _FULL:
            raise
        raise SyncError("The hub's disk is full: tell its administrator.") from error


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'} {'was' if number == 1 else 'were'}"


def _gigabytes(size: int) -> str:
    return f"{size / 1e9:.2f} GB"
