"""Tasks: one workload on a runner, from the queue to its outcome."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Bytes, Id, Model, Request, Seconds, Sha1, Time
from .datasets import TaskDataset

DEFAULT_IMAGE = "python:3"
DEFAULT_LAB_IMAGE = "dotscience-lab"
"""What JupyterLab runs in: any image with the packages `jupyterhub` and `jupyterlab` serves."""


class TaskStatus(enum.StrEnum):
    """Where a task is. The last four are terminal."""

    QUEUED = "queued"
    ASSIGNED = "assigned"
    PREPARING = "preparing"
    RUNNING = "running"
    SAVING = "saving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    STOPPED = "stopped"
    LOST = "lost"

    @property
    def terminal(self) -> bool:
        """Whether nothing can change it any more."""
        return self in (TaskStatus.SUCCEEDED, TaskStatus.FAILED, TaskStatus.STOPPED, TaskStatus.LOST)


Environment = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_.]*$", max_length=255)],
        Annotated[str, Meta(max_length=131_072)],
    ],
    Meta(max_length=1000, description="Environment variables. NUL bytes are refused."),
]
Labels = Annotated[
    dict[
        Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.\-/]*$", max_length=100)],
        Annotated[str, Meta(max_length=200)],
    ],
    Meta(max_length=100, description="Runner labels; a label without a value has the empty string."),
]
Image = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=400,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:@\-]*$",
        description="A container image reference.",
    ),
]


class Repository(Request, frozen=True, kw_only=True):
    """A git repository to clone into the workspace before the command runs.

    It lands in a folder named after it (``code`` when no name can be told). One that is there already is updated, local
    changes in it overwritten. Submodules are not followed.
    """

    url: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=4000,
            pattern=r"^[^\x00-\x20\x7f-][^\x00-\x20\x7f]*$",
            description="What `git clone` takes: https, ssh (also user@host:path), git or file.",
        ),
    ]
    ref: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=1000,
                pattern=r"^[^\x00-\x20\x7f]+$",
                description="A branch, tag or commit hash; by default the remote's default branch.",
            ),
        ]
        | None
    ) = None


class CommandWorkload(Request, frozen=True, kw_only=True, tag_field="kind", tag="command"):
    """A program and its arguments, run in the workspace."""

    command: Annotated[list[Annotated[str, Meta(max_length=131_072)]], Meta(min_length=1, max_length=10_000)]
    image: Image = DEFAULT_IMAGE
    environment: Environment = msgspec.field(default_factory=dict)
    repository: Repository | None = None


class JupyterWorkload(Request, frozen=True, kw_only=True, tag_field="kind", tag="jupyter"):
    """A JupyterLab server in the workspace, as a server of its creator on the hub."""

    image: Image = DEFAULT_LAB_IMAGE
    environment: Environment = msgspec.field(default_factory=dict)
    server: Annotated[
        str, Meta(max_length=100, description="Name of the hub's server; empty for a user's default server.")
    ] = ""


Workload = CommandWorkload | JupyterWorkload


class Resources(Request, frozen=True, kw_only=True):
    """What the task asks of its runner; absent means no limit (and no GPU)."""

    cpus: Annotated[float, Meta(gt=0, le=4096, description="Processor cores, fractions allowed.")] | None = None
    memory: Annotated[int, Meta(ge=6_291_456, description="Bytes.")] | None = None
    gpus: Annotated[int, Meta(ge=-1, le=64, description="Number of GPUs; -1 for all of the runner's.")] = 0


class TaskCreate(Request, frozen=True, kw_only=True):
    """A task to queue."""

    workload: Workload
    labels: Labels = msgspec.field(default_factory=dict)
    resources: Resources = Resources()
    commit: Annotated[
        Sha1 | None,
        Meta(description="The version to start from; main's newest when absent. Fixed when queued."),
    ] = None
    sealed_environment: Annotated[
        Environment,
        Meta(description="Variables that are never shown: encrypted at rest, forgotten when the task has ended."),
    ] = msgspec.field(default_factory=dict)

    def __repr__(self) -> str:
        """Without what is sealed: what is shown ends up in logs."""
        return f"{type(self).__name__}(workload={self.workload!r}, labels={self.labels!r})"


class Door(Model, frozen=True, kw_only=True):
    """Where the hub's proxy reaches a task's JupyterLab, on the hub's own machine."""

    port: Annotated[int | None, Meta(description="A loopback port; null until the task's runner has offered it.")]


