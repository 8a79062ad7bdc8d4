"""Room that is kept for bad times: a file without use, which is removed when the disk is full."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

SIZE: Final = 16 << 20
SHARE: Final = 32
"""It is laid only where the disk has so many times its size free."""


class Ballast:
    """The file.

    Args:
        path: Where it is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def lay(self) -> None:
        """Take the room, if there is plenty."""
        if self._path.exists() or shutil.disk_usage(self._path.parent).free < SHARE * SIZE:
            return
        with suppress(OSError):
            fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(fd, 0, SIZE)
            finally:
                os.close(fd)

    def drop(self) -> None:
        """Give it back."""
        self._path.unlink(missing_ok=True)
