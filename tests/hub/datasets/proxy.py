"""A proxy between a synchronisation and its server: counts requests, and lets a test do something before any of them.

It hands on the `Host` that was signed, so that the server behind it can check signatures.
"""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

HOP_BY_HOP = {"connection", "transfer-encoding", "keep-alive"}


@dataclass(frozen=True)
class Seen:
    """A request: the object's key (empty for a list), and the first byte that was asked for."""

    key: str
    start: int | None

    @property
    def is_list(self) -> bool:
        return not self.key


class Dropped(Exception):
    """Raised by `before`: the connection breaks."""


@dataclass
class Proxy:
    """What went through, and what happens before.

    Attributes:
        before: Called with each request; it may wait, or raise `Dropped`.
    """

    backend: str
    endpoint: str = ""
    seen: list[Seen] = field(default_factory=list)
    before: Callable[[Seen], None] = lambda _: None

    def lists(self) -> int:
        """How often the first page of a bucket was listed."""
        return sum(seen.is_list for seen in self.seen)

    def fetched(self) -> list[Seen]:
        """Requests of objects."""
        return [seen for seen in self.seen if not seen.is_list]


@dataclass
class Gate:
    """Holds requests of one kind back until it is opened."""

    holds: Callable[[Seen], bool]
    reached: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    def __call__(self, seen: Seen) -> None:
        if self.holds(seen) and not self.opened.is_set():
            self.reached.set()
            self.opened.wait(60)


@contextlib.contextmanager
def proxied(backend: str) -> Iterator[Proxy]:
    """A proxy before the server at `backend`."""
    proxy = Proxy(backend)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(proxy))
    server.daemon_threads = True
    proxy.endpoint = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield proxy
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"proxy": proxy})


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    proxy: Proxy

    def do_GET(self) -> None:
        seen = _seen(self.path, self.headers)
        self.proxy.seen.append(seen)
        try:
            self.proxy.before(seen)
            self._hand_on()
        except (Dropped, OSError, http.client.HTTPException):
            self.close_connection = True

    def _hand_on(self) -> None:
        connection = http.client.HTTPConnection(urlsplit(self.proxy.backend).netloc, timeout=60)
        with contextlib.closing(connection):
            connection.putrequest("GET", self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            connection.endheaders()
            self._answer(connection.getresponse())

    def _answer(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP_BY_HOP:
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Connection", "close")
        self.end_headers()
        while chunk := answer.read(1 << 16):
            self.wfile.write(chunk)
        if answer.length:
            raise Dropped  # the server broke off, which `read` does not tell: whoever waits for the rest is to know

    def log_message(self, *_: Any) -> None:
        pass


def _seen(path: str, headers: Any) -> Seen:
    _, _, key = urlsplit(path).path.lstrip("/").partition("/")
    span = headers.get("Range")
    return Seen(unquote(key), None if span is None else int(span.removeprefix("bytes=").partition("-")[0]))
