"""The agent: goes on with tasks of an earlier one, claims new ones while it has room, ends without ending them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dotscience_runner.backends.base import Backend
from dotscience_runner.lab.tunnel import Tunnel
from dotscience_runner.repository import Rules
from dotscience_runner.storage import LEAST_FREE
from jupyter_dotscience._version import __version__
from jupyter_dotscience.api.problems import DotscienceError, NotLoggedIn
from jupyter_dotscience.api.protocol import PROTOCOL, Assignment, Claim, Hello, Welcome
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.transport import ssl_context

from . import library, machine, secrets
from .disk import Disk
from .lease import Heartbeat, Leases
from .patience import Backoff, hub_away, insist
from .spool import Phase, Spool, TaskFolder
from .taskloop import Surroundings, TaskLoop
from .wishes import Wishes

log = logging.getLogger(__name__)
CLAIM_SECONDS = 25.0
LOOK_SECONDS = 0.1
FULL_DISK_SECONDS = 10.0
GIGABYTE = 10**9


class Rejected(DotscienceError):
    """The hub does not accept the runner's token."""


@dataclass(frozen=True)
class Settings:
    """What the command line says.

    Attributes:
        slots: Tasks at a time.
        gpus: GPUs that tasks may use.
        labels: Labels of this agent, over those the runner was created with.
        repositories: Folders of this machine from which tasks may clone repositories.
    """

    slots: int
    gpus: int
    labels: Mapping[str, str]
    repositories: tuple[Path, ...] = ()


@dataclass
class _Running:
    """A task at work."""

    fence: int
    gpus: int
    wishes: Wishes
    thread: threading.Thread


