"""What the gateway asks the store. Called on worker threads."""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from dotscience_hub.store import labs, runners
from dotscience_hub.store.database import Database
from dotscience_hub.store.tasks import TERMINAL, TaskRow, lock_task
from jupyter_dotscience.api.tasks import JupyterWorkload

from . import ports

_TOKEN = 52
"""Characters of a runner's token without its padding, which some tools take away."""


class NotYours(Exception):
    """The runner may not offer this task; the text says why."""


@dataclass(frozen=True)
class Held:
    """A lease under which a task was offered."""

    task: str
    runner: str
    fence: int


@dataclass(frozen=True)
class News:
    """How what is known stands in the store.

    Attributes:
        lost: Offers whose lease is not the task's last one any more.
        ended: Tasks that have ended, or are gone.
        removed: Runners that were removed.
    """

    lost: frozenset[Held]
    ended: frozenset[str]
    removed: frozenset[str]


class GatewayStore:
    """Tokens, leases and ports.

    Args:
        database: The service's.
        port_range: Ports for tasks.
    """

    def __init__(self, database: Database, port_range: range) -> None:
        self._database = database
        self._ports = port_range

    def ready(self) -> bool:
        """Whether the service has made the tables yet."""
        try:
            self.doors()
        except SQLAlchemyError:
            return False
        return True

    def runner(self, token: str) -> str | None:
        """Id of the runner with this token."""
        with self._database.read() as session:
            row = runners.find_by_token(session, token.rstrip("=").ljust(_TOKEN + 4, "="))
        return None if row is None else row.id

    def doors(self) -> Mapping[str, int]:
        """Ports of the tasks that have not ended."""
        with self._database.read() as session:
            return labs.doors(session)

    def admit(self, held: Held) -> int | None:
        """Check that a runner may offer a task; answers the task's port, None when it has none yet.

        Raises:
            NotYours: The task is no JupyterLab, or not (any more) this runner's.
        """
        with self._database.read() as session:
            _check(session.get(TaskRow, held.task), held)
            return labs.doors(session).get(held.task)

    def give_port(self, held: Held) -> socket.socket | None:
        """Listen on a free port, for good this task's; None when all are taken.

        Raises:
            NotYours: The task was given away meanwhile.
        """
        with self._database.write() as session:
            _check(lock_task(session, held.task), held)
            listener = ports.listen_on_free(self._ports, labs.taken_ports(session))
            if listener is not None:
                try:
                    labs.give_door(session, held.task, listener.getsockname()[1])
                    session.flush()
                except BaseException:
                    listener.close()
                    raise
            return listener

    def news(self, tasks: Collection[str], offers: Collection[Held], known_runners: Collection[str]) -> News:
        """What has changed about these tasks, offers and runners."""
        with self._database.read() as session:
            facts = labs.lease_facts(session, sorted({*tasks, *(held.task for held in offers)}))
            gone = frozenset(one for one in known_runners if session.get(runners.RunnerRow, one) is None)
        ended = frozenset(task for task in tasks if facts.get(task, (None, 0, True))[2])
        lost = frozenset(held for held in offers if facts.get(held.task) != (held.runner, held.fence, False))
        return News(lost, ended, gone)

    def close_doors(self) -> None:
        """Give the ports of ended tasks back."""
        with self._database.write() as session:
            labs.close_doors(session)


def _check(row: TaskRow | None, held: Held) -> None:
    if row is None or row.runner_id != held.runner or row.fence != held.fence or row.status in TERMINAL:
        raise NotYours("This task is not this runner's.")
    if not isinstance(row.workload, JupyterWorkload):
        raise NotYours("This task serves nothing.")
