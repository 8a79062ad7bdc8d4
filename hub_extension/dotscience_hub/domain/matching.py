"""Which runner can do which task."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from jupyter_dotscience.api.runners import RunnerType
from jupyter_dotscience.api.tasks import Resources

ALL_GPUS = -1


@dataclass(frozen=True)
class Demand:
    """What a task asks of a runner.

    Attributes:
        labels: Labels that the runner must have, with these values.
        gpus: How many GPUs it must have free; -1 for all it has, at least one.
    """

    labels: Mapping[str, str]
    gpus: int

    @property
    def key(self) -> str:
        """A short text that is the same for equal demands only."""
        text = json.dumps([sorted(self.labels.items()), self.gpus], ensure_ascii=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Offer:
    """What a runner has.

    Attributes:
        labels: Its labels.
        gpus: How many GPUs are free; 0 for a runner of type cpu.
        owner: Whose tasks it takes; None for everybody's.
    """

    labels: Mapping[str, str]
    gpus: int
    owner: str | None

    def meets(self, demand: Demand) -> bool:
        """Whether it has what is asked for."""
        needed = 1 if demand.gpus == ALL_GPUS else demand.gpus
        return needed <= self.gpus and not missing(demand.labels, self.labels)

    def takes_from(self, *people: str) -> bool:
        """Whether it works for one of these people: the creator of a task, the owner of its project."""
        return self.owner is None or self.owner in people


def demand_of(labels: Mapping[str, str], resources: Resources) -> Demand:
    """What a task asks for."""
    return Demand(labels=dict(labels), gpus=resources.gpus)


def missing(wanted: Mapping[str, str], present: Mapping[str, str]) -> dict[str, str]:
    """Labels that are wanted and not there with that value."""
    return {key: value for key, value in wanted.items() if present.get(key) != value}


def free_gpus(kind: RunnerType, said: int) -> int:
    """How many GPUs a runner can give: one of type cpu gives none, whatever its agent sees."""
    return said if kind is RunnerType.GPU else 0
