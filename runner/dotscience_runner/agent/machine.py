"""What this machine is."""

from __future__ import annotations

import contextlib
import os
import platform
import re
import subprocess
from pathlib import Path

from jupyter_dotscience.api.tasks import Machine

NVIDIA_SECONDS = 20
_CPU = re.compile(r"^(?:model name|Processor|cpu model)\s*:\s*(.+)$", re.MULTILINE)


def describe() -> Machine:
    """Names of host, system, processors and GPUs, and the memory in bytes."""
    return Machine(
        hostname=platform.node(),
        platform=platform.system().lower(),
        platform_version=" ".join(os.uname()),
        cpus=_cpus(),
        gpus=gpus(),
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
    )


def gpus() -> list[str]:
    """The GPUs as ``nvidia-smi -L`` names them, one each; empty where there is none."""
    with contextlib.suppress(OSError, subprocess.SubprocessError):
        done = subprocess.run(["nvidia-smi", "-L"], capture_output=True, check=True, timeout=NVIDIA_SECONDS, text=True)
        # MIG slices are listed indented below their GPU; they are not GPUs that a task can ask for.
        return [line.split(" (UUID", 1)[0] for line in done.stdout.splitlines() if line.startswith("GPU ")]
    return []


def _cpus() -> list[str]:
    """One name per processor that this process may use."""
    names = []
    with contextlib.suppress(OSError):
        names = _CPU.findall(Path("/proc/cpuinfo").read_text(errors="replace"))
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return (names + [platform.machine()] * count)[:count]
