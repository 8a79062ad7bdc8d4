"""What a control group uses, from the kernel's files: a tenth of a millisecond, where asking an engine takes a second.

Version 2: https://docs.kernel.org/admin-guide/cgroup-v2.html (cpu.stat, memory.current, memory.stat, io.stat).
Version 1: https://docs.kernel.org/admin-guide/cgroup-v1/ (cpuacct.usage, memory.usage_in_bytes, memory.stat, blkio).
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .base import Reading

MOUNT = Path("/sys/fs/cgroup")
PROC = Path("/proc")


@dataclass(frozen=True)
class Cgroup:
    """A control group, by one of its processes.

    Attributes:
        process: The process's folder below /proc, for its network.
        cpu: Folder of the group for processor time.
        memory: The same for memory.
        io: The same for disks.
        unified: Whether it is of version 2; all folders are the same then.
    """

    process: Path
    cpu: Path
    memory: Path
    io: Path
    unified: bool

    @classmethod
    def find(cls, pid: int, mark: str, *, mount: Path = MOUNT, proc: Path = PROC) -> Cgroup | None:
        """The group of a process; None when it cannot be seen from here, as from inside a container.

        Args:
            pid: The process.
            mark: What the group's path holds: another process may have this number here.
            mount: Where control groups are mounted.
            proc: Where the kernel tells of processes.
        """
        try:
            text = (proc / str(pid) / "cgroup").read_text()
        except OSError:
            return None
        if not pid or mark not in text:
            return None
        paths: dict[str, str] = {}
        for line in text.splitlines():
            _, names, path = line.split(":", 2)
            paths.update((name, path.lstrip("/")) for name in names.split(","))
        found = cls._of(paths, mount, proc / str(pid))
        return found if found.read() is not None else None

    @classmethod
    def _of(cls, paths: dict[str, str], mount: Path, process: Path) -> Cgroup:
        if "memory" not in paths:
            folder = mount / paths.get("", "")
            return cls(process, folder, folder, folder, unified=True)
        cpu, memory, io = (mount / name / paths.get(name, "none") for name in ("cpuacct", "memory", "blkio"))
        return cls(process, cpu, memory, io, unified=False)

    def read(self) -> Reading | None:
        """What it uses now; None when it is gone."""
        try:
            cpu, memory = (self._cpu2(), self._memory2()) if self.unified else (self._cpu1(), self._memory1())
        except (OSError, ValueError, KeyError):
            return None
        read, written = self._total(self._disk())
        received, sent = self._total(self._network())
        return Reading(time.monotonic(), cpu, memory, read=read, written=written, received=received, sent=sent)

    def _cpu2(self) -> float:
        return _table(self.cpu / "cpu.stat")["usage_usec"] / 1e6

    def _cpu1(self) -> float:
        return int((self.cpu / "cpuacct.usage").read_text()) / 1e9

    def _memory2(self) -> int:
        used = int((self.memory / "memory.current").read_text())
        return max(0, used - _table(self.memory / "memory.stat").get("inactive_file", 0))

    def _memory1(self) -> int:
        used = int((self.memory / "memory.usage_in_bytes").read_text())
        return max(0, used - _table(self.memory / "memory.stat").get("total_inactive_file", 0))

    def _disk(self) -> Iterator[tuple[int, int]]:
        """Bytes read and written of each disk."""
        if self.unified:
            for line in (self.io / "io.stat").read_text().splitlines():
                pairs = dict(pair.split("=") for pair in line.split()[1:] if "=" in pair)
                yield int(pairs.get("rbytes", 0)), int(pairs.get("wbytes", 0))
            return
        for line in (self.io / "blkio.throttle.io_service_bytes_recursive").read_text().splitlines():
            words = line.split()
            if len(words) == 3 and words[1] in ("Read", "Write"):
                yield (int(words[2]), 0) if words[1] == "Read" else (0, int(words[2]))

    def _network(self) -> Iterator[tuple[int, int]]:
        """Bytes received and sent of each interface but the loopback (proc_pid_net(5))."""
        for line in (self.process / "net" / "dev").read_text().splitlines()[2:]:
            name, _, counters = line.partition(":")
            if name.strip() != "lo":
                fields = counters.split()
                yield int(fields[0]), int(fields[8])

    @staticmethod
    def _total(pairs: Iterator[tuple[int, int]]) -> tuple[int | None, int | None]:
        """Sums; unknown where the kernel says nothing."""
        try:
            found = list(pairs)
        except (OSError, ValueError, IndexError):
            return None, None
        return (sum(pair[0] for pair in found), sum(pair[1] for pair in found)) if found else (None, None)


def _table(path: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in path.read_text().splitlines())}
