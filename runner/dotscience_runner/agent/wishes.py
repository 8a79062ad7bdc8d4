"""What is wished of one task from outside: to be stopped, to be given up, to be left alone."""

from __future__ import annotations

import threading


class TaskLost(Exception):
    """The lease is another runner's now, or the task is gone: stop it, save nothing."""


class AgentClosing(Exception):
    """This agent ends; tasks go on, and a later agent goes on with them."""


class Wishes:
    """Flags that are raised by other threads and never lowered."""

    def __init__(self) -> None:
        self._any = threading.Event()
        self._final = threading.Event()
        self._stop = self._lost = self._closing = False
        self._full = ""

    @property
    def stop(self) -> bool:
        """The task shall be stopped, and its results saved."""
        return self._stop

    @property
    def full(self) -> str:
        """Why the task shall be stopped for the sake of the disk; empty when nobody wants that."""
        return self._full

    @property
    def lost(self) -> bool:
        """The task is not this runner's any more."""
        return self._lost

    @property
    def final(self) -> bool:
        """Nothing more shall be done for the task: it is lost, or the agent ends."""
        return self._final.is_set()

    def ask_stop(self) -> None:
        """Wish that the task be stopped."""
        self._stop = True
        self._any.set()

    def end(self, reason: str) -> None:
        """Wish that the task be stopped because it uses too much of the disk."""
        self._full = reason
        self.ask_stop()

    def lose(self) -> None:
        """Say that the task is lost."""
        self._lost = True
        self._final.set()
        self._any.set()

    def close(self) -> None:
        """Say that the agent ends."""
        self._closing = True
        self._final.set()
        self._any.set()

    def check(self) -> None:
        """Raise what makes going on pointless.

        Raises:
            TaskLost: the task is lost.
            AgentClosing: the agent ends.
        """
        if self._lost:
            raise TaskLost
        if self._closing:
            raise AgentClosing

    def wait(self, seconds: float) -> None:
        """Wait until a wish is there that ends the work, at most ``seconds``.

        Raises:
            TaskLost: the task is lost.
            AgentClosing: the agent ends.
        """
        self._final.wait(seconds)
        self.check()

    def wait_any(self, seconds: float) -> None:
        """As :meth:`wait`, but a wish to stop ends the waiting too."""
        self._any.wait(seconds)
        self.check()
