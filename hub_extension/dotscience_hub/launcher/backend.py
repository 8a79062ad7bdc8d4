"""Which backend the local runner gets when nobody says."""

from __future__ import annotations

import os
import socket
from http.client import HTTPConnection, HTTPException

_DEFAULT = "unix:///var/run/docker.sock"
_SECONDS = 3.0


class _UnixConnection(HTTPConnection):
    """HTTP over a unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    def connect(self) -> None:
        """Connect to the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(self._path)


def choose_backend() -> str:
    """``docker`` when an engine answers on ``$DOCKER_HOST`` or the usual socket, else ``process``."""
    address = os.environ.get("DOCKER_HOST") or _DEFAULT
    if not address.startswith("unix://"):
        # An engine on another machine is reached by TCP or ssh; the runner's SDK knows how.
        return "docker"
    connection = _UnixConnection(address.removeprefix("unix://"))
    try:
        connection.request("GET", "/_ping")
        return "docker" if connection.getresponse().status == 200 else "process"
    except (OSError, HTTPException):
        return "process"
    finally:
        connection.close()
