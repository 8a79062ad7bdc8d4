"""Doors: a loopback port per task, behind which browsers find its JupyterLab.

A door stays open over restarts of the gateway and the agent: who comes meanwhile waits for a moment. Any process of the
hub's machine can connect to it. That is no more than what the hub's proxy offers to everybody: the single-user server
behind it lets nobody in without the hub's OAuth.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import Iterator

from jupyter_dotscience.api.tunnel import CHUNK

from .bridge import BROKEN, Bridge, Wire
from .session import AgentSession
from .store import Held

log = logging.getLogger("dotscience.gateway")
PATIENCE_SECONDS = 20.0
"""How long a connection waits for an agent that is away: it may be starting again."""
TAKE_SECONDS = 15.0
MOST_CONNECTIONS = 512
"""Of one task at a time. Beyond, connections are closed: one task shall not use up the gateway's descriptors."""
DRAIN_SECONDS = 4.0


class Door:
    """One task's port.

    Args:
        task: The task.
        listener: Listens on its port.
    """

    def __init__(self, task: str, listener: socket.socket) -> None:
        self.task = task
        self.held: Held | None = None
        self._listener = listener
        self._session: AgentSession | None = None
        self._offered = asyncio.Event()
        self._bridges: dict[Bridge, asyncio.Task[None]] = {}
        self._entering: set[asyncio.Task[None]] = set()
        self._closed = False
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Let browsers in."""
        self._server = await asyncio.start_server(self._enter, sock=self._listener, limit=CHUNK)

    def offer(self, held: Held, session: AgentSession) -> None:
        """The task is behind this agent from now on."""
        if self.held != held or self._session is not session:
            self.withdraw()
        self.held, self._session = held, session
        self._offered.set()
        session.fill()

    def withdraw(self) -> None:
        """Nobody offers the task at present: end what is under way."""
        self.held = self._session = None
        self._offered.clear()
        self._hang_up()

    def left(self, session: AgentSession) -> None:
        """An agent went away."""
        if self._session is session:
            self.withdraw()

    async def close(self) -> None:
        """No more connections; those that carry bytes get a moment to end."""
        self._closed = True
        self.stop_listening()
        entering = list(self._entering)
        for task in entering:
            task.cancel()
        await asyncio.gather(*entering, return_exceptions=True)
        clock = asyncio.get_running_loop().time
        end = clock() + DRAIN_SECONDS
        while any(bridge.busy for bridge in self._bridges) and clock() < end:
            await asyncio.wait(self._bridges.values(), timeout=0.05)
        under_way = list(self._bridges.values())
        self._hang_up()
        await asyncio.gather(*under_way, return_exceptions=True)

    def stop_listening(self) -> None:
        """Let nobody in any more."""
        if self._server is not None:
            self._server.close()

    def _hang_up(self) -> None:
        for bridge, task in list(self._bridges.items()):
            bridge.close()
            task.cancel()

    async def _enter(self, reader: StreamReader, writer: StreamWriter) -> None:
        if self._closed or len(self._bridges) + len(self._entering) >= MOST_CONNECTIONS:
            writer.close()
            return
        current = asyncio.current_task()
        assert current is not None
        self._entering.add(current)
        try:
            wire = await self._wire()
        except BROKEN:
            writer.close()
            return
        except BaseException:
            writer.transport.abort()
            raise
        finally:
            self._entering.discard(current)
        bridge = Bridge(self.task, reader, writer)
        task = asyncio.ensure_future(bridge.run(wire))
        self._bridges[bridge] = task
        task.add_done_callback(lambda _: self._bridges.pop(bridge, None))

    async def _wire(self) -> Wire:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                await self._offered.wait()
                session = self._session
                assert session is not None
                try:
                    return await session.take(TAKE_SECONDS)
                except ConnectionError:
                    # Its end is noticed in a moment; then the door is no longer offered.
                    await asyncio.sleep(0.1)


class Doors:
    """All doors, by task."""

    def __init__(self) -> None:
        self._doors: dict[str, Door] = {}

    def __iter__(self) -> Iterator[Door]:
        return iter(list(self._doors.values()))

    def find(self, task: str) -> Door | None:
        """The task's door."""
        return self._doors.get(task)

    async def add(self, task: str, listener: socket.socket) -> Door:
        """Open a door."""
        door = self._doors[task] = Door(task, listener)
        await door.open()
        return door

    async def remove(self, task: str) -> None:
        """Close a door for good."""
        door = self._doors.pop(task, None)
        if door is not None:
            await door.close()
