"""The gateway: who offers which task, kept true by looks into the store."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from jupyter_dotscience.api.tunnel import Accepted, Refused, Withdraw

from . import ports
from .doors import Door, Doors
from .session import AgentSession, Sessions
from .store import GatewayStore, Held, News, NotYours

log = logging.getLogger("dotscience.gateway")
LOOK_SECONDS = 3.0
"""How often leases are looked up: so long a runner that lost one may still lead browsers to the task."""


PART_SECONDS = 2.0
"""For agents to see that their connections end."""


class Socket(Protocol):
    """A websocket of an agent."""

    def cut(self) -> None:
        """Close it without another word."""


class Gateway:
    """Knows sessions and doors.

    Args:
        store: Tokens, leases and ports.
    """

    def __init__(self, store: GatewayStore) -> None:
        self.store = store
        self.sessions = Sessions()
        self.sockets: set[Socket] = set()
        self._doors = Doors()
        self._opening = asyncio.Lock()

    async def offered(self, held: Held, session: AgentSession) -> Accepted | Refused:
        """An agent offers a task."""
        try:
            async with self._opening:
                door = await self._door(held)
        except NotYours as error:
            log.warning("runner %s may not offer task %s: %s", held.runner, held.task, error)
            return Refused(task=held.task, fence=held.fence, reason=str(error))
        except Exception:
            log.exception("task %s could not be opened", held.task)
            door = None
        if door is None:
            return Refused(task=held.task, fence=held.fence, reason="The gateway has no port for it now.", again=True)
        if not session.closed:
            door.offer(held, session)
        log.info("task %s is offered by runner %s", held.task, held.runner)
        return Accepted(task=held.task, fence=held.fence)

    async def _door(self, held: Held) -> Door | None:
        """The task's door; a new one for a task that has none."""
        port = await asyncio.to_thread(self.store.admit, held)
        found = self._doors.find(held.task)
        if found is not None:
            return found
        if port is not None:
            return await self._open(held.task, port)
        listener = await asyncio.to_thread(self.store.give_port, held)
        return None if listener is None else await self._doors.add(held.task, listener)

    async def _open(self, task: str, port: int) -> Door | None:
        try:
            return await self._doors.add(task, ports.listen(port))
        except OSError as error:
            # The hub believes in this port until the task ends. Whoever has it may let it go.
            log.error("port %d of task %s cannot be listened on: %s", port, task, error.strerror)  # noqa: TRY400
            return None

    def withdrawn(self, held: Held) -> None:
        """An agent offers a task no longer."""
        door = self._doors.find(held.task)
        if door is not None and door.held == held:
            door.withdraw()

    def left(self, session: AgentSession) -> None:
        """An agent went away."""
        self.sessions.remove(session)
        for door in self._doors:
            door.left(session)

    async def run(self) -> None:
        """Open the doors of before, and keep all of them true."""
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("the store could not be looked into; trying again")
            await asyncio.sleep(LOOK_SECONDS)

    async def _look(self) -> None:
        for task, port in (await asyncio.to_thread(self.store.doors)).items():
            async with self._opening:
                if self._doors.find(task) is None:
                    await self._open(task, port)
        tasks = [door.task for door in self._doors]
        offers = {door.held for door in self._doors if door.held is not None}
        runners = {session.runner for session in self.sessions}
        if tasks or runners:
            await self._heed(await asyncio.to_thread(self.store.news, tasks, offers, runners))

    async def _heed(self, news: News) -> None:
        for held in news.lost:
            door = self._doors.find(held.task)
            if door is not None and door.held == held:
                door.withdraw()
            for session in self.sessions:
                if session.runner == held.runner:
                    session.say(Withdraw(task=held.task, fence=held.fence))
        if news.ended:
            await asyncio.gather(*(self._doors.remove(task) for task in news.ended))
            await asyncio.to_thread(self.store.close_doors)
        for session in self.sessions:
            if session.runner in news.removed:
                self.left(session)

    async def close(self) -> None:
        """End: no new connections, a moment for those that carry bytes, then none, and no socket left open."""
        for door in self._doors:
            door.stop_listening()
        await asyncio.gather(*(door.close() for door in self._doors))
        for session in self.sessions:
            self.left(session)
        clock = asyncio.get_running_loop().time
        end = clock() + PART_SECONDS
        while self.sockets and clock() < end:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.02)
        for socket in list(self.sockets):
            socket.cut()
