"""What a task used of its machine, over time.

The agent measures once a second or so and sends one sample for each step of time. A task of seconds and one of weeks
have about as many: whenever there are too many, hub and agent each make the steps twice as long and put samples
together, so that a mean stays a mean and the largest memory stays the largest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Int64, Model, Request

FIRST_STEP = 2
"""Seconds between the samples of a task that has just begun."""
MOST_SAMPLES = 2000
"""Samples that are kept of one task."""

Instant = Annotated[int, Meta(ge=0, le=2**40, description="Seconds since 1970-01-01T00:00:00Z.")]
Step = Annotated[int, Meta(ge=1, le=2**30, description="Seconds between two samples.")]
Level = Annotated[float, Meta(ge=0, le=1e18)]
Levels = list[float | None]


class ResourceSample(Request, frozen=True, array_like=True):
    """``[time, cpus, memory, gpus, gpu_memory, read, written, received, sent]`` of one step; null where not known.

    Attributes:
        time: When the step began.
        cpus: Processor cores in use, on average.
        memory: Bytes, at the most; without page cache that can go.
        gpus: GPUs in use, on average: 0.5 is one of them that was busy half of the time.
        gpu_memory: Bytes on all of the task's GPUs, at the most.
        read: Bytes a second from disks, on average.
        written: Bytes a second to disks, on average.
        received: Bytes a second from the network, on average.
        sent: Bytes a second to the network, on average.
    """

    time: Instant
    cpus: Level | None = None
    memory: Level | None = None
    gpus: Level | None = None
    gpu_memory: Level | None = None
    read: Level | None = None
    written: Level | None = None
    received: Level | None = None
    sent: Level | None = None


LEVELS = ResourceSample.__struct_fields__[1:]
"""Names of what is sampled, in the order of a sample."""
_PEAKS = frozenset({"memory", "gpu_memory"})


class ResourcesAppend(Request, frozen=True, kw_only=True):
    """Samples of a running task, in order of time. Those that the hub has are left out by their time."""

    fence: Int64
    step: Step
    samples: Annotated[list[ResourceSample], Meta(max_length=MOST_SAMPLES)]


class ResourcesAck(Model, frozen=True, kw_only=True):
    """The samples are stored."""

    step: Annotated[int, Meta(description="Seconds between samples that the hub keeps of this task by now.")]


class ResourcesQuery(Request, frozen=True, kw_only=True):
    """How finely to tell it."""

    points: Annotated[int, Meta(ge=2, le=MOST_SAMPLES, description="How many points at the most.")] = 500


class ResourcesUsed(Model, frozen=True, kw_only=True):
    """What a task used over time, a column each; null where it is not known. Levels are as in a ResourceSample."""

    step: Annotated[int, Meta(description="Seconds that each point stands for.")]
    times: Annotated[list[int], Meta(description="Seconds since 1970-01-01T00:00:00Z, where each step began.")]
    cpus: Levels
    memory: Levels
    gpus: Levels
    gpu_memory: Levels
    read: Levels
    written: Levels
    received: Levels
    sent: Levels


def together(time: int, samples: Sequence[ResourceSample]) -> ResourceSample:
    """One sample in the place of several: the largest memory, and the mean of all else."""
    levels: list[float | None] = []
    for name in LEVELS:
        known = [level for sample in samples if (level := getattr(sample, name)) is not None]
        if not known:
            levels.append(None)
        else:
            levels.append(max(known) if name in _PEAKS else sum(known) / len(known))
    return ResourceSample(time, *levels)


def coarser(samples: Sequence[ResourceSample], step: int) -> list[ResourceSample]:
    """Samples of a longer step.

    Args:
        samples: In order of time.
        step: In seconds; each sample will begin at a multiple of it.
    """
    return [together(time, list(some)) for time, some in groupby(samples, lambda one: one.time // step * step)]


def fewer(samples: Sequence[ResourceSample], step: int, most: int) -> tuple[int, list[ResourceSample]]:
    """At most so many samples of the same time: the step, doubled as often as it takes, and they.

    Args:
        samples: In order of time.
        step: Of theirs, in seconds.
        most: At least 1.
    """
    found = list(samples)
    while len(found) > most:
        step *= 2
        found = coarser(found, step)
    return step, found


def columns(step: int, samples: Sequence[ResourceSample]) -> ResourcesUsed:
    """Samples as columns."""
    rows = [msgspec.structs.astuple(sample) for sample in samples]
    times, *levels = zip(*rows, strict=True) if rows else ((), *((),) * len(LEVELS))
    named = dict(zip(LEVELS, map(list, levels), strict=True))
    return ResourcesUsed(step=step, times=list(times), **named)
