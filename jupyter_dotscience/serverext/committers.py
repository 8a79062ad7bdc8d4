"""Who makes the versions: the agent of the runner, or this process itself."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from jupyter_dotscience.api import control
from jupyter_dotscience.workspace.binding import Binding
from jupyter_dotscience.workspace.orders import Orders

log = logging.getLogger(__name__)
T = TypeVar("T")
_LONG = 3600.0
"""Seconds that a version may take, or what others changed: a whole disk may have to be read and sent, or written."""
_SHORT = 60.0


class Committer(Protocol):
    """Carries out orders about the workspace. Blocks; safe to use from several threads."""

    def ask(self, order: control.Order, kind: type[T]) -> T:
        """Give an order.

        Args:
            order: What to do.
            kind: Of the answer; see the order.

        Raises:
            DotscienceError: it cannot be done.
        """
        ...

    def close(self) -> None:
        """Nothing more will be ordered."""


class AgentCommitter:
    """The agent of the runner that this server runs on.

    Args:
        folder: The control folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def ask(self, order: control.Order, kind: type[T]) -> T:
        """Give an order over the control socket."""
        timeout = _LONG if isinstance(order, control.Commit | control.TakeIn) else _SHORT
        answer = control.ask(self._folder, order, timeout=timeout)
        return answer if isinstance(answer, kind) else msgspec.json.decode(answer, type=kind)

    def close(self) -> None:
        """The agent goes on by itself."""


class OwnCommitter:
    """This process, for a folder that is bound to a project.

    Args:
        orders: For the folder.
        binding: Of the folder; held.
    """

    def __init__(self, orders: Orders, binding: Binding) -> None:
        self._orders, self._binding = orders, binding

    def ask(self, order: control.Order, kind: type[T]) -> T:
        """Carry out an order here."""
        answer = self._orders.answer(order)
        assert isinstance(answer, kind)
        return answer

    def close(self) -> None:
        """Send nothing more; what waits is on disk."""
        self._orders.close()
        self._binding.release()
