"""The two websockets of an agent, and the address by which is seen that the gateway runs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from asyncio import StreamWriter
from typing import Any

import msgspec
from tornado.iostream import IOStream
from tornado.web import HTTPError, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from dotscience_hub.web.credential import token_of
from jupyter_dotscience.api.tunnel import EOF, SESSION_HEADER, FromAgent, FromGateway, Offer, Open, Withdraw

from .gateway import Gateway
from .session import AgentSession
from .store import Held

log = logging.getLogger("dotscience.gateway")
_decoder = msgspec.json.Decoder(FromAgent)
_encode = msgspec.json.Encoder().encode
PING_SECONDS = 20.0


class Health(RequestHandler):
    """Whether the gateway runs."""

    def initialize(self, gateway: Gateway) -> None:
        """Args: unused."""

    def get(self) -> None:
        """Say so."""
        self.set_header("Cache-Control", "no-store")
        self.write({"status": "ok"})


class _AgentSocket(WebSocketHandler):
    """A websocket with a runner's token."""

    runner = ""
    _stream: IOStream | None = None

    def initialize(self, gateway: Gateway) -> None:
        """Args: the gateway."""
        self.gateway = gateway

    def check_origin(self, origin: str) -> bool:
        """Agents send none; browsers send one, and have no business here."""
        return False

    def get_compression_options(self) -> dict[str, Any] | None:
        """None: what notebooks send is compressed already, or small."""
        return None

    async def prepare(self) -> None:
        """Find out whose agent it is.

        Raises:
            HTTPError: 401 for a token that is no runner's.
        """
        token = token_of(self.request.headers.get("Authorization", ""))
        runner = await asyncio.to_thread(self.gateway.store.runner, token) if token else None
        if runner is None:
            raise HTTPError(401, reason="This token is no runner's")
        self.runner = runner

    def open(self, *_: str, **__: str) -> None:
        """It is open."""
        self.set_nodelay(True)
        # Tornado forgets the connection when it begins to close it.
        self._stream = getattr(self.ws_connection, "stream", None)
        self.gateway.sockets.add(self)

    def on_close(self) -> None:
        """It is closed, on both sides."""
        self.gateway.sockets.discard(self)

    def cut(self) -> None:
        """Close it without another word."""
        if self._stream is not None:
            self._stream.close()

    @property
    def ping_interval(self) -> float:
        """Seconds; something on the way may close what is silent for a minute."""
        return PING_SECONDS


class Control(_AgentSocket):
    """What an agent offers."""

    session: AgentSession | None = None

    def open(self, *_: str, **__: str) -> None:
        """Begin a session."""
        super().open()
        self.session = AgentSession(self.runner, self._say, self.close)
        self.gateway.sessions.add(self.session)
        self.session.greet()
        log.info("the agent of runner %s is connected", self.runner)

    async def on_message(self, message: str | bytes) -> None:
        """Take or refuse an offer."""
        assert self.session is not None
        try:
            said = _decoder.decode(message)
        except msgspec.MsgspecError:
            self.close(1007, "this is no message of the tunnel")
            return
        held = Held(said.task, self.runner, said.fence)
        if isinstance(said, Offer):
            self._say(await self.gateway.offered(held, self.session))
        elif isinstance(said, Withdraw):
            self.gateway.withdrawn(held)

    def on_close(self) -> None:
        """The agent went away."""
        super().on_close()
        if self.session is not None:
            log.info("the agent of runner %s went away", self.runner)
            self.gateway.left(self.session)

    def _say(self, message: FromGateway) -> None:
        with contextlib.suppress(WebSocketClosedError):
            future = self.write_message(_encode(message).decode())
            future.add_done_callback(lambda done: done.cancelled() or done.exception())


class Data(_AgentSocket):
    """One connection through the tunnel; a `Wire`."""

    session: AgentSession | None = None
    _writer: StreamWriter | None = None

    async def prepare(self) -> None:
        """By the session's secret, which nobody but its agent knows: no look into the store for each connection."""
        token = token_of(self.request.headers.get("Authorization", "")) or ""
        found = self.gateway.sessions.find(self.request.headers.get(SESSION_HEADER, ""))
        if found is None or not token:
            raise HTTPError(401, reason="There is no such session")
        self.session = found

    def open(self, *_: str, **__: str) -> None:
        """Wait to be used."""
        assert self.session is not None
        super().open()
        _keep_alive(self)
        self._closed = asyncio.Event()
        if self.session.closed:
            self.close()
            return
        self.session.arrived(self)

    @property
    def ping_timeout(self) -> float:
        """None: while the browser reads nothing, nothing is read here, a pong neither. The control connection tells."""
        return 0

    @property
    def is_open(self) -> bool:
        """Whether it can be used."""
        return self.ws_connection is not None and not self._closed.is_set()

    async def open_task(self, task: str, writer: StreamWriter) -> None:
        """Make it this task's."""
        self._writer = writer
        await self.write_message(_encode(Open(task=task)).decode())

    async def send(self, data: bytes) -> None:
        """Send bytes; returns when they are on their way."""
        await self.write_message(data, binary=True)

    async def send_eof(self) -> None:
        """Say that no more bytes come."""
        await self.write_message(EOF)

    async def wait_closed(self) -> None:
        """Wait until the runner has closed it."""
        await self._closed.wait()

    async def on_message(self, message: str | bytes) -> None:
        """Pass bytes on. Tornado reads no more until this returns: a slow browser slows the runner down."""
        writer = self._writer
        if writer is None:
            self.close(1002, "nothing was opened")
            return
        try:
            if isinstance(message, bytes):
                writer.write(message)
                await writer.drain()
            elif message == EOF and writer.can_write_eof():
                writer.write_eof()
        except (ConnectionError, RuntimeError):
            self.close()

    def on_close(self) -> None:
        """The agent closed it, or is gone."""
        super().on_close()
        self._closed.set()
        if self.session is not None:
            self.session.gone(self)


def _keep_alive(handler: WebSocketHandler) -> None:
    """Have the kernel notice a peer that vanished."""
    stream: Any = getattr(handler.ws_connection, "stream", None)
    with contextlib.suppress(AttributeError, OSError):
        stream.socket.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
