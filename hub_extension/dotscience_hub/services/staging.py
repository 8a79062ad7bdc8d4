"""Which files have come for a project and are in no version yet: by their paths, of one person."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from dotscience_hub.git.trees import check_path
from dotscience_hub.objects.base import room_on_disk
from jupyter_dotscience.api.commits import Change
from jupyter_dotscience.api.paths import to_bytes

KEPT_SECONDS = 86_400.0
"""What nobody asked for within a day belongs to a program that ended before it recorded its run."""
_PART = ".part"
_replacing = threading.Lock()


class Arrived(msgspec.Struct, frozen=True):
    """A file that has come.

    Attributes:
        id: Another one whenever it comes again.
        change: Its path, and its content or where that is kept.
    """

    id: str
    change: Change


class Staging:
    """What one person sent for one project.

    Args:
        folder: For a small file about each; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def note(self, change: Change) -> None:
        """A file has come, in the place of an earlier one of its path.

        Raises:
            BadRequest: no file can have this path.
            Unavailable: the hub's disk is full.
        """
        place = self._place(change.path)
        record = msgspec.json.encode(Arrived(id=secrets.token_hex(8), change=change))
        with room_on_disk(), _replacing:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            part = place.with_suffix(_PART)
            part.write_bytes(record)
            part.replace(place)

    def missing(self, paths: Iterable[str]) -> list[str]:
        """Those that have not come."""
        return [path for path in paths if not self._place(path).exists()]

    def find(self, paths: Iterable[str]) -> dict[str, Arrived]:
        """Those that have come."""
        found = {}
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                found[path] = msgspec.json.decode(self._place(path).read_bytes(), type=Arrived)
        return found

    def discard(self, taken: Mapping[str, Arrived]) -> None:
        """These are in a version now; one that has come again since is for the next."""
        with _replacing:
            now = self.find(taken)
            for path, arrived in taken.items():
                if path in now and now[path].id == arrived.id:
                    self._place(path).unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    def _place(self, path: str) -> Path:
        """Named by a hash: a path may have parts that are no file names here, and be longer than one may be."""
        return self._folder / hashlib.sha256(check_path(to_bytes(path))).hexdigest()


def sweep(root: Path, age: float = KEPT_SECONDS) -> None:
    """Forget what was not asked for, for so many seconds."""
    oldest = time.time() - age
    for path in root.glob("*/*/*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
    with _replacing:
        for folder in (*root.glob("*/*"), *root.glob("*")):
            with contextlib.suppress(OSError):
                os.rmdir(folder)  # noqa: PTH106 - not a file that lies there by mistake