class Guest(Model, frozen=True, kw_only=True):
    """Somebody who was let into another's running JupyterLab."""

    user: Annotated[str, Meta(description="Their name on the hub.")]


class GuestList(Model, frozen=True, kw_only=True):
    """All guests of a task's JupyterLab; none of any other task, or of one that has ended."""

    items: list[Guest]


class MergeState(enum.StrEnum):
    """What became of a task's branch."""

    NONE = "none"
    """The task changed nothing."""
    FAST_FORWARD = "fast-forward"
    MERGED = "merged"
    CONFLICT = "conflict"
    """Both sides changed the same; the branch stays and a person decides."""


class Machine(Request, frozen=True, kw_only=True):
    """Where a task ran, as the runner sees it."""

    hostname: str = ""
    platform: Annotated[str, Meta(description="Lower-case name of the system, such as linux.")] = ""
    platform_version: Annotated[str, Meta(description="What uname -a says.")] = ""
    cpus: list[str] = msgspec.field(default_factory=list)
    gpus: list[str] = msgspec.field(default_factory=list)
    memory: Bytes = 0


class Usage(Request, frozen=True, kw_only=True):
    """What a task used; null where the backend cannot tell."""

    cpu_seconds: Seconds | None = None
    peak_memory: Bytes | None = None
    mean_cpus: Annotated[float, Meta(description="Processor cores in use, on average.")] | None = None
    mean_gpus: Annotated[float, Meta(description="GPUs in use, on average.")] | None = None
    peak_gpu_memory: Bytes | None = None
    out_of_memory: Annotated[bool, Meta(description="A process of it was ended as memory ran out.")] = False


class Execution(Request, frozen=True, kw_only=True):
    """How a task was executed, as far as it is known by now."""

    backend: str = ""
    isolation: Annotated[str, Meta(description="One sentence on what separates the task from the machine.")] = ""
    image_digest: str | None = None
    repository_commit: Annotated[
        Sha1 | None, Meta(description="The commit of the workload's repository that was checked out.")
    ] = None
    machine: Machine = Machine()
    runner_version: str = ""
    started: Time | None = None
    ended: Time | None = None
    usage: Usage = Usage()


class TaskEvent(Model, frozen=True, kw_only=True):
    """A change of a task's state, with what was said about it."""

    time: Time
    status: TaskStatus
    message: str


class Task(Model, frozen=True, kw_only=True):
    """A task with all details."""

    id: Id
    project: Id
    project_name: str
    creator: str
    status: TaskStatus
    message: Annotated[str, Meta(description="What it is doing or waiting for, or why it ended; one sentence.")]
    version: Annotated[int, Meta(description="Grows with every change; for waiting on the next one.")]
    workload: Workload
    labels: dict[str, str]
    resources: Resources
    created: Time
    ended: Time | None
    commit: Annotated[Sha1 | None, Meta(description="The version it started from.")]
    result_commit: Annotated[Sha1 | None, Meta(description="The newest commit of its branch.")]
    merge: MergeState
    conflicts: list[str]
    exit_code: int | None
    stop_requested: bool
    runner: Id | None
    runner_name: str | None
    attempts: int
    execution: Execution
    runs: Annotated[list[str], Meta(description="Ids of the runs it recorded, oldest first.")]
    events: list[TaskEvent]
    datasets: Annotated[list[TaskDataset], Meta(description="The datasets it sees, and in which version.")] = (
        msgspec.field(default_factory=list)
    )
    repeats: Annotated[str | None, Meta(description="The run that it runs again.")] = None


class TaskList(Model, frozen=True, kw_only=True):
    """A page of tasks, newest first."""

    items: list[Task]
    next: str | None = None


class TaskListQuery(Request, frozen=True, kw_only=True):
    """Which tasks to list."""

    ref: Annotated[str | None, Meta(description="Only those with this id or unique prefix of one.")] = None
    project: Id | None = None
    status: TaskStatus | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 200
    cursor: str | None = None


class TaskQuery(Request, frozen=True, kw_only=True):
    """Wait for a change before answering."""

    after: Annotated[int, Meta(description="Answer once the task's version is greater than this.")] = -1
    wait: Annotated[float, Meta(ge=0, le=60, description="Seconds to wait at the most.")] = 0
