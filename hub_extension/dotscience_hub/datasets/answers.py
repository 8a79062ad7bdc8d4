"""Answers that come in time: a server that falls silent, or drips, cannot hold a synchronisation for ever.

A socket's own timeout is for each `recv` alone: a byte now and then would keep it from ever ending. Here the time that
was spent waiting is added up, and only so many bytes buy more of it.
"""

from __future__ import annotations

import http.client
import io
import socket
import time
from typing import Any

LEAST_BYTES = 64 << 10
"""So much of an answer, or its end, has to come in the time that one may stand still: in 60 s, 1.1 kB/s."""
HEAD_BYTES = 1 << 20
"""What comes before an answer's body is not longer, however often it says that more is to follow."""


class Timely(io.RawIOBase):
    """What a server sends, as long as it comes in time.

    Attributes:
        head: Whether it has to be the head of an answer as yet.
    """

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, seconds: float) -> None:
        """Begin.

        Args:
            sock: Has the timeout.
            raw: Reads from it.
            seconds: How long to wait for the next `LEAST_BYTES`, or for the end.
        """
        super().__init__()
        self._socket, self._raw, self._seconds = sock, raw, seconds
        self._left, self._fresh, self._total = seconds, 0, 0
        self.head = True

    def readable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The socket's."""
        return self._raw.fileno()

    def readinto(self, buffer: Any) -> int:
        """Wait for some bytes.

        Raises:
            TimeoutError: too little came for too long.
            HTTPException: the head has no end.
        """
        if self._left <= 0:
            raise TimeoutError("timed out")
        self._socket.settimeout(self._left)
        began = time.monotonic()
        count = self._raw.readinto(buffer) or 0
        # Only what was waited here counts: what happens to the bytes in between is not the server's fault.
        self._left -= time.monotonic() - began
        self._note(count)
        return count

    def _note(self, count: int) -> None:
        self._fresh += count
        self._total += count
        if self.head and self._total > HEAD_BYTES:
            raise http.client.HTTPException("the head of an answer has no end")
        if self._fresh >= LEAST_BYTES:
            self._left, self._fresh = self._seconds, 0

    def close(self) -> None:
        """Let the socket go."""
        self._raw.close()
        super().close()


class TimelyResponse(http.client.HTTPResponse):
    """An answer; it has the time that the socket's timeout was when the request had been sent."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        """Made by the connection."""
        super().__init__(sock, *args, **options)
        seconds = sock.gettimeout()
        assert seconds is not None, "a connection without a timeout"
        self._timely = Timely(sock, self.fp.detach(), seconds)
        self.fp = io.BufferedReader(self._timely)

    def begin(self) -> None:
        """Read the head."""
        super().begin()
        self._timely.head = False
