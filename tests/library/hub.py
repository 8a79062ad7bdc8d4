"""A small hub that speaks the remote protocol over real HTTP, and remembers what it was asked."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PROJECT = "0123456789abcdef"
CREDENTIALS = "Basic " + base64.b64encode(b"ann:key").decode()


@dataclass
class Hub:
    """What arrived, and what to answer out of the ordinary."""

    address: str = ""
    projects: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, Any]] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    failures: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    credentials: list[str | None] = field(default_factory=list)
    arrived: threading.Event = field(default_factory=threading.Event)

    def commit(self) -> dict[str, Any]:
        """The parameters of the one commit."""
        [params] = [body["params"] for what, body in self.calls if what == "DotmeshRPC.Commit"]
        return dict(params)


class Handler(BaseHTTPRequestHandler):
    """The six requests of a publish."""

    hub: Hub

    def do_GET(self) -> None:
        self._answer(lambda: self.hub.projects)

    def do_POST(self) -> None:
        body = json.loads(self._body())
        self._answer(lambda: self._rpc(body) if self.path.endswith("/v2/dotmesh/rpc") else self._create(body))

    def do_PUT(self) -> None:
        content = self._body()
        self.hub.files[self.path.partition("/v2/dotmesh/s3/")[2]] = content
        self.hub.arrived.set()
        self._answer(dict)

    def _rpc(self, body: dict[str, Any]) -> dict[str, Any]:
        self.hub.calls.append((body["method"], body))
        results = {"Ping": True, "Lookup": "dot-id", "Commit": "commit-id"}
        return {"jsonrpc": "2.0", "id": body["id"], "result": results[body["method"].partition(".")[2]]}

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        self.hub.projects.append({"id": PROJECT, "name": body["name"]})
        return self.hub.projects[-1]

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers["Content-Length"]))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _answer(self, result: Any) -> None:
        self.hub.credentials.append(self.headers.get("Authorization"))
        status, headers = self.hub.failures.pop(0) if self.hub.failures else (200, {})
        if self.headers.get("Authorization") != CREDENTIALS:
            status = 401
        content = json.dumps(result()).encode() if status == 200 else b"the hub's reason"
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    """The published library hangs up before the answer to an upload; that is no error here."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub on a free port of the loopback device."""
    hub = Hub()
    with Server(("127.0.0.1", 0), type("Bound", (Handler,), {"hub": hub})) as server:
        hub.address = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