class Agent:
    """One runner.

    Args:
        client: As the runner, with ``retry_for=0``: the agent has its own patience.
        spool: The spool.
        backend: How tasks are executed.
        settings: What the command line says.
    """

    def __init__(self, client: Client, spool: Spool, backend: Backend, settings: Settings) -> None:
        self._client, self._spool, self._backend, self._settings = client, spool, backend, settings
        self._closing = threading.Event()
        self._rejected = threading.Event()
        self._changed = threading.Condition()
        self._running: dict[str, _Running] = {}
        self._leases = Leases()
        self._machine = machine.describe()
        self._tunnel = Tunnel(client.url, client.credentials, ssl_context(client.url))

    def close(self) -> None:
        """End soon. Tasks go on without the agent; safe to call from a signal handler."""
        self._closing.set()

    def run(self) -> None:
        """Work until :meth:`close`.

        Raises:
            Rejected: the hub does not accept the token.
            NoLibrary: the library is not installed.
        """
        offered = library.lay_out(self._spool.library)
        secrets.sweep(self._spool.ssh)
        welcome = self._hello()
        if welcome is None:
            return
        limit = welcome.storage * GIGABYTE
        self._disk = Disk(self._spool, limit)
        self._around = Surroundings(
            client=self._client,
            spool=self._spool,
            backend=self._backend,
            objects=self._disk.objects,
            library=offered,
            machine=self._machine,
            leases=self._leases,
            rules=Rules(self._settings.repositories, limit),
            checkouts=self._disk.checkouts,
            storage=self._disk.storage,
            watch=self._disk.watch,
            tunnel=self._tunnel,
        )
        self._disk.watch.start()
        self._heartbeat = Heartbeat(self._client, self._leases, welcome.heartbeat_seconds, self._rejected)
        try:
            self._resume()
            self._claim_tasks()
        finally:
            self._end()
            self._disk.watch.close()
        if self._rejected.is_set():
            raise Rejected("The hub does not accept this runner's token; was the runner deleted?")

    def _hello(self) -> Welcome | None:
        hello = Hello(
            protocol=PROTOCOL,
            version=__version__,
            backend=self._backend.name,
            isolation=self._backend.isolation,
            labels=dict(self._settings.labels),
            machine=self._machine,
        )
        try:
            welcome = insist(lambda: self._client.hello(hello), _Patient(self._closing))
        except _Closing:
            return None
        except NotLoggedIn as error:
            raise Rejected(f"The hub does not accept the runner's token: {error}") from error
        log.info("Runner %s is ready: backend %s (%s).", welcome.name, self._backend.name, self._backend.isolation)
        return welcome

    def _resume(self) -> None:
        for folder in self._spool.tasks():
            log.info("Going on with task %s.", folder.task)
            try:
                self._take_up(folder, folder.load().assignment)
            except Exception:
                log.exception("Task %s cannot be taken up again; the hub gives it to a runner anew.", folder.task)

    def _claim_tasks(self) -> None:
        """Claim on another thread: a long poll cannot be interrupted, and the agent must end when it is told to.

        The hub notices that the connection of an agent that ended is gone, and gives it no task.
        """
        claims = threading.Thread(target=self._claim_loop, name="claim", daemon=True)
        claims.start()
        while claims.is_alive() and not self._over():
            self._closing.wait(LOOK_SECONDS)

    def _claim_loop(self) -> None:
        backoff = Backoff()
        while self._wait_for_room():
            try:
                assignment = self._claim()
                backoff.reset()
            except NotLoggedIn:
                self._leases.lose_all()
                self._rejected.set()
            except DotscienceError as error:
                hub_away.away(error)
                self._closing.wait(backoff.next())
            except Exception:
                log.exception("A claim failed")
                self._closing.wait(backoff.next())
            else:
                if assignment is not None:
                    self._begin_safely(assignment)

    def _wait_for_room(self) -> bool:
        """Wait for a free slot, and for room on the disk; False when the agent ends."""
        with self._changed:
            while len(self._running) >= self._settings.slots and not self._over():
                self._changed.wait(LOOK_SECONDS)  # a signal handler cannot notify
        while not self._over() and self._disk.storage.free() < LEAST_FREE:
            self._disk.storage.make_room(0)
            if self._disk.storage.free() >= LEAST_FREE:
                break
            log.warning("The disk of the spool is full: no new task is taken.")
            self._closing.wait(FULL_DISK_SECONDS)
        return not self._over()

    def _begin_safely(self, assignment: Assignment) -> None:
        try:
            self._begin(assignment)
        except Exception:
            # Its lease runs out, and the hub gives it to a runner anew.
            log.exception("Task %s cannot be taken up.", assignment.task)
            self._closing.wait(FULL_DISK_SECONDS)

    def _over(self) -> bool:
        return self._closing.is_set() or self._rejected.is_set()

    def _claim(self) -> Assignment | None:
        in_use = sum(running.gpus for running in list(self._running.values()))
        claim = Claim(wait=CLAIM_SECONDS, gpus=max(0, self._settings.gpus - in_use))
        answer = self._client.claim(claim).assignment
        hub_away.back()
        return answer

    def _begin(self, assignment: Assignment) -> None:
        """Take a task up. One that comes back to this runner begins anew, once its old lease's end was noticed."""
        old = self._running.get(assignment.task)
        if old is not None:
            if old.fence >= assignment.fence:
                return
            old.wishes.lose()
            old.thread.join()
        self._discard_stale(self._spool.folder(assignment.task))
        folder = self._spool.create(assignment)
        if self._closing.is_set():
            return  # the next agent takes it up
        log.info("Task %s of project %s begins.", assignment.task, assignment.project)
        self._take_up(folder, assignment)

    def _discard_stale(self, folder: TaskFolder) -> None:
        """Remove what an attempt has left that nobody carries on."""
        if not folder.path.exists():
            return
        wishes = Wishes()
        wishes.lose()
        try:
            TaskLoop(self._around, folder, wishes).run()
        except Exception:
            log.exception("What is left of an earlier attempt of task %s is removed unseen.", folder.task)
            folder.remove()

    def _take_up(self, folder: TaskFolder, assignment: Assignment) -> None:
        wishes = Wishes()
        loop = TaskLoop(self._around, folder, wishes)
        thread = threading.Thread(
            target=self._carry, args=(loop, assignment), name=f"task-{assignment.task}", daemon=True
        )
        gpus = self._settings.gpus if assignment.resources.gpus < 0 else assignment.resources.gpus
        with self._changed:
            self._running[assignment.task] = _Running(assignment.fence, gpus, wishes, thread)
        self._leases.hold(assignment.task, assignment.fence, wishes)
        self._heartbeat.renew()
        preparing = folder.load().phase is Phase.CLAIMED
        self._disk.storage.tasks.add(assignment.task, folder.path, wishes.end, preparing=preparing)
        thread.start()

    def _carry(self, loop: TaskLoop, assignment: Assignment) -> None:
        try:
            loop.run()
        except Exception:
            log.exception("Task %s failed in the runner; a restart of the runner goes on with it.", assignment.task)
        finally:
            self._leases.release(assignment.task, assignment.fence)
            self._disk.storage.tasks.drop(assignment.task)
            with self._changed:
                self._running.pop(assignment.task, None)
                self._changed.notify_all()

    def _end(self) -> None:
        """Let go of all tasks; those the hub has taken away are still ended and removed."""
        self._heartbeat.close()
        for running in list(self._running.values()):
            if not running.wishes.lost:
                running.wishes.close()
        for running in list(self._running.values()):
            running.thread.join()
        self._tunnel.close()


class _Closing(Exception):
    """The agent ends."""


class _Patient:
    """Waits for the hub until the agent ends."""

    def __init__(self, closing: threading.Event) -> None:
        self._closing = closing

    def wait(self, seconds: float) -> None:
        """Wait.

        Raises:
            _Closing: the agent ends.
        """
        if self._closing.wait(seconds):
            raise _Closing
