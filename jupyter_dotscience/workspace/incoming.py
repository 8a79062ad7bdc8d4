"""What others did, on its way into a folder that somebody works in: what may be touched, and what not."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.problems import Conflict

from . import names
from .entry import Entry
from .errors import ContentChanged
from .pull import Way
from .scan import same

_NAMED = 3


def versioned(
    target: Mapping[bytes, Entry], exclude: Collection[bytes], exclude_names: Collection[str]
) -> dict[bytes, Entry]:
    """The files of a version without those at places that this folder keeps for something else.

    Anybody who may write to the project can push any path: one of the folder's own (``.dotscience``) is not for them.

    Args:
        target: The files by stored path.
        exclude: Stored paths of such places.
        exclude_names: Names of such places, wherever they are.
    """
    kept_names = {os.fsencode(name) for name in exclude_names}

    def ours(path: bytes) -> bool:
        disk = names.on_disk(path)
        return kept_names.isdisjoint(disk.split(b"/")) and not _at_or_below(path, exclude)

    return {path: entry for path, entry in target.items() if ours(path)}


def refuse(way: Way, spared: Collection[bytes], skipped: Mapping[bytes, str]) -> None:
    """Refuse a way over what must not be touched.

    Args:
        way: What would be written and deleted.
        spared: Stored paths that a program has with changes of its own.
        skipped: Stored paths that cannot be versioned, with the reason: what is there is nowhere else.

    Raises:
        Conflict: with the code ``unsaved`` or ``in_the_way``, and the paths in ``detail["paths"]``.
    """
    touched = [*way.changed, *way.deleted]
    unsaved = sorted(path for path in touched if path in spared)
    if unsaved:
        raise _conflict(unsaved, "has changes here that are not saved. Save or close it first.", "unsaved")
    blocked = sorted(path for path in touched if _at_or_below(path, skipped))
    if blocked:
        raise _conflict(
            blocked, "stands where something is that cannot be versioned. Move that away first.", "in_the_way"
        )


@dataclass(frozen=True)
class Guard:
    """Lets a file be touched as long as it is what the folder's newest version has; see :data:`.pull.Check`.

    Attributes:
        base: The newest version, by stored path.
        seen: What the last scan saw, by path on disk, without files that could have changed unseen since.
        threshold: Of large files.
    """

    base: Mapping[bytes, Entry]
    seen: Mapping[bytes, Entry]
    threshold: int

    def __call__(self, path: bytes, there: os.stat_result | None) -> None:
        """Look at what is there now.

        Raises:
            ContentChanged: somebody has written to it since the scan.
        """
        was = self.seen.get(names.on_disk(path))
        changed = (there is not None) != (path in self.base)
        if changed or (there is not None and (was is None or not same(was, there, self.threshold))):
            raise ContentChanged(f"{paths.to_text(path)} was changed here at this very moment; try again.")


def _at_or_below(path: bytes, places: Collection[bytes]) -> bool:
    end = len(path)
    while end > 0:
        if path[:end] in places:
            return True
        end = path.rfind(b"/", 0, end)
    return False


def _conflict(found: Iterable[bytes], what: str, code: str) -> Conflict:
    listed = [paths.to_text(path) for path in found]
    shown = ", ".join(listed[:_NAMED]) + (f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else "")
    return Conflict(f"{shown} {what}", code=code, detail={"paths": listed})
