"""Watching a task from here: its output, what it waits for, its end, and how a person stops it."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .guard import say
from .streams import JobPrinter
from .waiting import Waiting

if TYPE_CHECKING:
    from types import FrameType

    from jupyter_dotscience.api.logs import LogEntry
    from jupyter_dotscience.api.problems import DotscienceError
    from jupyter_dotscience.api.tasks import Task
    from jupyter_dotscience.client import Client

WAIT, WAIT_QUEUED = 20.0, 2.0
"""Seconds of one long poll. What a queued task waits for (runners that come and go, the progress of a dataset) changes
without a new version of the task."""


_SAID = {
    "queued": "Waiting for a runner.",
    "assigned": "A runner has taken the task.",
    "preparing": "The runner prepares the workspace and the image.",
    "saving": "The runner saves the results.",
}


@dataclass(frozen=True)
class Changed:
    """The task has a new state."""

    task: Task


@dataclass(frozen=True)
class Pulling:
    """The runner tells how far it is with the image."""

    text: str


@dataclass(frozen=True)
class LogEnded:
    """All of the log was printed, or it never will be."""

    error: BaseException | None


@dataclass(frozen=True)
class Failed:
    """The hub will not tell the task's state any more."""

    error: BaseException


class Interrupts:
    """Ctrl-C and SIGTERM. The first asks the job to stop, the second leaves at once.

    Installed before the task is created: an impatient person's Ctrl-C must not leave a job behind that nobody knows of.
    """

    def __init__(self) -> None:
        self.count = 0
        self.events: queue.SimpleQueue[object] = queue.SimpleQueue()
        self.over = False
        """Nothing is left to stop: leave at the first signal."""
        self._old: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupts:
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:  # as nohup and a shell's `&` want it
                self._old[number] = signal.signal(number, self._arrived)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._old.items():
            signal.signal(number, handler)

    def _arrived(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
        if self.count > 1 or self.over:
            raise KeyboardInterrupt
        self.events.put(self)  # SimpleQueue.put may be called from a signal handler


class Connection:
    """Says once that the hub is away, and once that it is back, whoever notices first.

    Args:
        tell: How to say it.
    """

    def __init__(self, tell: Callable[[str], None] = say) -> None:
        self._say = tell
        self._lock = threading.Lock()
        self._away = False

    def tell(self, error: DotscienceError | None) -> None:
        """Take note of a failure, or with None of a success."""
        with self._lock:
            if error is not None and not self._away:
                self._say(
                    f"The connection to the hub is lost; the task goes on, and so do we when it is back. ({error})"
                )
            elif error is None and self._away:
                self._say("Connected again.")
            self._away = error is not None


class Follower:
    """Follows one task until it has ended and all of its output is here.

    Two threads wait on the hub, one for the log and one for the state; this one waits for them, and for signals.

    Args:
        client: A caller who may read and stop the task.
        task: Just created.
        interrupts: Installed.
        verbose: Show the infrastructure's entries too.
    """

    def __init__(self, client: Client, task: Task, interrupts: Interrupts, *, verbose: bool) -> None:
        self._client = client
        self._task = task
        self._interrupts = interrupts
        self._events = interrupts.events
        self._verbose = verbose
        self._printer = JobPrinter()
        self._waiting = Waiting(self._printer.new_line)
        self._connection = Connection(self._waiting.say)
        self._stopped = False

    def follow(self) -> Task:
        """Wait for the end.

        Returns:
            The task in its last state.

        Raises:
            KeyboardInterrupt: a second Ctrl-C, or one after the end.
            NobodyListens: what reads our output has gone.
            DotscienceError: the hub does not let us look any more.
        """
        for work in (self._watch_log, self._watch_state):
            threading.Thread(target=work, name=work.__name__, daemon=True).start()
        self._see(self._task)
        try:
            self._until_the_end()
        finally:
            self._waiting.tell(None)
        self._interrupts.over = True
        return self._task

    def _until_the_end(self) -> None:
        log_ended = False
        while not (log_ended and self._task.status.terminal):
            event = self._next()
            if isinstance(event, Changed):
                self._see(event.task)
            elif isinstance(event, Pulling):
                self._see_pull(event.text)
            elif isinstance(event, LogEnded):
                if event.error is not None:
                    raise event.error
                log_ended = True
            elif isinstance(event, Failed):
                raise event.error
            elif event is self._interrupts:
                self._stop()

    @property
    def midline(self) -> bool:
        """Whether the job's output ended without a newline."""
        return self._printer.midline

    @property
    def stop_arrived(self) -> bool:
        """Whether the hub knows that the task shall stop."""
        return self._stopped

    def _next(self) -> object:
        """The next event; meanwhile show what takes long."""
        while True:
            try:
                return self._events.get(timeout=self._waiting.seconds())
            except queue.Empty:
                self._waiting.show()

    def _see(self, task: Task) -> None:
        from jupyter_dotscience.api.tasks import TaskStatus

        self._task = task
        if task.status.terminal or task.status is TaskStatus.RUNNING:
            self._waiting.tell(None)
        else:
            state = task.status.value
            self._waiting.tell(task.message if task.message not in ("", state) else _SAID[state])

    def _see_pull(self, text: str) -> None:
        if self._task.status.value in ("assigned", "preparing"):
            self._waiting.tell(text)

    def _stop(self) -> None:
        if self._task.status.terminal:
            raise KeyboardInterrupt  # only the rest of the log is outstanding
        waits = self._task.status.value == "queued"
        self._waiting.say(f"Stopping{'' if waits else '; results are being saved'}. Ctrl-C again to leave now.")
        threading.Thread(target=self._ask_to_stop, name="stop", daemon=True).start()

    def _ask_to_stop(self) -> None:
        def ask() -> None:
            self._client.stop_task(task=self._task.id)
            self._stopped = True

        self._persist(ask)

    def _watch_log(self) -> None:
        from jupyter_dotscience.client import follow_logs

        error: BaseException | None = None
        try:
            # Always all entries: how far the runner is with the image is among them.
            for entry in follow_logs(self._client, self._task.id, all=True, on_trouble=self._connection.tell):
                self._print(entry)
        except BaseException as caught:  # noqa: BLE001 - handed to the thread that waits for us
            error = caught
        self._events.put(LogEnded(error))

    def _print(self, entry: LogEntry) -> None:
        from jupyter_dotscience.api.logs import LogStream

        if self._verbose or entry.stream.workload:
            with self._waiting.aside():
                self._printer.write(entry)
        elif entry.stream is LogStream.PULL:
            self._events.put(Pulling(entry.data.decode(errors="replace").strip()))

    def _watch_state(self) -> None:
        from jupyter_dotscience.api.tasks import TaskQuery, TaskStatus

        task = self._task

        def look() -> Task:
            wait = WAIT_QUEUED if task.status is TaskStatus.QUEUED else WAIT
            return self._client.get_task(task=task.id, query=TaskQuery(after=task.version, wait=wait))

        while not task.status.terminal:
            found = self._persist(look)
            if found is None:
                return
            task = found
            self._events.put(Changed(task))

    def _persist(self, ask: Callable[[], Any]) -> Any:
        """What ``ask`` gives, sooner or later; None when the hub refuses for good."""
        from jupyter_dotscience.api.problems import Unavailable, Unreachable

        pause = 0.2
        while True:
            try:
                answer = ask()
            except (Unreachable, Unavailable) as error:
                self._connection.tell(error)
                time.sleep(pause)
                pause = min(pause * 2, 5.0)
            except BaseException as error:  # noqa: BLE001 - handed to the thread that waits for us
                self._events.put(Failed(error))
                return None
            else:
                self._connection.tell(None)
                return answer


def exit_status(task: Task) -> int:
    """What ``ds run`` exits with: the job's own exit code; where it has none, 130 when stopped and 1 when it failed."""
    from jupyter_dotscience.api.tasks import TaskStatus

    if task.exit_code:
        return task.exit_code & 0xFF or 1
    if task.status is TaskStatus.STOPPED:
        return 130
    return 0 if task.status is TaskStatus.SUCCEEDED else 1
