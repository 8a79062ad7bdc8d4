"""What a container uses: from the kernel's files where they are seen, else from the engine's statistics.

https://docs.docker.com/reference/api/engine/version/v1.43/#tag/Container/operation/ContainerStats
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from docker.errors import NotFound

from dotscience_runner.backends.base import Reading
from dotscience_runner.backends.cgroup import Cgroup
from dotscience_runner.backends.gpus import Gpus
from jupyter_dotscience.api.tasks import Usage

from . import gpu
from .engine import Engine


def ask(engine: Engine, container: str) -> dict[str, Any]:
    """What the engine says of a container; nothing of one that has ended, or is ending."""
    try:
        found: dict[str, Any] = engine.api.stats(container, decode=False, stream=False, one_shot=True)
    except NotFound:
        return {}
    return found if found.get("cpu_stats", {}).get("cpu_usage", {}).get("total_usage") else {}


class Meter:
    """Measures one container.

    Args:
        engine: Where it runs.
        container: Its id.

    Raises:
        docker.errors.APIError, OSError: the engine does not answer.
    """

    def __init__(self, engine: Engine, container: str) -> None:
        self._engine, self._container = engine, container
        attributes = engine.inspect(container) or {}
        pid = int(attributes.get("State", {}).get("Pid") or 0)
        self._cgroup = Cgroup.find(pid, container)
        self._gpus = gpu.indices(attributes.get("Config", {}).get("Labels") or {})

    def read(self) -> Reading | None:
        """What the container has used up to now; None when it has ended."""
        found = self._cgroup.read() if self._cgroup else reading(ask(self._engine, self._container))
        if found is None or not self._gpus:
            return found
        busy, gpu_memory = Gpus.find().use(self._gpus)
        return replace(found, gpus=busy, gpu_memory=gpu_memory)


def reading(stats: dict[str, Any]) -> Reading | None:
    """What the engine said, as a measurement; None when it said nothing."""
    if not stats:
        return None
    networks = list((stats.get("networks") or {}).values())
    return Reading(
        time=time.monotonic(),
        cpu_seconds=_processor(stats),
        memory=_memory(stats),
        read=_disk(stats, "read"),
        written=_disk(stats, "write"),
        received=sum(int(one.get("rx_bytes", 0)) for one in networks) if networks else None,
        sent=sum(int(one.get("tx_bytes", 0)) for one in networks) if networks else None,
    )


def known(found: Reading, before: Usage) -> Usage:
    """What is known of the whole, with what was known before: it only grows."""
    peak = max(found.memory or 0, before.peak_memory or 0)
    seconds = max(found.cpu_seconds or 0.0, before.cpu_seconds or 0.0)
    return Usage(cpu_seconds=seconds or None, peak_memory=peak or None)


def _processor(stats: dict[str, Any]) -> float:
    return float(stats["cpu_stats"]["cpu_usage"]["total_usage"]) / 1e9


def _memory(stats: dict[str, Any]) -> int:
    """Page cache that can go is none of the task's need."""
    memory = stats.get("memory_stats", {})
    return max(0, int(memory.get("usage", 0)) - int(memory.get("stats", {}).get("inactive_file", 0)))


def _disk(stats: dict[str, Any], operation: str) -> int | None:
    listed = stats.get("blkio_stats", {}).get("io_service_bytes_recursive")
    if not listed:
        return None
    return sum(int(one["value"]) for one in listed if str(one["op"]).lower() == operation)
