"""The Dotscience service, as the spawner asks it: with a token of the person whose server it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from jupyter_dotscience.api.problems import NotLoggedIn
from jupyter_dotscience.api.routes import Scope
from jupyter_dotscience.client import Client

T = TypeVar("T")
SCOPES = ("access:services!service=dotscience", Scope.TASKS_WRITE.value)
"""All that a spawner needs: the service decides by them, as it does for the person themselves, whose tasks may be
started where. A role of the hub's own would be allowed to do it to everybody."""
TOKEN_SECONDS = 3600
THREADS = 32
"""Calls at a time of all spawners; most are long polls of servers that start."""
_pool: ThreadPoolExecutor | None = None


class Service:
    """Calls for one server.

    Args:
        url: The service's address, without the path of its API.
        new_token: Answers a new token with :data:`SCOPES` for :data:`TOKEN_SECONDS`; called on the hub's event loop.
    """

    def __init__(self, url: str, new_token: Callable[[], str]) -> None:
        self._url = url
        self._new_token = new_token
        self._client: Client | None = None

    async def call(self, what: Callable[[Client], T]) -> T:
        """Do something with a client on a thread. A token that has expired is replaced.

        Raises:
            DotscienceError: the service refuses, or is away for longer than the client's patience.
        """
        client = self._client
        if client is not None:
            try:
                return await _in_thread(what, client)
            except NotLoggedIn:
                pass
        self._client = client = Client(self._url, self._new_token(), retry_for=20)
        return await _in_thread(what, client)


async def _in_thread(what: Callable[[Client], T], client: Client) -> T:
    global _pool  # noqa: PLW0603 - one for all spawners of the hub, made when it is needed
    if _pool is None:
        _pool = ThreadPoolExecutor(THREADS, thread_name_prefix="dotscience-spawner")
    return await asyncio.get_running_loop().run_in_executor(_pool, what, client)
