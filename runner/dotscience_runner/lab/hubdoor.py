"""The way from a task to the hub's API: a unix socket behind which the agent asks the hub.

A JupyterLab must reach the hub to know who its visitors are. Its container may have no way there: the hub may listen on
a loopback address of the agent's machine, behind a proxy or a certificate that only the agent knows. Nothing but the
hub's REST API can be reached here, with whatever token the caller has.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import socketserver
import sys
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import urllib3

from . import sockets

log = logging.getLogger(__name__)
SOCKET = "hub.sock"
MOST_AT_ONCE = 16
MOST_BYTES = 4 << 20
IDLE_SECONDS = 60.0
HUB_SECONDS = 30.0
_VERSION = "X-JupyterHub-Version"
_PASSED = ("Accept", "Authorization", "Content-Type", "User-Agent")


class HubDoor:
    """Answers as the hub, on threads of its own, until it is closed.

    Args:
        folder: Where the socket is made; only the agent writes there.
        hub: The hub's address, as the agent knows it.
        pool: Connections to the hub.

    Raises:
        OSError: the socket cannot be made.
    """

    def __init__(self, folder: Path, hub: str, pool: urllib3.PoolManager) -> None:
        parts = urlsplit(hub)
        self._server = _Server(sockets.listen(folder, SOCKET))
        self._server.origin = f"{parts.scheme}://{parts.netloc}"
        self._server.prefix = f"{parts.path.rstrip('/')}/hub/api"
        self._server.pool = pool
        self._thread = threading.Thread(target=self._server.serve_forever, name="hub-door", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    """A server on a listening unix socket."""

    daemon_threads = True
    block_on_close = False
    origin = prefix = ""
    pool: urllib3.PoolManager

    def __init__(self, listener: socket.socket) -> None:
        super().__init__("", _Handler)
        self._listener = listener
        self._free = threading.BoundedSemaphore(MOST_AT_ONCE)

    def fileno(self) -> int:
        """For the selector that waits for connections."""
        return self._listener.fileno()

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection."""
        connection, _ = self._listener.accept()
        connection.settimeout(IDLE_SECONDS)
        return connection, ("task", 0)

    def process_request(self, request: Any, client_address: Any) -> None:
        """On a thread, if there are not too many; otherwise close it."""
        if not self._free.acquire(blocking=False):
            request.close()
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """What the thread does."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with contextlib.suppress(OSError):
            request.shutdown(socket.SHUT_RDWR)
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A task that hangs up is no news."""
        log.debug("a connection from a task to the hub failed: %r", sys.exception())

    def server_close(self) -> None:
        """Stop listening."""
        self._listener.close()


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """Pass it on."""
        self._pass_on()

    def do_POST(self) -> None:
        """Pass it on."""
        self._pass_on()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the standard library's name
        """Nothing: a query may hold a code."""

    def _pass_on(self) -> None:
        length = self._length()
        if length is None or not _is_below(self.path, self.server.prefix):
            self.close_connection = True
            self.send_error(403, "Only the hub's API can be reached here")
            return
        body = self.rfile.read(length) if length else None
        headers = {name: self.headers[name] for name in _PASSED if name in self.headers}
        try:
            answer = self.server.pool.request(
                self.command,
                self.server.origin + self.path,
                body=body,
                headers=headers,
                timeout=HUB_SECONDS,
                retries=False,
                redirect=False,
            )
        except (urllib3.exceptions.HTTPError, OSError):
            self.send_error(503, "The hub does not answer the runner")
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
        self.send_header("Content-Length", str(len(answer.data)))
        if _VERSION in answer.headers:
            self.send_header(_VERSION, answer.headers[_VERSION])
        self.end_headers()
        self.wfile.write(answer.data)

    def _length(self) -> int | None:
        """Bytes of the body; None for one that is not taken."""
        text = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not text.isascii() or not text.isdigit() or int(text) > MOST_BYTES:
            return None
        return int(text)


def _is_below(target: str, prefix: str) -> bool:
    """Whether a request's path is below the prefix, whatever a server on the way makes of dots in it."""
    path = target.partition("?")[0]
    plain = unquote(path).replace("\\", "/")
    return (path == prefix or path.startswith(prefix + "/")) and not any(
        part in (".", "..") for part in plain.split("/")
    )
