"""Time, processor time and memory of what is measured."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from dotscience_hub.launcher.processes import descendants

_TICKS = os.sysconf("SC_CLK_TCK")


def seconds(act: Callable[[], object]) -> float:
    """Wall clock of one call."""
    begin = time.perf_counter()
    act()
    return time.perf_counter() - begin


def each(number: int, act: Callable[[], object]) -> list[float]:
    """Wall clocks of several calls."""
    return [seconds(act) for _ in range(number)]


def command(arguments: Sequence[str | Path], environment: dict[str, str] | None = None) -> float:
    """Wall clock of a program, which must succeed.

    Raises:
        RuntimeError: It does not; the text has the end of what it said.
    """
    begin = time.perf_counter()
    done = subprocess.run(arguments, env=environment, check=False, capture_output=True)
    took = time.perf_counter() - begin
    if done.returncode:
        said = done.stderr.decode(errors="replace")[-1000:]
        raise RuntimeError(f"{' '.join(map(str, arguments))} ended with {done.returncode}: {said}")
    return took


def cpu(pids: Iterable[int]) -> float:
    """Seconds of processor time that processes have used: proc(5), fields 14 and 15 of stat."""
    return sum(_cpu(pid) for pid in pids)


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def family(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(process.pid for process in descendants(pid))]


def named(pids: Iterable[int], word: str) -> list[int]:
    """Those whose command line has an argument that contains ``word``."""
    return [pid for pid in pids if word in arguments(pid)]


def arguments(pid: int) -> str:
    """The command line of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except FileNotFoundError:
        return ""


def memory(pids: Iterable[int]) -> float:
    """Memory of processes in MB, shared pages divided among those that share them (PSS of proc(5), smaps_rollup)."""
    total = 0
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1000
