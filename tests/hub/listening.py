"""Pages that listen to a real hub's changes, without a browser."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, WebSocketClosedError, websocket_connect

from jupyter_dotscience.api.changes import PATH
from jupyter_dotscience.api.routes import PREFIX
from tests.formbrowser import Browser
from tests.hubprocess import RunningHub

SECONDS = 60.0
HOME = "/services/dotscience/"
Result = TypeVar("Result")
_opened: list[Page] = []


def run(work: Coroutine[Any, Any, Result]) -> Result:
    """The result of what a test does on an event loop; what it left open is closed."""

    async def whole() -> Result:
        try:
            return await work
        finally:
            while _opened:
                await _opened.pop().closed()

    return asyncio.run(whole())


class Page:
    """A connection, and what was said on it."""

    def __init__(self, connection: WebSocketClientConnection) -> None:
        self.connection = connection
        self.at: str | None = None
        self.notices: list[dict[str, Any]] = []
        self.over = False

    async def listen(self, since: str | None = None, xsrf: str = "") -> Page:
        """Say the first word, and wait for the first answer."""
        await self.connection.write_message(json.dumps({"since": since, "xsrf": xsrf}))
        await self.next()
        return self

    async def next(self) -> list[dict[str, Any]] | None:
        """The notices of the next message; None at the end."""
        async with asyncio.timeout(SECONDS):
            message = await self.connection.read_message()
        if message is None:
            self.over = True
            return None
        said = json.loads(message)
        self.at = said["at"]
        self.notices += said["notices"]
        return list(said["notices"])

    async def hear(self, **wanted: Any) -> None:
        """Wait for a notice with these fields."""
        while not any(wanted.items() <= notice.items() for notice in self.notices):
            assert await self.next() is not None, f"closed with {self.code} before {wanted}; heard {self.notices}"

    async def end(self) -> int | None:
        """The code with which the hub closes."""
        while await self.next() is not None:
            pass
        return self.code

    @property
    def code(self) -> int | None:
        return self.connection.close_code

    def close(self) -> None:
        self.connection.close()

    async def closed(self) -> None:
        """Close, and wait until nothing is left of it."""
        self.close()
        with contextlib.suppress(WebSocketClosedError):
            while not self.over:
                await self.next()
        await asyncio.sleep(0)


async def connect(hub: RunningHub, token: str | None = None, **headers: str) -> Page:
    """A connection that has said nothing yet.

    Raises:
        HTTPClientError: It was refused.
    """
    sent: Mapping[str, str] = {**({"Authorization": f"Bearer {token}"} if token else {}), **headers}
    url = hub.url.replace("http", "ws", 1) + PREFIX + PATH
    page = Page(await websocket_connect(HTTPRequest(url, headers=dict(sent), request_timeout=SECONDS)))
    _opened.append(page)
    return page


async def listener(hub: RunningHub, token: str, since: str | None = None) -> Page:
    """A program that listens with a token."""
    return await (await connect(hub, token)).listen(since)


def cookies(browser: Browser) -> str:
    """What a browser sends to the service's addresses."""
    at = urlsplit(PREFIX + PATH).path
    return "; ".join(f"{name}={value}" for (name, under), value in browser.cookies.items() if at.startswith(under))


async def in_thread(work: Callable[..., Result], *arguments: Any, **more: Any) -> Result:
    """A blocking call, while the loop goes on."""
    return await asyncio.to_thread(work, *arguments, **more)
