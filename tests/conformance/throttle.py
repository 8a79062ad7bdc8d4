"""A way to a server on this machine that is slow, so that progress can be seen."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

PIECE = 64 * 1024


@contextlib.contextmanager
def throttled(port: int, rate: float) -> Iterator[int]:
    """A port that leads to another one.

    Args:
        port: Where the server listens, on loopback.
        rate: Bytes per second that come back through one connection.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, port, rate), daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)  # wakes who accepts


def _accept(server: socket.socket, port: int, rate: float) -> None:
    while True:
        try:
            near, _ = server.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        for source, target, pause in ((near, far, 0.0), (far, near, PIECE / rate)):
            threading.Thread(target=_pump, args=(source, target, pause), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket, pause: float) -> None:
    """Until one side hangs up; each pump closes the socket that it reads."""
    with source, contextlib.suppress(OSError):
        while piece := source.recv(PIECE):
            target.sendall(piece)
            time.sleep(pause * len(piece) / PIECE)
        target.shutdown(socket.SHUT_WR)
