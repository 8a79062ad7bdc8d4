"""A line to a hub that can go dead: connections are taken and kept, and nothing is said on them any more."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self
from urllib.parse import urlsplit


class Relay:
    """Passes connections on, on threads, until :meth:`freeze` or the end of the block.

    Args:
        url: Of the hub.
    """

    def __init__(self, url: str) -> None:
        place = urlsplit(url)
        self._far = (place.hostname or "127.0.0.1", place.port or 80)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._flows = threading.Event()
        self._flows.set()
        self._closed = False
        self._left: int | None = None
        self._open: list[socket.socket] = []

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True
        self.thaw()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def freeze(self) -> None:
        """Carry no more bytes."""
        self._flows.clear()

    def freeze_after(self, count: int) -> None:
        """Carry so many more bytes, there and back together, and no more."""
        self._left = count

    @property
    def frozen(self) -> bool:
        """Whether no bytes are carried."""
        return not self._flows.is_set()

    def thaw(self) -> None:
        """Carry what waits, and all that comes."""
        self._left = None
        self._flows.set()

    def _accept(self) -> None:
        while True:
            try:
                near = self._listener.accept()[0]
            except OSError:
                return
            far = socket.create_connection(self._far)
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(1 << 16):
                self._count(len(data))
                self._flows.wait()
                if self._closed:
                    return
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)

    def _count(self, passed: int) -> None:
        if self._left is not None and self._flows.is_set():
            self._left -= passed
            if self._left <= 0:
                self.freeze()
