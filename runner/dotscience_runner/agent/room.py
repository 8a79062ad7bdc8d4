"""Room on the runner's disk for what a task is about to get."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from dotscience_runner.repository import Cancelled
from dotscience_runner.storage import Need, NoRoom, Storage
from jupyter_dotscience.api.logs import LogStream

from .journal import Journal
from .wishes import Wishes

LOOK_SECONDS = 2.0


class Room:
    """While its block runs, what was promised to the task is kept free; after it, it counts as what it uses.

    Args:
        storage: The runner's share of the disk.
        task: The task's id.
        journal: Is told when the task has to wait.
        tell: The same, for people who look.
        wishes: What ends the waiting.
    """

    def __init__(
        self, storage: Storage, task: str, journal: Journal, tell: Callable[[str], None], wishes: Wishes
    ) -> None:
        self.task = task
        self._storage, self._journal, self._tell, self._wishes = storage, journal, tell, wishes
        self._workspace = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._storage.tasks.begin(self.task, self._workspace)
        self._storage.settle(self.task)

    def make(self, workspace: int, others: Sequence[Need]) -> None:
        """Make room, and wait for it while other tasks have it.

        Args:
            workspace: Bytes of the workspace's files.
            others: What else will come.

        Raises:
            NoRoom: there will never be enough.
            Cancelled: the task shall stop.
            TaskLost, AgentClosing: nobody wants it any more.
        """
        self._workspace = workspace
        needs = [Need(self.task, "its workspace", workspace), *others]
        told = False
        while True:
            try:
                return self._storage.reserve(self.task, needs)
            except NoRoom as error:
                if not error.passing:
                    raise
            if not told:
                told = True
                self._journal.say(LogStream.AGENT, "Waiting until other tasks of this runner leave room on its disk.")
            self._tell("Waiting until other tasks of this runner leave room on its disk")
            self._wishes.wait_any(LOOK_SECONDS)
            if self._wishes.stop:
                raise Cancelled
