"""What a backend must do: seven calls, and plain JSON between them.

The agent calls them in this order: ``prepare``, ``start``, then ``logs``, ``poll`` and ``measure`` until it has ended,
``stop`` in between if that is asked for, and ``cleanup`` at the end, whatever happened. It writes each handle to its
spool before it goes on, so that any later agent process can go on with ``poll``, ``logs``, ``stop`` and ``cleanup``
from the handle alone. Handles and cursors are therefore JSON values. Calls block; the agent makes them on a thread of
the task.

Every call may be repeated after a crash, with the same arguments: ``start`` for a task that was already started answers
the handle of what runs, ``stop`` and ``cleanup`` are no errors when there is nothing left to do.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.protocol import Outcome
from jupyter_dotscience.api.tasks import Resources, Usage

Json = Any
Say = Callable[[LogStream, str], None]
"""Puts a line into the task's log: ``say(LogStream.PULL, "python:3: 40 %")``."""


WORKSPACE = "/workspace"
"""Where the task sees its workspace, and its working directory, when the backend mounts (``mounts_at``)."""


class BackendError(Exception):
    """The workload cannot be started; the text is one sentence for its owner, with what to do.

    Attributes:
        exit_code: What a shell or engine would answer, where there is a convention: 127 for a command that is not
            found, 126 for one that cannot be executed.
    """

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Spec:
    """A workload to execute.

    Attributes:
        task: Id of the task; names of containers and the like are made from it.
        image: Container image reference; backends without images ignore it and say so.
        command: Program and arguments.
        environment: Variables of the user, and ours.
        workspace: The folder to work in, below the agent's spool; writable.
        mounts: Further folders by their place inside the task, such as the library.
        resources: Limits and GPUs.
    """

    task: str
    image: str
    command: Sequence[str]
    environment: Mapping[str, str]
    workspace: Path
    mounts: Sequence[Mount] = ()
    resources: Resources = field(default_factory=Resources)


@dataclass(frozen=True)
class Mount:
    """A folder of the spool that the task sees at ``target`` (an absolute path)."""

    source: Path
    target: str
    read_only: bool = True


@dataclass(frozen=True)
class Prepared:
    """What is known before the start."""

    image_digest: str | None = None


class State(enum.StrEnum):
    """Where a workload is."""

    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True)
class Status:
    """What ``poll`` found. The rest is meaningful once ``state`` is ``ENDED``.

    Attributes:
        state: Running or ended.
        outcome: How it ended, as far as the backend can tell: exited, out of memory, start failed, or lost.
        exit_code: Its exit code; 128 + N for signal N.
        message: One sentence when there is something to say.
        usage: What it used.
    """

    state: State
    outcome: Outcome = Outcome.EXITED
    exit_code: int | None = None
    message: str = ""
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True)
class Reading:
    """What a workload uses at a moment, and has used up to it; None for what the backend cannot tell.

    Attributes:
        time: When, on the clock `time.monotonic`.
        cpu_seconds: Processor time since its start.
        memory: Bytes now, without page cache that can go.
        gpus: GPUs in use now, each from 0 to 1, together.
        gpu_memory: Bytes in use now on its GPUs.
        read: Bytes from disks since its start.
        written: Bytes to disks since its start.
        received: Bytes from the network since its start.
        sent: Bytes to the network since its start.
    """

    time: float
    cpu_seconds: float | None = None
    memory: int | None = None
    gpus: float | None = None
    gpu_memory: int | None = None
    read: int | None = None
    written: int | None = None
    received: int | None = None
    sent: int | None = None


@dataclass(frozen=True)
class Chunk:
    """Output of the workload.

    Attributes:
        stream: stdout or stderr.
        time: Nanoseconds since 1970.
        data: Bytes as they were written, at most one line and at most ``api.logs.MAX_ENTRY`` bytes.
        cursor: Where to go on after this chunk.
    """

    stream: LogStream
    time: int
    data: bytes
    cursor: Json


class Backend(Protocol):
    """A way to execute workloads."""

    name: str
    isolation: str
    """One sentence on what separates a task from the machine and from other tasks."""
    mounts_at: bool
    """Whether ``Mount.target`` is where the task sees it; otherwise (plain processes) it is the source path."""

    def prepare(self, spec: Spec, say: Say, cancelled: Callable[[], bool]) -> Prepared:
        """Get what the workload needs: pull the image, with progress.

        Raises:
            BackendError: it cannot be had.
        """

    def start(self, spec: Spec) -> Json:
        """Start it and answer its handle.

        Raises:
            BackendError: it cannot be started: command not found, no such GPU, engine refused.
        """

    def poll(self, handle: Json) -> Status:
        """Where it is. A handle whose workload has vanished is ``ENDED`` with outcome ``lost``."""

    def measure(self, handle: Json) -> Reading | None:
        """What it uses now; None when it does not run, or the backend cannot tell. Cheap: asked once a second."""

    def logs(self, handle: Json, cursor: Json | None) -> Iterator[Chunk]:
        """Its output after ``cursor`` (all of it for None), as it comes, until it has ended and all is read.

        Byte for byte, once each, also when another process of the agent read the part before the cursor.
        """

    def stop(self, handle: Json, grace: float) -> None:
        """Ask it to end (SIGTERM), and after ``grace`` seconds kill it. Returns when it has ended."""

    def cleanup(self, handle: Json) -> None:
        """Remove what is left of it. The workspace folder is the agent's."""
