"""The output of a container out of the engine's stored log: exactly the bytes after a position.

The log driver is ``local``. The usual one, ``json-file``, replaces every byte that is not UTF-8, which also hits the
characters at the seams of the 16 KiB pieces in which engines store long lines. ``local`` keeps bytes. Before engine 23
it has a flaw of its own, which can be undone: of a line stored in pieces it drops the newline. A piece that ends a line
is shorter than 16 KiB, and so is an unterminated end of the output; since nothing follows the latter, a newline was
dropped wherever something follows. What remains is one newline, after a last line of more than 16 KiB, which is missing
when an agent reads it that was started after the task.

Following is not enough either: engines before 23 drop an unterminated end of the output then. So a pass without
following comes last. Positions are bytes from the start of each stream, because times are not unique and not in order.
"""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable, Iterator

from docker.errors import APIError, NotFound

from dotscience_runner.backends.base import Chunk
from dotscience_runner.backends.lines import cut

from .attach import number
from .engine import Engine
from .frames import read_frames

# Without a limit of its own the driver would throw the oldest lines away after 100 MB.
LOG_CONFIG = {"Type": "local", "Config": {"max-size": "1000g", "max-file": "1", "compress": "false"}}
PIECE_BYTES = 16_384
READ_BYTES = 1 << 18
RETRY_SECONDS = 0.5


def chunks(engine: Engine, container: str, position: list[int], ended: Callable[[], bool]) -> Iterator[Chunk]:
    """Everything after ``position`` until the container has ended and all is read, or it was removed.

    Args:
        engine: Where it is. While it does not answer, this waits.
        container: Its id.
        position: Bytes of stdout and stderr to leave out; kept up to date.
        ended: Whether nothing more will be written; may raise OSError when the engine does not answer.
    """
    while True:
        try:
            last_pass = ended()
            yield from _one_pass(engine, container, position, follow=not last_pass)
            if last_pass:
                return
        except NotFound:
            return
        except APIError as error:
            # An engine that is about to go, or is not quite there yet, answers so.
            if error.response is not None and error.response.status_code < 500:
                raise
            time.sleep(RETRY_SECONDS)
        except OSError:
            time.sleep(RETRY_SECONDS)


def _one_pass(engine: Engine, container: str, position: list[int], *, follow: bool) -> Iterator[Chunk]:
    options = {"stdout": 1, "stderr": 1, "timestamps": 1, "follow": int(follow)}
    with engine.stream("GET", f"/containers/{container}/logs", params=options) as response:
        repair = _Repair()
        skip = list(position)
        for stream, content in read_frames(lambda: _read(response)):
            stamp, _, data = content.partition(b" ")
            yield from _rest(stream, stamp, repair.piece(stream, data), skip, position)


def _read(response: object) -> bytes:
    """What has come by now, at least one byte; none at the end."""
    data: bytes = response.raw.read1(READ_BYTES)  # type: ignore[attr-defined]
    return data


def _rest(stream: int, stamp: bytes, data: bytes, skip: list[int], position: list[int]) -> Iterator[Chunk]:
    if skip[stream] >= len(data):
        skip[stream] -= len(data)
        return
    data = data[skip[stream] :] if skip[stream] else data
    skip[stream] = 0
    yield from number(stream, nanoseconds(stamp), cut(data), position)


class _Repair:
    """Puts back the newlines that the driver of an old engine dropped; finds nothing to do with a newer one."""

    def __init__(self) -> None:
        # Per stream: inside a line stored in pieces; its last piece has come without a newline.
        self._inside = [False, False]
        self._open = [False, False]

    def piece(self, stream: int, data: bytes) -> bytes:
        """The piece, after the newline that was missing before it."""
        before = b""
        if self._open[stream]:
            before, self._open[stream], self._inside[stream] = b"\n", False, False
        ends = data.endswith(b"\n")
        full = len(data) == PIECE_BYTES and not ends
        self._open[stream] = self._inside[stream] and not ends and not full
        self._inside[stream] = full or self._open[stream]
        return before + data


def nanoseconds(stamp: bytes) -> int:
    """Nanoseconds since 1970 of ``2006-01-02T15:04:05.123456789Z``; now, where the engine gave no time."""
    if len(stamp) < 20:
        return time.time_ns()
    whole, _, fraction = stamp.rstrip(b"Z").partition(b".")
    return _seconds(whole) * 1_000_000_000 + int(fraction.ljust(9, b"0") or 0)


_last_second: tuple[bytes, int] = (b"", 0)


def _seconds(whole: bytes) -> int:
    """Seconds since 1970; thousands of lines share one."""
    global _last_second  # noqa: PLW0603 - a cache of one, replaced as a whole
    known, seconds = _last_second
    if known != whole:
        seconds = calendar.timegm(time.strptime(whole.decode(), "%Y-%m-%dT%H:%M:%S"))
        _last_second = (whole, seconds)
    return seconds
