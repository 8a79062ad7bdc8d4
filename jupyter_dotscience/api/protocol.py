"""What the agent of a runner and the hub say to each other.

The agent only calls out, with the runner's token. It says ``hello`` once per start, then keeps two calls open:
``claim`` (a long poll for the next task) and ``sync`` (the heartbeat of all leases it holds, and a long poll for what
the hub wants of them). A claimed task comes with a **lease**: it is the agent's until ``sync`` has not been heard for
``lease_seconds``, and every write about the task carries the lease's **fence**. An older fence is answered with 409
``lease_lost``: the task is another runner's now, and the agent stops it and throws its results away.

A task's course, all of it idempotent so that an agent may repeat any call after a crash or a cut:

1. ``claim`` answers an :class:`Assignment`; the task is ``assigned``.
2. ``report`` tells ``preparing``, ``running``, ``saving``, with what is known by then.
3. ``append_logs`` and ``append_task_points`` at any time; ``commit_task`` for versions in between (JupyterLab).
4. ``finish`` tells the outcome together with the last changes and all runs; then the lease ends. Before it, all logs
   and points are acknowledged, and large objects and packs are sent with the task's own token.
"""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Id, Int64, Model, Request, Seconds, Sha1, Time
from .commits import CommitCreate, CommitResult
from .datasets import DatasetMount
from .runs import PointRow, RunId, RunReport
from .tasks import Execution, Labels, Machine, MergeState, Resources, TaskStatus, Workload

PROTOCOL = 1


class Hello(Request, frozen=True, kw_only=True):
    """What an agent says of itself when it starts."""

    protocol: int
    version: str
    backend: str
    isolation: str
    labels: Labels = msgspec.field(default_factory=dict)
    machine: Machine = Machine()


class Welcome(Model, frozen=True, kw_only=True):
    """What the hub expects of the agent."""

    runner: Id
    name: str
    lease_seconds: Seconds
    heartbeat_seconds: Seconds
    storage: Annotated[int, Meta(description="Gigabytes the runner may use.")]


class Claim(Request, frozen=True, kw_only=True):
    """Ask for a task."""

    wait: Annotated[float, Meta(ge=0, le=60, description="Seconds to wait for one at the most.")] = 0
    gpus: Annotated[int, Meta(ge=0, description="Free GPUs.")] = 0


class Assignment(Model, frozen=True, kw_only=True):
    """A task to execute, and the lease for it."""

    task: Id
    project: Id
    fence: Int64
    attempt: int
    workload: Workload
    resources: Resources
    commit: Annotated[Sha1 | None, Meta(description="The version to start from; null for an empty workspace.")]
    task_token: Annotated[str, Meta(description="Opens this task's project, while the lease is held. Secret.")]
    git_path: Annotated[str, Meta(description="Where to fetch the project's history, below the hub's address.")]
    large_file_threshold: Annotated[int, Meta(description="Files above this many bytes are kept as large objects.")]
    author: Annotated[str, Meta(description="Who created the task.")]
    project_name: str
    logs_next: Annotated[
        int, Meta(description="The number of this attempt's first log entry: those of an attempt before stay.")
    ] = 0
    datasets: Annotated[
        list[DatasetMount], Meta(description="What the task sees, read-only, beside its workspace.")
    ] = msgspec.field(default_factory=list)
    conflicts: Annotated[
        list[str], Meta(description="Paths for which main does not have the version to start from.")
    ] = msgspec.field(default_factory=list)


class Claimed(Model, frozen=True, kw_only=True):
    """The answer to a claim; no assignment when the wait ran out."""

    assignment: Assignment | None


class Held(Request, frozen=True, kw_only=True):
    """A lease that the agent believes to hold."""

    task: Id
    fence: Int64


class Sync(Request, frozen=True, kw_only=True):
    """Heartbeat of all held leases."""

    leases: Annotated[list[Held], Meta(max_length=1000)]
    wait: Annotated[float, Meta(ge=0, le=60, description="Seconds to wait for a change at the most.")] = 0


class LeaseState(enum.StrEnum):
    """What the hub says about a lease."""

    HELD = "held"
    STOP = "stop"
    """Held, and the task shall be stopped and its results saved."""
    LOST = "lost"
    """Not this runner's any more: stop, save nothing."""


class Lease(Model, frozen=True, kw_only=True):
    """One lease's state."""

    task: Id
    fence: Int64
    state: LeaseState


class Synced(Model, frozen=True, kw_only=True):
    """The state of each lease that was named."""

    leases: list[Lease]


class Report(Request, frozen=True, kw_only=True):
    """Where the agent is with a task."""

    fence: Int64
    status: TaskStatus
    message: Annotated[str, Meta(max_length=10_000)] = ""
    execution: Execution | None = None


class SecretsQuery(Request, frozen=True, kw_only=True):
    """Ask for the private keys that a task may use."""

    fence: Int64


class TaskPoints(Request, frozen=True, kw_only=True):
    """Live points of one run of the task; creates the run when it is new."""

    fence: Int64
    run: RunId
    started: Time | None = None
    workload_file: str | None = None
    first: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    points: Annotated[list[PointRow], Meta(max_length=100_000)]


class TaskCommit(Request, frozen=True, kw_only=True):
    """A version in the middle of a task, on the task's own branch; it is merged into main at once where that can be."""

    fence: Int64
    commit: CommitCreate
    runs: list[RunReport] = msgspec.field(default_factory=list)


class TaskCommitted(CommitResult, frozen=True, kw_only=True):
    """What became of a :class:`TaskCommit`, on the task's branch and on main."""

    merge: MergeState = MergeState.NONE
    conflicts: Annotated[list[str], Meta(description="Paths that main has changed otherwise.")] = msgspec.field(
        default_factory=list
    )


class Outcome(enum.StrEnum):
    """How a task ended."""

    EXITED = "exited"
    """By itself; the exit code tells."""
    STOPPED = "stopped"
    """Because it was asked to."""
    OUT_OF_MEMORY = "out-of-memory"
    OUT_OF_STORAGE = "out-of-storage"
    """Ended by the agent, because it filled the runner's disk, or more of it than the runner may use."""
    START_FAILED = "start-failed"
    """It never ran: no such image, command not found, no such GPU."""
    LOST = "lost"
    """Ended by the infrastructure, not by itself: an engine restart, a removed container."""


class Finish(Request, frozen=True, kw_only=True):
    """The end of a task."""

    fence: Int64
    outcome: Outcome
    exit_code: int | None = None
    message: Annotated[str, Meta(max_length=10_000)] = ""
    execution: Execution
    commit: CommitCreate | None = None
    runs: list[RunReport] = msgspec.field(default_factory=list)


class Finished(Model, frozen=True, kw_only=True):
    """What became of it."""

    status: TaskStatus
    commit: Sha1 | None
    merge: MergeState
    conflicts: list[str]
