"""Keeping repositories small and free of what killed processes left."""

from __future__ import annotations

import contextlib
import shutil
import time
from pathlib import Path

from .binary import Git
from .lock import packing
from .packs import QUARANTINE
from .refs import STALE_LOCK_SECONDS, remove_stale

LOOSE_OBJECTS = 50
"""From this many on, packing pays: 500 saves of a 1 MB notebook stay below 20 MB instead of 360 MB."""

PACKS = 40
"""From this many on: git looks into one after the other, and a synchronisation leaves one each few seconds."""

LEFTOVER_SECONDS = 86_400.0
"""A temporary file this old belongs to nobody any more; a push over a slow line may take hours."""


def loose_objects(folder: Path) -> int:
    """How many objects of a repository are loose; an estimate when there are many, as git's own (gc.auto)."""
    total = 0
    for fan in (folder / "objects").glob("[0-9a-f][0-9a-f]"):
        total += sum(1 for _ in fan.iterdir())
        if total > LOOSE_OBJECTS:
            break
    return total


def is_untidy(folder: Path) -> bool:
    """Whether a repository has so many loose objects or packs that it pays to put them together."""
    packs = sum(1 for _ in (folder / "objects" / "pack").glob("*.pack"))
    return packs > PACKS or loose_objects(folder) > LOOSE_OBJECTS


def repack(folder: Path) -> None:
    """Put loose objects into packs, each at least twice the next one's size. Nothing is dropped, reachable or not.

    Commits may go on meanwhile: git removes a loose object only when a pack has it.

    Raises:
        GitError: git failed; the repository is as before.
    """
    Git(folder).run("repack", "-d", "--geometric=2", "--quiet", background=True)


def repack_if_needed(folder: Path) -> bool:
    """Repack when enough loose objects or packs have gathered; whether it did."""
    if not is_untidy(folder):
        return False
    with packing(folder):
        if is_untidy(folder):
            repack(folder)
    return True


def sweep(folder: Path, age: float = LEFTOVER_SECONDS) -> None:
    """Remove locks and temporary files that processes left when they were killed.

    Args:
        folder: The repository.
        age: Seconds after which a temporary file counts as left.
    """
    for lock in [*(folder / "refs").rglob("*.lock"), folder / "packed-refs.lock", folder / "HEAD.lock"]:
        remove_stale(lock, min(age, STALE_LOCK_SECONDS))
    objects = folder / "objects"
    for pattern in ("tmp_obj_*", "*/tmp_obj_*", "pack/tmp_*", f"{QUARANTINE}*", "tmp_objdir-*"):
        for path in objects.glob(pattern):
            _remove_old(path, age)


def _remove_old(path: Path, age: float) -> None:
    with contextlib.suppress(OSError):
        if time.time() - path.stat().st_mtime > age:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
