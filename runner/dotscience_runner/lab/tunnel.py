"""The agent's end of the tunnel to the hub's gateway (`api.tunnel`), on a thread of its own.

It connects while there is something to offer, and goes on trying: hub, proxy and gateway may be away for any time. What
it offers it offers again on each new connection.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from ssl import SSLContext
from typing import Any

import msgspec
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.iostream import IOStream, StreamClosedError
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from jupyter_dotscience.api import tunnel as api

from . import sockets
from .folders import LAB_SOCKET
from .pump import pump

log = logging.getLogger(__name__)
FIRST_SECONDS, LONGEST_SECONDS = 0.25, 5.0
CONNECT_SECONDS = 20.0
PING_SECONDS = 20.0
AGAIN_SECONDS = 2.0
ABANDON_SECONDS = 5.0
"""For a connection that is being made, before it can be closed."""
PART_SECONDS = 2.0
"""For the gateway to close its side too: what was sent last must not be cut off."""
CLOSE_SECONDS = ABANDON_SECONDS + PART_SECONDS + 1.0
BROKEN = (OSError, HTTPError, WebSocketClosedError, StreamClosedError, msgspec.MsgspecError)
_from_gateway = msgspec.json.Decoder(api.FromGateway)
_open = msgspec.json.Decoder(api.Open)


@dataclass
class Offered:
    """A JupyterLab that is offered to the gateway.

    Attributes:
        task: Its task.
        fence: Of the task's lease.
        folder: Where its socket is.
        accepted: Set while the gateway leads browsers here.
    """

    task: str
    fence: int
    folder: Path
    accepted: threading.Event = field(default_factory=threading.Event)


class Tunnel:
    """Offers JupyterLabs.

    Args:
        url: The hub's address.
        headers: With the runner's token.
        context: For https.
    """

    def __init__(self, url: str, headers: Mapping[str, str], context: SSLContext | None = None) -> None:
        self._url = f"ws{url.removeprefix('http')}{api.PREFIX}"
        self._headers = dict(headers)
        self._context = context
        self._offers: dict[str, Offered] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._line: _Line | None = None
        self._wake = asyncio.Event()
        self._closing = False

    def offer(self, task: str, fence: int, folder: Path) -> Offered:
        """Offer a JupyterLab from now on."""
        offered = Offered(task, fence, folder)
        with self._lock:
            self._offers[task] = offered
            if self._thread is None and not self._closing:
                self._loop, self._wake = asyncio.new_event_loop(), asyncio.Event()
                self._thread = threading.Thread(target=self._run, args=(self._loop,), name="tunnel", daemon=True)
                self._thread.start()
        self._on_loop(lambda line: line.offer(offered))
        return offered

    def withdraw(self, offered: Offered) -> None:
        """Offer it no longer."""
        with self._lock:
            if self._offers.get(offered.task) is offered:
                del self._offers[offered.task]
        offered.accepted.clear()
        self._on_loop(lambda line: line.withdraw(offered))

    def close(self) -> None:
        """End the tunnel with all connections through it."""
        with self._lock:
            self._closing = True
            thread, loop = self._thread, self._loop
        if thread is not None and loop is not None:
            self._on_loop(lambda line: line.close())
            thread.join(CLOSE_SECONDS)

    def find(self, task: str) -> Offered | None:
        """What is offered of a task."""
        with self._lock:
            return self._offers.get(task)

    def all(self) -> list[Offered]:
        """All that is offered."""
        with self._lock:
            return list(self._offers.values())

    def _on_loop(self, call: Callable[[_Line], None]) -> None:
        """Do something with the connection there is; without one it is done when there is."""

        def now() -> None:
            self._wake.set()
            if self._line is not None:
                call(self._line)

        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(now)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: loop) as runner:
                runner.run(self._keep())
        except Exception:
            log.exception("The tunnel failed")
        finally:
            with self._lock:
                if self._thread is threading.current_thread():
                    self._thread = None

    async def _keep(self) -> None:
        """Stay connected while something is offered."""
        seconds, told = FIRST_SECONDS, False
        while True:
            with self._lock:
                if self._closing or not self._offers:
                    self._thread = None
                    return
            try:
                await self._once()
                seconds, told = FIRST_SECONDS, False
            except BROKEN as error:
                if not told:
                    log.warning("The hub's gateway is away (%s); trying again until it is back.", error)
                    told = True
            finally:
                for offered in self.all():
                    offered.accepted.clear()
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), seconds)
            seconds = min(2 * seconds, LONGEST_SECONDS)

    async def _once(self) -> None:
        """One control connection, from its begin to its end."""
        control = await self._connect(api.CONTROL)
        line = _Line(self, control)
        self._line = line
        try:
            await line.run()
        finally:
            self._line = None
            line.close()
            await line.settle()

    async def connect_data(self, secret: str) -> WebSocketClientConnection:
        """One more data connection."""
        return await self._connect(api.DATA, {api.SESSION_HEADER: secret})

    async def _connect(self, path: str, more: Mapping[str, str] | None = None) -> WebSocketClientConnection:
        request = HTTPRequest(
            self._url + path,
            headers={**self._headers, **(more or {})},
            connect_timeout=CONNECT_SECONDS,
            request_timeout=CONNECT_SECONDS,
            ssl_options=self._context,
        )
        # Of a connection in use nothing is read while JupyterLab takes nothing, a pong neither: only `control` must
        # answer in time.
        patience = PING_SECONDS if path == api.CONTROL else 0
        connecting = asyncio.ensure_future(
            websocket_connect(
                request, ping_interval=PING_SECONDS, ping_timeout=patience, max_message_size=api.MAX_MESSAGE
            )
        )
        try:
            connection = await asyncio.shield(connecting)
        except asyncio.CancelledError:
            await _abandon(connecting)
            raise
        if connection.protocol is not None:
            connection.protocol.set_nodelay(True)
        return connection


async def _abandon(connecting: asyncio.Future[WebSocketClientConnection]) -> None:
    """Close a connection that is being made, however late it comes; tornado cannot be told not to make it."""
    connecting.add_done_callback(_shut)
    with suppress(TimeoutError, *BROKEN):
        await asyncio.wait_for(asyncio.shield(connecting), ABANDON_SECONDS)


def _shut(connecting: asyncio.Future[WebSocketClientConnection]) -> None:
    if connecting.cancelled() or connecting.exception() is not None:
        return
    connection = connecting.result()
    stream = _stream(connection)
    connection.close()
    if stream is not None:
        stream.close()


def _stream(connection: WebSocketClientConnection) -> IOStream | None:
    """What is below a connection; tornado forgets it as soon as it begins to close."""
    return getattr(connection.protocol, "stream", None)


class _Line:
    """A control connection with its data connections."""

    def __init__(self, tunnel: Tunnel, control: WebSocketClientConnection) -> None:
        self._tunnel, self._control = tunnel, control
        self._secret = ""
        self._tasks: set[asyncio.Task[None]] = set()
        self._bound: dict[str, set[asyncio.Task[None]]] = {}
        self._streams: set[IOStream] = set()
        self._know(control)

    def _know(self, connection: WebSocketClientConnection) -> None:
        """Remember what has to be closed in the end."""
        self._streams = {stream for stream in self._streams if not stream.closed()}
        stream = _stream(connection)
        if stream is not None:
            self._streams.add(stream)

    async def run(self) -> None:
        """Do what the gateway says, until it is gone."""
        for offered in self._tunnel.all():
            self.offer(offered)
        while (message := await self._control.read_message()) is not None:
            try:
                said = _from_gateway.decode(message)
            except msgspec.ValidationError:
                continue  # a newer gateway says more
            self._heed(said)

    def _heed(self, said: api.FromGateway) -> None:
        if isinstance(said, api.Session):
            self._secret = said.secret
        elif isinstance(said, api.Dial):
            for _ in range(said.count):
                self._spawn(self._data())
        else:
            offered = self._tunnel.find(said.task)
            if offered is not None and offered.fence == said.fence:
                self._answered(offered, said)

    def _answered(self, offered: Offered, said: api.Accepted | api.Refused | api.Withdraw) -> None:
        if isinstance(said, api.Accepted):
            offered.accepted.set()
            return
        offered.accepted.clear()
        if isinstance(said, api.Refused):
            log.warning("The gateway does not take task %s: %s", said.task, said.reason)
            if said.again:
                asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.offer, offered)

    def offer(self, offered: Offered) -> None:
        """Tell the gateway."""
        if self._tunnel.find(offered.task) is offered:
            self._say(api.Offer(task=offered.task, fence=offered.fence))

    def withdraw(self, offered: Offered) -> None:
        """Tell the gateway, and end what goes through the tunnel to this task."""
        self._say(api.Withdraw(task=offered.task, fence=offered.fence))
        for task in list(self._bound.pop(offered.task, ())):
            task.cancel()
        if not self._tunnel.all():
            self.close()

    def close(self) -> None:
        """End it."""
        self._control.close()
        for task in list(self._tasks):
            task.cancel()

    async def settle(self) -> None:
        """Wait until all that it began has ended, and no socket is left open."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        clock = asyncio.get_running_loop().time
        end = clock() + PART_SECONDS
        while not all(stream.closed() for stream in self._streams) and clock() < end:  # noqa: ASYNC110 - once
            await asyncio.sleep(0.02)
        for stream in self._streams:
            stream.close()

    def _say(self, message: api.FromAgent) -> None:
        try:
            future = self._control.write_message(msgspec.json.encode(message).decode())
        except WebSocketClosedError:
            return
        future.add_done_callback(lambda done: done.cancelled() or done.exception())

    def _spawn(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _data(self) -> None:
        """A data connection: wait until a browser's connection is led here, and carry its bytes."""
        wire = None
        try:
            wire = await self._tunnel.connect_data(self._secret)
            self._know(wire)
            first = await wire.read_message()
            if first is not None:
                await self._serve(wire, _open.decode(first).task)
        except BROKEN as error:
            log.debug("a connection of the tunnel ended: %s", error)
        finally:
            if wire is not None:
                wire.close()

    async def _serve(self, wire: WebSocketClientConnection, task: str) -> None:
        offered = self._tunnel.find(task)
        current = asyncio.current_task()
        assert current is not None
        if offered is None:
            return
        bound = self._bound.setdefault(task, set())
        bound.add(current)
        try:
            with sockets.address(offered.folder, LAB_SOCKET) as place:
                reader, writer = await asyncio.open_unix_connection(place, limit=api.CHUNK)
            await pump(wire, reader, writer)
        finally:
            bound.discard(current)
