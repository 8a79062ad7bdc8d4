"""A server of the web layer alone, with small services that tests bring."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

import pytest
import urllib3
from dotscience_hub.services.caller import Caller
from dotscience_hub.store.database import Database
from dotscience_hub.web.application import make_application, route_rules
from dotscience_hub.web.binding import bind
from dotscience_hub.web.dispatch import Dispatcher
from dotscience_hub.web.lifecycle import Lifecycle
from dotscience_hub.web.metrics import Metrics
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import NotLoggedIn
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.routes import BY_NAME, PREFIX, Route

ALICE = Caller(kind=Principal.USER, name="alice", role=Role.OWNER)


class HeaderAuthentication:
    """Whoever says their name is believed."""

    async def identify(self, handler: Any) -> Caller:
        name = handler.request.headers.get("X-Name", "alice")
        if name == "nobody":
            raise NotLoggedIn("Log in.")
        return Caller(kind=Principal.USER, name=name)


class Everything:
    """Access to everything."""

    def check(self, route: Route, caller: Caller | None, parameters: Mapping[str, str], /) -> Caller | None:
        return ALICE if caller is None else caller


@dataclass
class Server:
    """The running server."""

    port: int
    lifecycle: Lifecycle
    loop: asyncio.AbstractEventLoop
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=60))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PREFIX}"

    def request(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        return self.http.request(method, self.url + path, **more)


Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture
def serve(sqlite_database: Database) -> Serve:
    """To be called with a service and names of routes, in a with statement."""

    @contextlib.contextmanager
    def serving(service: object, *names: str) -> Iterator[Server]:
        started: list[Server] = []
        ready = threading.Event()

        async def main() -> None:
            stop = asyncio.Event()
            sockets = bind_sockets(0, "127.0.0.1")
            lifecycle = Lifecycle()
            with ThreadPoolExecutor(4) as pool:
                dispatcher = Dispatcher(Everything(), sqlite_database, pool)
                endpoints = bind([service], [BY_NAME[name] for name in names])
                rules = route_rules(endpoints, HeaderAuthentication(), dispatcher, lifecycle)
                server = HTTPServer(make_application(rules, cookie_secret=b"0" * 32, metrics=Metrics()))
                server.add_sockets(sockets)
                running = Server(sockets[0].getsockname()[1], lifecycle, asyncio.get_running_loop())
                running.stop = stop  # type: ignore[attr-defined]
                started.append(running)
                ready.set()
                await stop.wait()
                server.stop()
                await server.close_all_connections()

        thread = threading.Thread(target=lambda: asyncio.run(main()))
        thread.start()
        assert ready.wait(10)
        server = started[0]
        try:
            yield server
        finally:
            server.http.clear()
            server.loop.call_soon_threadsafe(server.stop.set)  # type: ignore[attr-defined]
            thread.join(60)

    return serving
