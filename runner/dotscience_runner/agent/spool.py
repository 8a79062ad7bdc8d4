"""The spool: the folder with all that must survive the agent.

::

    <spool>/
        agent.lock            held by the one agent that uses the spool
        git/<id>.git          history of projects and datasets, fetched from the hub
        objects/              large contents, by hash
        datasets/             checkouts of datasets, which all tasks share
        library/<hash>/       the library that is offered to tasks
        ssh/                  host keys, and where there is no better place private keys in use
        tasks/<id>/
            task.json         the record below; secret, for it holds the task's token
            work/             the workspace
            points/           live points that the task writes
            log/              entries that the hub has not acknowledged yet
            runs.jsonl        runs found in the output
            points.json       how far points were sent
            control/          where a JupyterLab finds the agent
            serving/          how a JupyterLab is started; secret, for it holds the server's token
            server/           where a JupyterLab listens
            ...               what the backend keeps
"""

from __future__ import annotations

import contextlib
import datetime as dt
import enum
import fcntl
import logging
import os
from pathlib import Path
from typing import Any

import msgspec

from dotscience_runner.files import remove_tree, sync_folder, write_atomically
from jupyter_dotscience.api.protocol import Assignment, Outcome
from jupyter_dotscience.api.tasks import Usage

log = logging.getLogger(__name__)


class SpoolInUse(Exception):
    """Another agent uses the spool."""


class Phase(enum.StrEnum):
    """What has been done for a task for good. Each is written before the next begins."""

    CLAIMED = "claimed"
    """Its lease was taken; the workspace may be there in part."""
    PREPARED = "prepared"
    """Workspace and image are there; it may have been started."""
    STARTED = "started"
    """It was started, and its handle is known."""
    ENDED = "ended"
    """It ended, and how is known; results may be sent in part."""


class Record(msgspec.Struct, kw_only=True):
    """All about a task that a later agent must know.

    Attributes:
        assignment: From the hub.
        phase: What has been done.
        image_digest: What the backend found in preparing.
        repository_commit: What was checked out of the repository that the task asked for.
        handle: The backend's.
        started: When the workload was started.
        ended: When it ended. Also the time of the commit, so that a repeated one is the same.
        stopped: It was asked to stop.
        full: Why it was ended for the sake of the disk.
        outcome: How it ended.
        exit_code: With what.
        message: One sentence about the end.
        usage: What it used.
        ran: Whether the workload ever ran, so that there may be results.
    """

    assignment: Assignment
    phase: Phase = Phase.CLAIMED
    image_digest: str | None = None
    repository_commit: str | None = None
    handle: Any = None
    started: dt.datetime | None = None
    ended: dt.datetime | None = None
    stopped: bool = False
    full: str = ""
    outcome: Outcome = Outcome.EXITED
    exit_code: int | None = None
    message: str = ""
    usage: Usage = Usage()
    ran: bool = False


class TaskFolder:
    """One task's place in the spool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.work = path / "work"
        self.points = path / "points"
        self.log = path / "log"
        self.runs = path / "runs.jsonl"
        self.points_state = path / "points.json"
        self.samples = path / "samples.json"
        self.stat_cache = path / "stat-cache"
        self.control = path / "control"
        self.serving = path / "serving"
        self.server = path / "server"

    @property
    def task(self) -> str:
        """The task's id."""
        return self.path.name

    def load(self) -> Record:
        """The record as it was saved last."""
        return msgspec.json.decode((self.path / "task.json").read_bytes(), type=Record)

    def save(self, record: Record) -> None:
        """Save the record, for good."""
        write_atomically(self.path / "task.json", msgspec.json.encode(record))

    def remove(self) -> None:
        """Remove all. The name goes first: what is left of a half removed folder is no task."""
        grave = self.path.with_name(f".removed-{self.task}-{os.getpid()}")
        if self.path.exists():
            remove_tree(grave)
            self.path.rename(grave)
        remove_tree(grave)


class Spool:
    """The folder.

    Args:
        root: Where it is; made when it is not there.

    Raises:
        SpoolInUse: another agent uses it.
        OSError: it cannot be made or written to.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.git = self.root / "git"
        self.objects = self.root / "objects"
        self.datasets = self.root / "datasets"
        self.ballast = self.root / "ballast"
        self.library = self.root / "library"
        self.ssh = self.root / "ssh"
        self._tasks = self.root / "tasks"
        for folder in (self.root, self.git, self.objects, self.library, self.ssh, self._tasks):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = os.open(self.root / "agent.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock)
            raise SpoolInUse(
                f"Another runner uses the spool folder {self.root}; give each its own with --spool."
            ) from None

    def close(self) -> None:
        """Let another agent use it."""
        os.close(self._lock)

    def tasks(self) -> list[TaskFolder]:
        """Tasks that were left by an earlier agent; remains of removed ones are removed now."""
        found = []
        for path in sorted(self._tasks.iterdir()):
            if path.name.startswith("."):
                _remove_remains(path)
            else:
                found.append(TaskFolder(path))
        return found

    def records(self) -> list[Record]:
        """The records of all tasks; one that cannot be read is of no task any more."""
        found = []
        for path in self._tasks.iterdir():
            if not path.name.startswith("."):
                with contextlib.suppress(OSError, msgspec.DecodeError):
                    found.append(TaskFolder(path).load())
        return found

    def folder(self, task: str) -> TaskFolder:
        """The place of a task, which need not be there."""
        return TaskFolder(self._tasks / task)

    def create(self, assignment: Assignment) -> TaskFolder:
        """Note that a task was claimed."""
        building = TaskFolder(self._tasks / f".new-{assignment.task}")
        remove_tree(building.path)
        building.path.mkdir(mode=0o700)
        building.log.mkdir()
        # Tasks may run as any user inside their container; nobody else gets through the folder above.
        for folder in (building.work, building.points):
            folder.mkdir()
            folder.chmod(0o777)
        building.save(Record(assignment=assignment))
        building.path.rename(self._tasks / assignment.task)
        sync_folder(self._tasks)
        return self.folder(assignment.task)


def _remove_remains(path: Path) -> None:
    """Remove what is left of a task. What cannot be removed costs disk; it must not keep the other tasks waiting."""
    try:
        remove_tree(path)
    except OSError as error:
        log.warning("%s cannot be removed: %s", path, error.strerror)
