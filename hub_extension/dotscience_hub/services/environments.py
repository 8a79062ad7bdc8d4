"""Variables of tasks that nobody is shown: sealed while the task lives, gone when it has ended."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from sqlalchemy.orm import Session

from dotscience_hub.queue.queue import Queue
from dotscience_hub.store.keyring import Keyring
from dotscience_hub.store.labs import TaskEnvironmentRow, forget_environments
from dotscience_hub.store.sealing import about, hold_keys


class Environments:
    """Keeps what the hub's spawner tells a JupyterLab, its API token among it, for whoever holds the task's lease."""

    def __init__(self, keyring: Keyring, queue: Queue) -> None:
        """Args: what seals, and what says when a task ends."""
        self._keyring = keyring
        queue.transitions.when_ended(forget_environments)

    def keep(self, session: Session, task: str, variables: Mapping[str, str]) -> None:
        """Keep a new task's variables, in the transaction that makes the task."""
        if not variables:
            return
        hold_keys(session)
        sealed = self._keyring.seal(msgspec.json.encode(variables), _about(task))
        session.add(TaskEnvironmentRow(id=task, variables=sealed))

    def read(self, session: Session, task: str) -> dict[str, str]:
        """A task's variables; none when it has none, or has ended.

        Raises:
            KeyMissing: A rotation changed keys and values since the transaction began.
        """
        row = session.get(TaskEnvironmentRow, task)
        if row is None:
            return {}
        return msgspec.json.decode(self._keyring.open(row.variables, _about(task)), type=dict[str, str])


def _about(task: str) -> str:
    return about(TaskEnvironmentRow.__tablename__, task, "variables")
