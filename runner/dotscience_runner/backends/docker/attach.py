"""The output of a container as it is written, byte by byte.

The engine's stored log shows a line when it is complete. Who is attached from before the start sees everything at once,
progress bars included. But the engine lets a workload wait for a slow reader; so a thread reads ahead, and one that
falls too far behind gives up: the rest is then read from the stored log.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Any

from urllib3.exceptions import HTTPError

from dotscience_runner.backends.base import Chunk
from dotscience_runner.backends.lines import cut
from jupyter_dotscience.api.logs import MAX_ENTRY

from .engine import Engine
from .frames import STREAMS, Deframer

READ_BYTES = 1 << 18
AHEAD_BYTES = 32 << 20
# How long the beginning of a line waits for the rest of it.
LINE_SECONDS = 0.05
Piece = tuple[int, int, bytes]
"""Stream index, time in nanoseconds, data."""


class Attachment:
    """Attached to a container that has not been started yet.

    Args:
        engine: Where it is.
        container: Its id.
    """

    def __init__(self, engine: Engine, container: str) -> None:
        # Without asking for an upgrade of the connection, the output is simply the body of the answer.
        options = {"stdout": 1, "stderr": 1, "stream": 1}
        self._response: Any = engine.stream("POST", f"/containers/{container}/attach", params=options)
        self._pieces: deque[Piece] = deque()
        self._waiting = 0
        self._changed = threading.Condition()
        self._ended = False
        self._let_go = False
        self.complete = False
        self.ended_at = 0
        threading.Thread(target=self._run, name=f"attach {container[:12]}", daemon=True).start()

    def _run(self) -> None:
        deframer = Deframer()
        with contextlib.suppress(OSError, ValueError, HTTPError):
            while self._waiting < AHEAD_BYTES:
                data = self._response.raw.read1(READ_BYTES)
                if not data:
                    self.complete = not self._let_go
                    break
                self._add(deframer, data)
        with self._changed:
            self._ended, self.ended_at = True, time.time_ns()
            self._changed.notify_all()
        # Otherwise the engine would make the workload wait for us.
        self._response.close()

    def _add(self, deframer: Deframer, data: bytes) -> None:
        now = time.time_ns()
        pieces = [(stream, now, content) for stream, content in deframer.feed(data)]
        with self._changed:
            self._pieces.extend(pieces)
            self._waiting += len(data)
            self._changed.notify_all()

    def take(self, seconds: float | None) -> list[Piece] | None:
        """What came since the last call, waiting for it up to ``seconds``; None when that was all."""
        with self._changed:
            self._changed.wait_for(lambda: self._pieces or self._ended, seconds)
            taken = list(self._pieces)
            self._pieces.clear()
            self._waiting = 0
            return taken if taken or not self._ended else None

    def close(self) -> None:
        """Let go of the container's output."""
        self._let_go = True
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            self._response.raw.shutdown()


def chunks(attachment: Attachment, position: list[int]) -> Iterator[Chunk]:
    """Whole lines at once, and a part of a line when the rest does not come soon.

    Args:
        attachment: The source.
        position: Bytes of stdout and stderr that were handed out; kept up to date.
    """
    held = [b"", b""]
    while (pieces := attachment.take(LINE_SECONDS if any(held) else None)) is not None:
        # Nothing new in time: out with what waits.
        for stream, moment, data in pieces or [(0, time.time_ns(), b""), (1, time.time_ns(), b"")]:
            lines = cut(held[stream] + data)
            held[stream] = b""
            if data and lines and not lines[-1].endswith(b"\n") and len(lines[-1]) < MAX_ENTRY:
                held[stream] = lines.pop()
            yield from number(stream, moment, lines, position)
    for stream, rest in enumerate(held):
        yield from number(stream, time.time_ns(), [rest] if rest else [], position)


def number(stream: int, moment: int, lines: list[bytes], position: list[int]) -> Iterator[Chunk]:
    """Chunks of one stream, each with the cursor after it."""
    name = STREAMS[stream]
    for line in lines:
        position[stream] += len(line)
        yield Chunk(name, moment, line, [position[0], position[1]])
