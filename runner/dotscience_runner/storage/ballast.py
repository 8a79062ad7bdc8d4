"""Room that is kept for bad times: files without use, which are removed one by one when a task has filled the disk."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

PIECES: Final = 6
MOST: Final = 4 << 20
"""Bytes of a piece: far more than log and record of an ending task need."""
LEAST: Final = 64 << 10
SHARE: Final = 256
"""A piece is at most this part of what the disk has free."""
PIECE_SECONDS: Final = 3.0
"""A task that goes on filling the disk until it is killed gets some of the pieces; six times this is after that."""


class Ballast:
    """The files.

    Args:
        folder: Where they are; made when needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def lay(self) -> None:
        """Take the room, as far as the disk has plenty."""
        missing = [path for path in self._pieces() if not path.exists()]
        size = min(MOST, shutil.disk_usage(self._folder.parent).free // SHARE)
        if not missing or size < LEAST:
            return
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in missing:
            with suppress(OSError):
                _allocate(path, size)

    def drop(self) -> None:
        """Give one piece back."""
        for path in self._pieces():
            if path.exists():
                path.unlink(missing_ok=True)
                return

    @contextmanager
    def dropped(self) -> Iterator[None]:
        """Give back piece by piece while the block runs, and one more at its end."""
        over = threading.Event()
        thread = threading.Thread(target=self._drop_until, args=(over,), name="ballast", daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
            self.drop()

    def _drop_until(self, over: threading.Event) -> None:
        while not over.wait(PIECE_SECONDS):
            self.drop()

    def _pieces(self) -> list[Path]:
        return [self._folder / str(number) for number in range(PIECES)]


def _allocate(path: Path, size: int) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        os.posix_fallocate(fd, 0, size)
    finally:
        os.close(fd)
