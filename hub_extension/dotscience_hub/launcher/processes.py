"""Processes and their descendants, as Linux' /proc tells; elsewhere only what was started directly is known."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Process:
    """One process for all time: ids are used again, an id with its start time is not.

    Attributes:
        pid: Process id.
        started: Start time in clock ticks since boot (proc(5), field 22 of stat).
    """

    pid: int
    started: int

    def signal(self, number: int) -> None:
        """Send a signal, if it is still the same process."""
        if self.alive():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, number)

    def alive(self) -> bool:
        """Whether it runs; a zombie does not."""
        found = _stat(self.pid)
        return found is not None and found.started == self.started and found.state != "Z"


@dataclass(frozen=True)
class _Stat:
    state: str
    parent: int
    started: int


def _stat(pid: int) -> _Stat | None:
    try:
        text = (_PROC / str(pid) / "stat").read_text(errors="replace")
    except OSError:
        return None
    # The name in parentheses can hold anything, also a closing one.
    fields = text.rpartition(")")[2].split()
    return _Stat(state=fields[0], parent=int(fields[1]), started=int(fields[19]))


def identify(pid: int) -> Process | None:
    """The process that has this id now."""
    found = _stat(pid)
    return None if found is None else Process(pid, found.started)


def descendants(pid: int) -> list[Process]:
    """All processes below one, parents before children."""
    children: dict[int, list[Process]] = {}
    for entry in _PROC.iterdir() if _PROC.is_dir() else ():
        if entry.name.isdigit() and (found := _stat(int(entry.name))) is not None:
            children.setdefault(found.parent, []).append(Process(int(entry.name), found.started))
    result: list[Process] = []
    waiting = list(children.get(pid, ()))
    while waiting:
        process = waiting.pop(0)
        result.append(process)
        waiting.extend(children.get(process.pid, ()))
    return result


def reap(managed: Iterable[int]) -> None:
    """Take the exit status of children that nobody waits for, adopted orphans, so that they do not stay zombies.

    Args:
        managed: Ids of children that somebody waits for.
    """
    own = set(managed)
    for process in descendants(os.getpid()):
        found = _stat(process.pid)
        if process.pid not in own and found is not None and found.state == "Z" and found.parent == os.getpid():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(process.pid, os.WNOHANG)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends (prctl(2), PR_SET_CHILD_SUBREAPER), so as to find them."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all(processes: Iterable[Process], patience: float) -> None:
    """End processes: politely, then by force.

    Args:
        processes: Those to end.
        patience: Seconds between the two.
    """
    remaining = [process for process in processes if process.alive()]
    for process in remaining:
        process.signal(signal.SIGTERM)
    deadline = time.monotonic() + patience
    while remaining and time.monotonic() < deadline:
        time.sleep(0.05)
        remaining = [process for process in remaining if process.alive()]
    for process in remaining:
        process.signal(signal.SIGKILL)
