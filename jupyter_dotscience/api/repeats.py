"""Running again what made a run: what it takes, what stands in the way, and what came of it."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Model, Request, Sha1, Time
from .datasets import TaskDataset
from .runs import RunId
from .tasks import Environment, Execution, Labels, Resources, TaskStatus, Workload


class Recipe(Model, frozen=True, kw_only=True):
    """What a task was made of, and where it ran. Kept with its runs, also when the task is removed."""

    task: Id
    creator: str
    workload: Workload
    labels: Annotated[dict[str, str], Meta(description="What it asked of its runner.")]
    resources: Resources
    commit: Annotated[Sha1 | None, Meta(description="The version it started from; null for an empty workspace.")]
    datasets: list[TaskDataset]
    execution: Execution
    runner_name: str | None = None
    sealed: Annotated[int, Meta(description="How many variables were never shown, and are forgotten.")] = 0


class Repeat(Model, frozen=True, kw_only=True):
    """A task that did it again."""

    task: Id
    run: Annotated[RunId | None, Meta(description="The run of it that stands for this one; null while there is none.")]
    status: Annotated[TaskStatus | None, Meta(description="Null when the task was removed.")]
    creator: str
    created: Time


class Repetition(Model, frozen=True, kw_only=True):
    """Whether a run can be run again, and what it has to do with others that were."""

    recipe: Annotated[Recipe | None, Meta(description="Null when it is not known what ran.")]
    obstacles: Annotated[list[str], Meta(description="Why it cannot be run again; sentences. Empty when it can.")]
    caveats: Annotated[list[str], Meta(description="What will not be as it was for sure; sentences.")]
    repeats: Annotated[RunId | None, Meta(description="The run that this one repeats.")]
    repeated: Annotated[list[Repeat], Meta(description="Who did it again; the 20 newest, newest first.")]


class RunRepeat(Request, frozen=True, kw_only=True):
    """How to run it again; what is absent is as it was."""

    labels: Annotated[Labels | None, Meta(description="Runner labels, where the first runner is not there.")] = None
    sealed_environment: Annotated[
        Environment, Meta(description="Variables that are never shown: they were forgotten with the first task.")
    ] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Without what is sealed."""
        return f"{type(self).__name__}(labels={self.labels!r})"
