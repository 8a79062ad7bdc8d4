"""Runners as their owners see them."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Model, Name, Request, Time
from .tasks import Labels, TaskStatus


class RunnerType(enum.StrEnum):
    """What a runner offers; the words of the original."""

    CPU = "cpu"
    GPU = "gpu-nvidia-runtime"


class RunnerStatus(enum.StrEnum):
    """Whether the agent was heard of lately."""

    ONLINE = "online"
    OFFLINE = "offline"


class RunnerTask(Model, frozen=True, kw_only=True):
    """A task that the runner has run or is running."""

    id: Id
    status: TaskStatus
    created: Time


class Runner(Model, frozen=True, kw_only=True):
    """A runner with all details."""

    id: Id
    name: str
    description: str
    owner: str
    type: RunnerType
    labels: Annotated[dict[str, str], Meta(description="Set at creation and by the agent's command line.")]
    storage: Annotated[int, Meta(description="Size of its storage in gigabytes (10^9 bytes).")]
    shared: Annotated[bool, Meta(description="It takes tasks of every user, not only of its owner's projects.")]
    status: RunnerStatus
    created: Time
    last_seen: Time | None
    version: str
    backend: str
    isolation: str
    running_tasks: int
    tasks: list[RunnerTask]


class RunnerCreate(Request, frozen=True, kw_only=True):
    """A new runner. Without a name one is picked."""

    name: Name | None = None
    description: Annotated[str, Meta(max_length=10_000)] = ""
    type: RunnerType = RunnerType.CPU
    storage: Annotated[int, Meta(ge=1, le=10_000_000)] = 10
    labels: Labels = msgspec.field(default_factory=dict)
    shared: Annotated[bool, Meta(description="Only an admin may set it.")] = False


class RunnerCreated(Model, frozen=True, kw_only=True):
    """The new runner and its token, which is shown this once."""

    runner: Runner
    token: Annotated[str, Meta(description="32 random bytes in base32 (RFC 4648), 52 characters and 4 '='.")]


class RunnerList(Model, frozen=True, kw_only=True):
    """A page of runners, newest first."""

    items: list[Runner]
    next: str | None = None


class RunnerQuery(Request, frozen=True, kw_only=True):
    """Which runners to list."""

    ref: Annotated[str | None, Meta(description="Only those with this id, unique prefix of an id, or name.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    cursor: str | None = None
