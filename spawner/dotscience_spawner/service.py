"""The Dotscience service, as the spawner asks it: with a token of the person whose server it is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import weakref
from collections.abc import Callable
from typing import TypeVar

from jupyter_dotscience.api.problems import NotLoggedIn
from jupyter_dotscience.api.routes import Scope
from jupyter_dotscience.client import Client

T = TypeVar("T")
SCOPES = ("access:services!service=dotscience", Scope.TASKS_WRITE.value)
"""All that a spawner needs: the service decides by them, as it does for the person themselves, whose tasks may be
started where. A role of the hub's own would be allowed to do it to everybody."""
TOKEN_SECONDS = 3600
CALLS = 64
"""At a time, of one hub's event loop; most are long polls of servers that start."""
_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


class Service:
    """Calls for one server. A call is tried once: who makes it knows what to do while the service is away.

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
            DotscienceError: the service refuses, or is away.
        """
        if self._client is not None:
            try:
                return await _in_thread(what, self._client)
            except NotLoggedIn:
                self._client.close()
        self._client = Client(self._url, self._new_token(), retry_for=0)
        return await _in_thread(what, self._client)


async def _in_thread(what: Callable[[Client], T], client: Client) -> T:
    """Call on a thread that does not keep the hub from ending, as one of a pool would."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def tell(result: T | None, error: BaseException | None) -> None:
        if done.cancelled():
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(result)  # type: ignore[arg-type]  # None only where T is

    def run() -> None:
        result, error = None, None
        try:
            result = what(client)
        except BaseException as raised:  # noqa: BLE001 - raised again where it is awaited
            error = raised
        with contextlib.suppress(RuntimeError):  # the hub has ended meanwhile
            loop.call_soon_threadsafe(tell, result, error)

    async with _turns.setdefault(loop, asyncio.Semaphore(CALLS)):
        threading.Thread(target=run, name="dotscience-spawner", daemon=True).start()
        return await done
