"""Which GPUs a task gets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from docker.types import DeviceRequest

from dotscience_runner.backends.base import BackendError

from .engine import Engine

LABEL = "dotscience.gpus"
RUNTIME = "nvidia"


def choose(engine: Engine, wanted: int, known: Sequence[int]) -> list[int] | None:
    """Indices of the GPUs for a task; None to leave the choice to the engine.

    The ones that the fewest running tasks have: the engine itself would give everybody the first ones.

    Args:
        engine: Where tasks run.
        wanted: How many; -1 for all.
        known: Indices of this machine's GPUs; empty when the agent cannot see them.

    Raises:
        BackendError: there are not so many.
    """
    if wanted == 0:
        return []
    if not known:
        return None
    if wanted > len(known):
        raise BackendError(f"The task asks for {wanted} GPUs and this runner has {len(known)}.")
    if wanted < 0:
        return list(known)
    running = engine.patiently(lambda: engine.api.containers(filters={"label": LABEL}))
    used = Counter(index for one in running for index in indices(one["Labels"]))
    return sorted(sorted(known), key=lambda index: used[index])[:wanted]


def request(wanted: int, chosen: Sequence[int] | None) -> list[Any]:
    """Device requests for the engine."""
    if wanted == 0:
        return []
    if chosen is None:
        return [DeviceRequest(count=wanted, capabilities=[["gpu"]])]
    return [DeviceRequest(device_ids=[str(index) for index in chosen], capabilities=[["gpu"]])]


def indices(labels: Mapping[str, str]) -> list[int]:
    """The GPUs that a container with these labels has."""
    return [int(index) for index in labels.get(LABEL, "").split(",") if index.isdigit()]


def label(chosen: Sequence[int] | None) -> dict[str, str]:
    """The label by which later tasks see what is used."""
    return {LABEL: ",".join(map(str, chosen))} if chosen else {}
