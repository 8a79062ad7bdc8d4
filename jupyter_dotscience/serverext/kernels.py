"""Kernels: which are at work, and the runs that they print, seen before any notebook is saved.

Jupyter has no event for the end of an execution. Kernels publish all they do on a socket (`iopub`, in the messaging
protocol of jupyter_client), to which anybody who knows the address may listen: what a cell prints is looked at here,
and only a message that prints something is decoded. So a run is recorded also when nobody's browser saves the notebook.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec
import zmq

from jupyter_dotscience.api import marker
from jupyter_dotscience.api.runs import RunReport

log = logging.getLogger(__name__)
_DELIMITER: Final = b"<IDS|MSG>"
_START: Final = b"[[DOTSCIENCE-RUN:"
_STREAM, _STATUS = b'"stream"', b'"status"'
KNOCK_MILLISECONDS: Final = 10
"""Between attempts to reach a kernel that does not listen yet."""
MOST_CELLS: Final = 64
"""Cells of one kernel whose output may be in the middle of a marker."""


class _Header(msgspec.Struct):
    msg_type: str = ""
    msg_id: str = ""


class _Stream(msgspec.Struct):
    name: str = ""
    text: str = ""


class _Status(msgspec.Struct):
    execution_state: str = ""


_headers = msgspec.json.Decoder(_Header)
_streams = msgspec.json.Decoder(_Stream)
_states = msgspec.json.Decoder(_Status)


class KernelOutput:
    """What one kernel prints, message by message.

    Args:
        found: Called with each run that was published.
        idle: Called when a cell is done.
    """

    def __init__(self, found: Callable[[RunReport], None], idle: Callable[[], None]) -> None:
        self._found, self._idle = found, idle
        self._rest: dict[str, bytes] = {}

    def take(self, frames: list[bytes]) -> None:
        """Look at one message. A kernel is a program of users: what it sends may be anything."""
        try:
            at = frames.index(_DELIMITER)
            header, parent, content = frames[at + 2], frames[at + 3], frames[at + 5]
            if _STREAM in header:
                self._print(header, parent, content)
            elif _STATUS in header and b"idle" in content:
                self._status(header, parent, content)
        except (ValueError, IndexError, msgspec.DecodeError, UnicodeDecodeError):
            return

    def _print(self, header: bytes, parent: bytes, content: bytes) -> None:
        if _headers.decode(header).msg_type != "stream":
            return
        cell = _headers.decode(parent).msg_id
        if cell not in self._rest and b"[[" not in content and not content.rstrip(b'"}\n ').endswith(b"["):
            return
        stream = _streams.decode(content)
        if stream.name == "stdout":
            self._text(cell, stream.text.encode("utf-8", "replace"))

    def _text(self, cell: str, text: bytes) -> None:
        whole = self._rest.pop(cell, b"") + text
        end = 0
        for match in marker.MARKER.finditer(whole):
            end = match.end()
            self._publish(match.group(1).decode(errors="replace"), match.group(2))
        rest = _unfinished(whole[end:])
        if rest and len(rest) <= marker.MAX_MARKER:
            if len(self._rest) >= MOST_CELLS:
                self._rest.pop(next(iter(self._rest)))
            self._rest[cell] = rest

    def _publish(self, run: str, content: bytes) -> None:
        try:
            self._found(marker.parse(run, content))
        except marker.MarkerError as error:
            log.warning("%s", error)

    def _status(self, header: bytes, parent: bytes, content: bytes) -> None:
        if _headers.decode(header).msg_type == "status" and _states.decode(content).execution_state == "idle":
            self._rest.pop(_headers.decode(parent).msg_id, None)
            self._idle()


def _unfinished(text: bytes) -> bytes:
    """The end of a text that may be the beginning of a marker."""
    at = text.rfind(_START)
    if at >= 0:
        return text[at:]
    return next((text[-size:] for size in range(len(_START) - 1, 0, -1) if text.endswith(_START[:size])), b"")


class Kernels:
    """Listens to all kernels of a server.

    Args:
        manager: Jupyter Server's kernel manager.
        found: Called with the id of the kernel and the run that it published.
        idle: Called with the id of the kernel when a cell is done.
    """

    def __init__(self, manager: Any, found: Callable[[str, RunReport], None], idle: Callable[[str], None]) -> None:
        self._manager, self._found, self._idle = manager, found, idle
        self._streams: dict[str, Any] = {}

    def reconcile(self) -> None:
        """Listen to kernels that are new, and to those that are gone no more."""
        try:
            present = set(self._manager.list_kernel_ids())
        except Exception:
            log.exception("The kernels cannot be listed")
            return
        for kernel in self._streams.keys() - present:
            self._leave(kernel)
        for kernel in present - self._streams.keys():
            self._listen(kernel)

    def busy(self) -> bool:
        """Whether a kernel is at work."""
        try:
            return any(model.get("execution_state") == "busy" for model in self._manager.list_kernels())
        except Exception:  # noqa: BLE001 - a kernel that goes away while it is asked
            return True

    def close(self) -> None:
        """Listen to none any more."""
        for kernel in list(self._streams):
            self._leave(kernel)

    def _listen(self, kernel: str) -> None:
        output = KernelOutput(lambda run: self._found(kernel, run), lambda: self._idle(kernel))
        try:
            stream = self._manager.get_kernel(kernel).connect_iopub()
            _knock_often(stream)
            stream.on_recv(output.take)
        except Exception as error:  # noqa: BLE001 - a kernel that is not a zmq one, or gone already
            log.debug("Kernel %s cannot be listened to: %s", kernel, error)
            return
        self._streams[kernel] = stream

    def _leave(self, kernel: str) -> None:
        stream = self._streams.pop(kernel)
        if not stream.closed():
            stream.close()


def _knock_often(stream: Any) -> None:
    """Let a socket try again soon to reach a kernel that does not listen yet.

    What a kernel prints before a subscriber has come is told to nobody, and ZeroMQ tries every 100 to 200 ms only, in
    which a short first cell is over.
    """
    socket = stream.socket
    where = socket.getsockopt(zmq.LAST_ENDPOINT).rstrip(b"\0").decode()
    socket.disconnect(where)
    socket.setsockopt(zmq.RECONNECT_IVL, KNOCK_MILLISECONDS)
    socket.connect(where)
