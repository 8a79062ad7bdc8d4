"""What a task's container is made of."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any

from docker.types import LogConfig

from dotscience_runner.backends.base import WORKSPACE, Spec
from jupyter_dotscience.api.tasks import Resources

from . import gpu
from .engine import Engine
from .network import HOST_NAME
from .recorded import LOG_CONFIG

TASK_LABEL = "dotscience.task"
RUNNER_LABEL = "dotscience.runner"
PLACE_LABEL = "dotscience.place"
# What programs that run as root inside a container need for their daily work, all of it on the container's own files
# and processes: apt and dpkg (CHOWN, FOWNER, DAC_OVERRIDE; SETUID and SETGID to become _apt), tar, servers that drop
# their privileges, and init, which passes SIGTERM on to a child of another user (KILL).
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETUID", "SETGID", "KILL")
# Enough for the threads and workers of large machines; it stops a fork bomb before it takes the machine's own.
PIDS = 16_384
SMALLEST_SHM = 64 << 20
LEAST_CPUS = 0.01


def name(task: str) -> str:
    """Name of a task's container."""
    return f"ds-{task}"


def place(mounts: Sequence[Any]) -> str:
    """What tells containers of one task apart that belong to different runners of one engine."""
    told = repr([(mount["Target"], mount["Source"], mount.get("VolumeOptions")) for mount in mounts])
    return hashlib.sha256(told.encode()).hexdigest()[:12]


def configure(
    engine: Engine,
    spec: Spec,
    *,
    image: str,
    mounts: Sequence[Any],
    network: str,
    gpus: Sequence[int] | None,
    labels: Mapping[str, str],
) -> dict[str, Any]:
    """Arguments for the SDK's ``create_container_from_config``.

    The user is the agent's own: the agent owns the workspace, so the task can change every file in it, and the agent
    can read and remove whatever the task leaves there. For an agent of root that is the container's root, with few
    capabilities and no way to more. An image's own user could not write into files that were checked out.
    """
    configuration: dict[str, Any] = engine.api.create_container_config(
        image,
        command=list(spec.command),
        user=f"{os.geteuid()}:{os.getegid()}",
        detach=True,
        environment=dict(spec.environment),
        labels={**labels, **gpu.label(gpus), TASK_LABEL: spec.task, PLACE_LABEL: place(mounts)},
        working_dir=WORKSPACE,
        # An image may name another one, or a check of its own health that would run beside the task.
        stop_signal="SIGTERM",
        healthcheck={"test": ["NONE"]},
        host_config=_host(engine, spec.resources, mounts, network, gpus),
    )
    return configuration


def _host(
    engine: Engine, resources: Resources, mounts: Sequence[Any], network: str, gpus: Sequence[int] | None
) -> dict[str, Any]:
    host: dict[str, Any] = engine.api.create_host_config(
        # Without an init, a workload that is process 1 ignores SIGTERM, and its own SIGKILL looks like success.
        init=True,
        cap_drop=["ALL"],
        cap_add=list(CAPABILITIES),
        security_opt=["no-new-privileges"],
        pids_limit=PIDS,
        mounts=list(mounts),
        network_mode=network,
        extra_hosts={HOST_NAME: "host-gateway"},
        log_config=LogConfig(type=LOG_CONFIG["Type"], config=LOG_CONFIG["Config"]),
        shm_size=_shared_memory(engine, resources),
        device_requests=gpu.request(resources.gpus, gpus),
        **_limits(engine, resources),
    )
    return host


def _shared_memory(engine: Engine, resources: Resources) -> int:
    """Half of the memory, as Linux itself gives /dev/shm: loaders of training data fill it, and 64 MB is not enough.

    It is a limit; what is used counts as memory of the task.
    """
    machine = int(engine.info.get("MemTotal") or 0)
    return max(SMALLEST_SHM, (resources.memory or machine) // 2)


def _limits(engine: Engine, resources: Resources) -> dict[str, Any]:
    limits: dict[str, Any] = {}
    if resources.memory:
        # The same for both: no swap, which would double the limit.
        limits |= {"mem_limit": resources.memory, "memswap_limit": resources.memory}
    if resources.cpus:
        # More than the machine has is no limit, which the engine would call an error.
        most = float(engine.info.get("NCPU") or resources.cpus)
        limits["nano_cpus"] = int(min(max(resources.cpus, LEAST_CPUS), most) * 1e9)
    return limits
