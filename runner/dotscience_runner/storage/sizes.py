"""Sizes: of folders, and in words."""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

BLOCK = 512
"""Bytes per unit of st_blocks (stat(2))."""


def in_words(count: float) -> str:
    """Bytes for people, in the units of disks (1 GB is 10^9 bytes)."""
    for factor, unit in ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if count >= factor * 0.9995:
            return f"{count / factor:.3g} {unit}"
    return f"{count:.0f} bytes"


def disk_usage(folder: Path, seconds: float) -> int:
    """Bytes on the disk that a folder takes with all it holds, as du(1) counts: a file with several names once.

    A task may be at work in there: what cannot be read is passed over, no symlink is followed, and after ``seconds``
    the answer is what was found by then.
    """
    end = time.monotonic() + seconds
    size = 0
    seen: set[tuple[int, int]] = set()
    waiting = [os.fspath(folder)]
    while waiting and time.monotonic() < end:
        try:
            with os.scandir(waiting.pop()) as listing:
                for item in listing:
                    size += _size(item, seen, waiting)
        except OSError:
            continue
    return size


def _size(item: os.DirEntry[str], seen: set[tuple[int, int]], waiting: list[str]) -> int:
    try:
        st = item.stat(follow_symlinks=False)
    except OSError:
        return 0
    if stat.S_ISDIR(st.st_mode):
        waiting.append(item.path)
    elif st.st_nlink > 1:
        if (st.st_dev, st.st_ino) in seen:
            return 0
        seen.add((st.st_dev, st.st_ino))
    return st.st_blocks * BLOCK
