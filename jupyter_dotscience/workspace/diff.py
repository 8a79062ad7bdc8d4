"""What a folder has that a commit has not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .entry import Entry
from .scan import Snapshot


@dataclass(frozen=True)
class Changes:
    """A way from a base to a snapshot, by stored paths.

    Attributes:
        changed: New files, and those whose content or mode differs.
        deleted: Files of the base that are gone, sorted.
        skipped: What could not be versioned, and why; the base's version stays.
    """

    changed: Mapping[bytes, Entry]
    deleted: Collection[bytes] = ()
    skipped: Mapping[bytes, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.changed or self.deleted)


def changes(base: Mapping[bytes, Entry], snapshot: Snapshot, *, deletes: bool = True) -> Changes:
    """Compare.

    Args:
        base: The files of the commit that the folder came from.
        snapshot: The folder as it is.
        deletes: Whether a file that only the base has is deleted (a runner's workspace), or stays (``ds run -u``).
            Even when it stays, it goes if a new file takes its place as a folder, or the other way round.

    Files below a skipped or excluded path are never deleted: nobody knows that they are gone.
    """
    changed = {
        path: entry
        for path, entry in snapshot.entries.items()
        if (was := base.get(path)) is None or was[:2] != entry[:2]
    }
    gone = _gone(base, snapshot) if deletes else _in_the_way(base, changed)
    return Changes(changed, sorted(gone), snapshot.skipped)


def _gone(base: Mapping[bytes, Entry], snapshot: Snapshot) -> Iterator[bytes]:
    missing = [path for path in base if path not in snapshot.entries]
    kept = {*snapshot.skipped, *snapshot.excluded}
    blocked = _folders(snapshot.entries) if kept and missing else set()
    for path in missing:
        # A file whose name is a folder's now is gone, whatever could not be read in that folder.
        if path in blocked or not ({path, *_above(path)} & kept):
            yield path


def _in_the_way(base: Mapping[bytes, Entry], changed: Mapping[bytes, Entry]) -> Iterator[bytes]:
    new = [path for path in changed if path not in base]
    folders = _folders(new)
    files = set(new)
    for path in base:
        if path in folders or not files.isdisjoint(_above(path)):
            yield path


def _folders(paths: Iterable[bytes]) -> set[bytes]:
    return {folder for path in paths for folder in _above(path)}


def _above(path: bytes) -> Iterator[bytes]:
    """The folders that ``path`` is in."""
    end = path.rfind(b"/")
    while end > 0:
        yield path[:end]
        end = path.rfind(b"/", 0, end)
