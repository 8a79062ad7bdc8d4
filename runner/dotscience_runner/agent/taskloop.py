"""One task from its lease to its outcome, step by step, each step such that it can be taken again after a crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from dotscience_runner.backends.base import Backend, BackendError, Spec, State, Status
from dotscience_runner.lab.tunnel import Tunnel
from dotscience_runner.repository import Cancelled, Rules
from dotscience_runner.storage import Checkouts, NoRoom, Storage, Watch
from jupyter_dotscience._version import __version__
from jupyter_dotscience.api import _base
from jupyter_dotscience.api.logs import LogStream
from jupyter_dotscience.api.protocol import Outcome, Report
from jupyter_dotscience.api.resources import ResourcesAck, ResourceSample, ResourcesAppend
from jupyter_dotscience.api.tasks import Execution, JupyterWorkload, Machine, TaskStatus
from jupyter_dotscience.client import Client
from jupyter_dotscience.workspace import ObjectCache, WorkspaceError

from .collector import Collector
from .datasets import Datasets
from .environment import make_spec
from .finishing import Finishing
from .journal import Journal
from .labtask import LabTask
from .lease import Leases
from .meanwhile import Meanwhile
from .patience import Backoff
from .points import PointsFollower, message
from .progress import TELL_SECONDS, Bounded
from .repositories import bring_repository
from .room import Room
from .sampler import Measuring, Sampler
from .shipper import Shipper
from .spool import Phase, Spool, TaskFolder
from .versions import Versions
from .wishes import AgentClosing, TaskLost, Wishes
from .workspace import Workspace

log = logging.getLogger(__name__)
STOP_GRACE_SECONDS = 10.0
LOST_GRACE_SECONDS = 2.0
TRIES = 8
LONGEST_SECONDS = 300.0
"""Between two tries to bring results to the hub."""
"""How often in a row a step may fail for reasons that are not the task's, such as an engine that restarts."""


@dataclass(frozen=True)
class Surroundings:
    """What all tasks of an agent share.

    Attributes:
        client: As the runner.
        spool: The spool.
        backend: How tasks are executed.
        objects: Large contents.
        library: The library's folder.
        machine: What this machine is.
        leases: The held leases.
        rules: For repositories.
        tunnel: To the hub's gateway.
        checkouts: Of datasets.
        storage: The runner's share of the disk.
        watch: Looks after it.
    """

    client: Client
    spool: Spool
    backend: Backend
    objects: ObjectCache
    library: Path
    machine: Machine
    leases: Leases
    rules: Rules
    tunnel: Tunnel
    checkouts: Checkouts
    storage: Storage
    watch: Watch


