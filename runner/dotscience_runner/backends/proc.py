"""What a process and all its descendants use, from /proc (proc(5))."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_UTIME = 11
"""Of a line of /proc/PID/stat, after the program's name: utime, stime, cutime and cstime."""


@dataclass(frozen=True)
class Use:
    """What a tree of processes has used.

    Attributes:
        cpu_seconds: Of those that live, and of those that they have waited for.
        memory: Bytes: what each has for itself, and what they share counted once, as if all shared the same.
        read: Bytes from disks, of those that live.
        written: Bytes to disks, of those that live.
    """

    cpu_seconds: float
    memory: int
    read: int
    written: int


def use_of(root: int, proc: Path = Path("/proc")) -> Use | None:
    """What a process and its descendants use by now; None when it is gone.

    Args:
        root: Its id.
        proc: Where the kernel tells.
    """
    cpu, private, shared, read, written = 0.0, 0, 0, 0, 0
    found = False
    for pid in _tree(root, proc):
        folder = proc / str(pid)
        # Any may end at any moment.
        with contextlib.suppress(OSError, ValueError, IndexError):
            cpu += _cpu(folder)
            resident, common = _memory(folder)
            private, shared = private + resident - common, max(shared, common)
            found = True
            more = _disk(folder)
            read, written = read + more[0], written + more[1]
    return Use(cpu, private + shared, read, written) if found else None


def _tree(root: int, proc: Path) -> Iterator[int]:
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        yield pid
        with contextlib.suppress(OSError, ValueError):
            for thread in os.listdir(proc / str(pid) / "task"):  # noqa: PTH208 - names are all that is wanted
                with contextlib.suppress(OSError):
                    text = (proc / str(pid) / "task" / thread / "children").read_text()
                    waiting += [int(word) for word in text.split()]


def _cpu(folder: Path) -> float:
    # The name in parentheses may hold anything, parentheses and spaces too.
    fields = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()
    return sum(int(field) for field in fields[_UTIME : _UTIME + 4]) / _TICKS


def _memory(folder: Path) -> tuple[int, int]:
    _, resident, shared = (folder / "statm").read_text().split()[:3]
    return int(resident) * _PAGE, int(shared) * _PAGE


def _disk(folder: Path) -> tuple[int, int]:
    lines = dict(line.split(": ") for line in (folder / "io").read_text().splitlines())
    return int(lines["read_bytes"]), int(lines["write_bytes"])
