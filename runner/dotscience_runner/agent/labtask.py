"""All that the agent is for one JupyterLab while it runs: the way to the hub, and the way for browsers."""

from __future__ import annotations

import contextlib

from dotscience_runner.lab import folders, sockets
from dotscience_runner.lab.hubdoor import HubDoor
from dotscience_runner.lab.tunnel import Tunnel
from jupyter_dotscience.api.protocol import Assignment, SecretsQuery
from jupyter_dotscience.client import Client

from .control import Answer, ControlSocket
from .patience import insist_for_task
from .spool import TaskFolder
from .wishes import Wishes


class LabTask:
    """Lays out the task's folders, answers as the hub, and offers the task to the gateway, until it is closed.

    Args:
        client: As the runner.
        tunnel: To the gateway.
        folder: The task's place.
        assignment: What the hub said.
        wishes: What ends the waiting for the hub.

        answer: Carries out what JupyterLab's extension orders.

    Raises:
        TaskLost, AgentClosing: while the hub was asked for the task's sealed variables.
        OSError: the folders or a socket cannot be made.
    """

    def __init__(
        self,
        client: Client,
        tunnel: Tunnel,
        folder: TaskFolder,
        assignment: Assignment,
        wishes: Wishes,
        answer: Answer,
    ) -> None:
        self._tunnel, self._folder = tunnel, folder
        query = SecretsQuery(fence=assignment.fence)
        found = insist_for_task(lambda: client.get_task_secrets(query, task=assignment.task), wishes)
        folders.lay_out(folder.serving, folder.server, found.environment)
        with contextlib.ExitStack() as stack:
            stack.enter_context(ControlSocket(folder.control, answer))
            stack.enter_context(HubDoor(folder.serving, client.url, client.pool))
            self._offered = tunnel.offer(assignment.task, assignment.fence, folder.server)
            stack.callback(tunnel.withdraw, self._offered)
            self._open = stack.pop_all()

    def ready(self) -> bool:
        """Whether JupyterLab answers, and the gateway leads browsers to it."""
        return self._offered.accepted.is_set() and sockets.answers(self._folder.server, folders.LAB_SOCKET)

    def failure(self) -> str:
        """Why JupyterLab could not be started, as far as the task said so."""
        return folders.failure(self._folder.server)

    def close(self) -> None:
        """Be there no longer."""
        self._open.close()