class TaskLoop:
    """Carries one task through.

    Args:
        around: What all tasks share.
        folder: The task's place in the spool.
        wishes: What is wished of it.
    """

    def __init__(self, around: Surroundings, folder: TaskFolder, wishes: Wishes) -> None:
        self._around, self._folder, self._wishes = around, folder, wishes
        self._record = folder.load()
        assignment = self._record.assignment
        self._backend = around.backend
        self._journal = Journal(folder)
        # Those of an attempt before are the hub's: what is said now must not have their numbers.
        self._journal.spool.skip_to(assignment.logs_next)
        self._points = PointsFollower(
            folder.points,
            folder.points_state,
            lambda header, first, rows: self._shipper.insist(
                lambda: around.client.append_task_points(
                    message(assignment.fence, header, first, rows), task=assignment.task
                )
            ),
            lambda text: self._journal.say(LogStream.AGENT, text),
        )
        self._sampler = Sampler(folder.samples, self._send_samples)
        self._shipper = Shipper(
            around.client,
            assignment.task,
            assignment.fence,
            self._journal,
            self._points,
            self._sampler,
            wishes,
            around.leases.note,
        )
        self._task_client = around.client.derive(token=assignment.task_token, retry_for=0)
        self._workspace = Workspace(assignment, folder, around.spool, around.objects, self._task_client, wishes)
        self._lab: LabTask | None = None
        self._versions: Versions | None = None
        self._preparing = Bounded(lambda text: self._tell(TaskStatus.PREPARING, text), TELL_SECONDS)
        self._meanwhile = Meanwhile(wishes, self._preparing, lambda text: self._journal.say(LogStream.AGENT, text))
        self._datasets = Datasets(around, folder, self._task_client, self._meanwhile)
        self._collector: Collector | None = None
        self._measuring: Measuring | None = None
        # An earlier agent may have started it and died before it could note the handle.
        self._maybe_started = self._record.phase is Phase.PREPARED

    def run(self) -> None:
        """Do what is left to do. Returns when the task is over for this agent."""
        try:
            self._shipper.start()
            self._steps()
            self._shipper.close()
            self._clean_up()
        except TaskLost:
            log.warning("Task %s is not this runner's any more: stopping it, saving nothing.", self._folder.task)
            self._discard()
        except AgentClosing:
            pass
        finally:
            self._close_measuring()
            self._close_lab()
            if self._versions is not None:
                self._versions.close()
            self._journal.close()

    def _steps(self) -> None:
        steps: dict[Phase, Callable[[], None]] = {
            Phase.CLAIMED: self._prepare,
            Phase.PREPARED: self._start,
            Phase.STARTED: self._attend,
        }
        while self._record.phase in steps:
            self._try(steps[self._record.phase])
        self._try(self._finish)

    def _try(self, step: Callable[[], None]) -> None:
        """Take a step. What it raises beside the expected is the runner's failure, often a passing one.

        Results are in the spool only, so the last step is tried for as long as it takes, and the lease is kept.
        """
        backoff = Backoff(first=1, longest=LONGEST_SECONDS)
        attempt = 0
        while True:
            attempt += 1
            try:
                return step()
            except (TaskLost, AgentClosing):
                raise
            except Exception as error:
                if isinstance(error, BackendError) and self._record.phase in (Phase.CLAIMED, Phase.PREPARED):
                    return self._not_started(error)
                log.exception("Task %s: %s failed", self._folder.task, step.__name__.strip("_"))
                if attempt >= TRIES and self._record.phase is not Phase.ENDED:
                    return self._end(Outcome.LOST, f"The runner failed: {error}")
                self._wishes.wait(backoff.next())

    def _not_started(self, error: BackendError) -> None:
        """The backend refuses; perhaps because a preparation was cancelled."""
        if not self._stopped_early():
            self._end(Outcome.START_FAILED, str(error), error.exit_code)

    def _save(self, phase: Phase) -> None:
        self._record.phase = phase
        self._folder.save(self._record)

    def _tell(self, status: TaskStatus, text: str = "") -> None:
        fence = self._record.assignment.fence
        self._shipper.report(Report(fence=fence, status=status, message=text, execution=self._execution()))

    def _execution(self) -> Execution:
        return Execution(
            backend=self._backend.name,
            isolation=self._backend.isolation,
            image_digest=self._record.image_digest,
            repository_commit=self._record.repository_commit,
            machine=self._around.machine,
            runner_version=__version__,
            started=self._record.started,
            ended=self._record.ended,
            usage=self._record.usage,
        )

    def _spec(self) -> Spec:
        spec = make_spec(self._record.assignment, self._folder, self._around.library, self._backend)
        return replace(spec, mounts=[*spec.mounts, *self._datasets.mounts()])

    def _prepare(self) -> None:
        if self._stopped_early():
            return
        self._tell(TaskStatus.PREPARING)
        try:
            spec = self._spec()
            self._bring_files()
        except Cancelled:
            self._wishes.check()
            self._stopped_early()
            return
        except (WorkspaceError, NoRoom) as error:
            self._end(Outcome.START_FAILED, str(error))
            return
        wishes = self._wishes
        prepared = self._backend.prepare(spec, self._say_and_tell, lambda: wishes.stop or wishes.final)
        wishes.check()
        if not self._stopped_early():
            self._record.image_digest = prepared.image_digest
            self._record.started = _base.now()
            self._save(Phase.PREPARED)

    def _bring_files(self) -> None:
        """Workspace, repository and datasets. Room for all is made at once: so two tasks never wait for each other."""
        room = Room(self._around.storage, self._folder.task, self._journal, self._preparing, self._wishes)
        with room:
            needs = self._datasets.needs()
            files = self._workspace.check_out(lambda size: room.make(size, needs), self._meanwhile)
            self._journal.say(LogStream.AGENT, f"The workspace is ready ({files} files).")
            self._datasets.bring()
        self._record.repository_commit = bring_repository(
            self._around, self._folder, self._record, self._journal, self._wishes
        )
        self._datasets.place()

    def _say_and_tell(self, stream: LogStream, text: str) -> None:
        """A line of the preparation; progress of a pull is the task's message too."""
        self._journal.say(stream, text)
        if stream is LogStream.PULL:
            self._preparing(text)

    def _stopped_early(self) -> bool:
        if self._wishes.full:
            self._end(Outcome.START_FAILED, self._wishes.full)
        elif self._wishes.stop:
            self._end(Outcome.STOPPED, "It was stopped before it started.")
        return self._wishes.stop

    def _start(self) -> None:
        if self._is_lab:
            self._tell(TaskStatus.PREPARING, "Starting JupyterLab.")
        self._serve()
        self._record.handle = self._backend.start(self._spec())
        self._record.ran = True
        self._save(Phase.STARTED)

    def _attend(self) -> None:
        """Stay with the workload until it has ended and all its output is in the journal."""
        self._serve()
        told = self._lab is None
        if told:
            self._tell(TaskStatus.RUNNING)
        handle = self._record.handle
        if self._collector is None or self._collector.ended:
            self._collector = Collector(self._backend, handle, self._journal, self._wishes)
        if self._measuring is None:
            # Also for the end: an engine forgets what a workload used as soon as it has ended.
            self._measuring = Measuring(lambda: self._backend.measure(handle), self._sampler)
        while not self._collector.ended:
            if self._wishes.stop:
                self._ask_to_stop()
            self._collector.wait_for_end()
            self._wishes.check()
            if not told and self._lab is not None and self._lab.ready():
                told = True
                self._tell(TaskStatus.RUNNING)
        self._collector.check()
        self._journal.flush()
        status = self._backend.poll(handle)
        if status.state is State.RUNNING:
            raise RuntimeError("The log ended before the workload.")
        self._take(status)

    def _serve(self) -> None:
        """Be there for the task's JupyterLab, if it is one; an agent that takes a running one up is there anew."""
        if self._lab is None and self._is_lab:
            around, assignment = self._around, self._record.assignment
            answer = self._make_versions().answer
            self._lab = LabTask(around.client, around.tunnel, self._folder, assignment, self._wishes, answer)

    @property
    def _is_lab(self) -> bool:
        return isinstance(self._record.assignment.workload, JupyterWorkload)

    def _make_versions(self) -> Versions:
        if self._versions is None:
            self._versions = Versions(
                self._record.assignment,
                self._folder,
                self._around.client,
                self._task_client,
                self._wishes,
                self._workspace.base,
            )
        return self._versions

    def _close_measuring(self) -> None:
        if self._measuring is not None:
            self._measuring.close()
            self._sampler.close()

    def _close_lab(self) -> None:
        lab, self._lab = self._lab, None
        if lab is not None:
            lab.close()

    def _send_samples(self, step: int, samples: list[ResourceSample]) -> ResourcesAck:
        assignment = self._record.assignment
        body = ResourcesAppend(fence=assignment.fence, step=step, samples=samples)
        return self._shipper.insist(lambda: self._around.client.append_resources(body, task=assignment.task))

    def _ask_to_stop(self) -> None:
        record = self._record
        if self._wishes.full:
            # First: a full disk takes no note of it while the task goes on filling it.
            with self._around.watch.relief():
                self._backend.stop(record.handle, STOP_GRACE_SECONDS)
        if not record.stopped:
            record.stopped, record.full = True, self._wishes.full
            self._save(Phase.STARTED)
            self._journal.say(LogStream.AGENT, "Stopping the task.")
        self._backend.stop(record.handle, STOP_GRACE_SECONDS)

    def _take(self, status: Status) -> None:
        """Note how it ended. What ended because it was asked to counts as stopped, whatever its exit code."""
        self._close_measuring()
        self._record.usage = self._sampler.usage(status.usage)
        asked = self._record.stopped and status.outcome in (Outcome.EXITED, Outcome.LOST)
        if self._record.full:
            self._end(Outcome.OUT_OF_STORAGE, self._record.full, status.exit_code)
            return
        outcome = Outcome.STOPPED if asked else status.outcome
        said = self._lab.failure() if self._lab is not None else ""
        self._close_lab()
        self._end(outcome, "" if asked else said or status.message, status.exit_code)

    def _end(self, outcome: Outcome, text: str = "", exit_code: int | None = None) -> None:
        record = self._record
        record.outcome, record.message, record.exit_code = outcome, text, exit_code
        record.ended = record.ended or _base.now()
        if text:
            self._journal.say(LogStream.AGENT, text)
        self._save(Phase.ENDED)

    def _finish(self) -> None:
        self._tell(TaskStatus.SAVING)
        for text in self._datasets.complaints() if self._record.ran else ():
            self._journal.say(LogStream.COMMITTER, text)
        finishing = Finishing(
            self._around.client,
            self._record,
            self._workspace,
            self._journal,
            self._points,
            self._shipper,
            self._wishes,
            self._make_versions() if self._is_lab and self._record.ran else None,
        )
        finishing.run(self._execution())

    def _discard(self) -> None:
        """The task is another runner's: end the workload, so that two do not run, and forget all."""
        self._shipper.close()
        handle = self._record.handle
        if handle is None and self._maybe_started:
            handle = self._handle_of_maybe_started()
        if handle is not None:
            self._insistently(lambda: self._backend.stop(handle, LOST_GRACE_SECONDS))
        self._record.handle = handle
        self._clean_up()

    def _handle_of_maybe_started(self) -> object:
        """Starting again answers the handle of what runs."""
        try:
            return self._backend.start(self._spec())
        except BackendError:
            return None

    def _clean_up(self) -> None:
        handle = self._record.handle
        if handle is not None:
            self._insistently(lambda: self._backend.cleanup(handle))
        self._folder.remove()

    def _insistently(self, call: Callable[[], None]) -> None:
        """What is left behind costs disk and processors; an engine that restarts is worth waiting for."""
        backoff = Backoff(first=1)
        for _ in range(TRIES):
            try:
                call()
            except Exception:
                log.exception("Task %s: cleaning up failed", self._folder.task)
                time.sleep(backoff.next())
            else:
                return
