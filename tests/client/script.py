"""A server on loopback that plays a script: what to answer, in which order, and where to break the connection."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec


@dataclass
class Answer:
    """One answer of the script.

    Attributes:
        status: HTTP status.
        body: Sent with its length, or in chunks when `chunks` is set.
        chunks: Pieces of a chunked body.
        cut: Reset the connection after the body instead of ending it properly; before any answer when status is 0.
    """

    status: int = 200
    body: bytes = b""
    chunks: Iterable[bytes] | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


@dataclass
class Seen:
    """A request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


def json(value: Any, status: int = 200, **headers: str) -> Answer:
    """An answer of JSON."""
    return Answer(status, msgspec.json.encode(value), headers={"Content-Type": "application/json"} | headers)


def problem(status: int, code: str, message: str, **headers: str) -> Answer:
    """The contract's error body."""
    return json({"status": status, "code": code, "message": message}, status, **headers)


def lines(*items: Any, cut: bool = False) -> Answer:
    """A stream of JSON values; bytes are sent as they are."""
    chunks = [i if isinstance(i, bytes) else msgspec.json.encode(i) + b"\n" for i in items]
    return Answer(chunks=chunks, headers={"Content-Type": "application/x-ndjson"}, cut=cut)


class Script:
    """Plays `answers` in order, the last one again and again; or asks `respond`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.answers: list[Answer] = []
        self.seen: list[Seen] = []
        self.respond: Callable[[Seen], Answer] | None = None
        self._lock = threading.Lock()

    def play(self, *answers: Answer) -> None:
        self.answers = list(answers)

    def next(self, request: Seen) -> Answer:
        with self._lock:
            self.seen.append(request)
        if self.respond is not None:
            return self.respond(request)
        with self._lock:
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError):
            self.close_connection = True

    def _serve(self) -> None:
        request = Seen(self.command, self.path, dict(self.headers), self._body())
        answer = self.server.script.next(request)
        if answer.status:
            self._send(answer)
        if answer.cut:
            linger = struct.pack("ii", 1, 0)
            self.wfile.flush()
            if not answer.chunks and not answer.body:
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.chunks is None:
            if "Content-Length" not in answer.headers and answer.status != 204:
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
            return
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in answer.chunks:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
            self.wfile.flush()
        if not answer.cut:
            self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        pass


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
    setattr(_Handler, f"do_{_method}", _Handler._serve)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    script: Script


@contextmanager
def serve(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Script]:
    """A server for the length of a `with` block, on a free port or a given one."""
    server = _Server(("127.0.0.1", port), _Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.script = Script(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.script
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
