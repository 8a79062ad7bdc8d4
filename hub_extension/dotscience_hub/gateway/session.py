"""One agent that is connected: its control connection, and its data connections that wait."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Iterator

from jupyter_dotscience.api.tunnel import Dial, FromGateway, Session

from .bridge import Wire

WARM = 8
"""Data connections that wait per agent: a page of JupyterLab opens about six at once."""
MOST_DIALLED = 64


class AgentSession:
    """What the gateway has of one agent.

    Args:
        runner: Id of the runner.
        send: Says something on the control connection; nothing when it is closed.
        hang_up: Closes the control connection.

    Attributes:
        secret: Opens data connections.
    """

    def __init__(self, runner: str, send: Callable[[FromGateway], None], hang_up: Callable[[], None]) -> None:
        self.runner = runner
        self.secret = secrets.token_urlsafe(32)
        self.closed = False
        self._send = send
        self._hang_up = hang_up
        self._idle: deque[Wire] = deque()
        self._all: set[Wire] = set()
        self._waiting: deque[asyncio.Future[Wire]] = deque()
        self._dialled = 0

    def greet(self) -> None:
        """Say the session's secret."""
        self._send(Session(secret=self.secret))

    def say(self, message: FromGateway) -> None:
        """Say something to the agent."""
        self._send(message)

    def fill(self) -> None:
        """Ask for as many data connections as are missing."""
        wanted = WARM + len(self._waiting) - len(self._idle) - self._dialled
        count = min(wanted, MOST_DIALLED - self._dialled)
        if count > 0 and not self.closed:
            self._dialled += count
            self._send(Dial(count=count))

    def arrived(self, line: Wire) -> None:
        """A data connection is there."""
        self._dialled = max(0, self._dialled - 1)
        self._all.add(line)
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(line)
                return
        self._idle.append(line)

    def gone(self, line: Wire) -> None:
        """A data connection was closed."""
        self._all.discard(line)
        if line in self._idle:
            self._idle.remove(line)
            self.fill()

    async def take(self, seconds: float) -> Wire:
        """A data connection to use.

        Raises:
            TimeoutError: None came.
            ConnectionError: The agent went away.
        """
        while self._idle:
            line = self._idle.popleft()
            if line.is_open:
                self.fill()
                return line
        if self.closed:
            raise ConnectionError
        waiter: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self.fill()
        try:
            async with asyncio.timeout(seconds):
                return await waiter
        except TimeoutError:
            if waiter.done() and not waiter.cancelled():
                return waiter.result()
            # What was dialled did not come: do not count on it any longer.
            self._dialled = 0
            raise

    def close(self) -> None:
        """The agent went away, or shall: close all that is left of it."""
        self.closed = True
        self._hang_up()
        for waiter in self._waiting:
            if not waiter.done():
                waiter.set_exception(ConnectionError())
        self._waiting.clear()
        for line in list(self._all):
            line.close()


class Sessions:
    """All agents that are connected, by their secrets."""

    def __init__(self) -> None:
        self._by_secret: dict[str, AgentSession] = {}

    def __iter__(self) -> Iterator[AgentSession]:
        return iter(list(self._by_secret.values()))

    def add(self, session: AgentSession) -> None:
        """An agent connected."""
        self._by_secret[session.secret] = session

    def remove(self, session: AgentSession) -> None:
        """It went away."""
        self._by_secret.pop(session.secret, None)
        session.close()

    def find(self, secret: str) -> AgentSession | None:
        """The session with this secret."""
        return self._by_secret.get(secret)
