"""Loopback ports: which are for tasks, and listening on one."""

from __future__ import annotations

import random
import re
import socket
from collections.abc import Container

RANGE = "28100-32099"
"""Below the ports that Linux takes for outgoing connections (32768-60999): one of those could sit on a task's port
while the gateway is away for a moment."""
_BACKLOG = 128


def parse_range(text: str) -> range:
    """The ports from ``FIRST-LAST``.

    Raises:
        ValueError: It is no such text, or no range of ports that ordinary users may listen on.
    """
    match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", text.strip())
    if match is None or not 1024 <= int(match[1]) <= int(match[2]) <= 65535:
        raise ValueError(f"{text!r} is no range of ports such as {RANGE}")
    return range(int(match[1]), int(match[2]) + 1)


def listen(port: int) -> socket.socket:
    """Listen on a port of the loopback interface.

    Raises:
        OSError: Another program has it.
    """
    # Named as TCP: asyncio sets TCP_NODELAY only on connections of such a listener, and without it a kernel's second
    # message waits 40 ms for the acknowledgement of its first.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        # What the gateway before has left in TIME_WAIT does not matter; another listener does.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def listen_on_free(ports: range, taken: Container[int]) -> socket.socket | None:
    """Listen on a port that no task and no other program has; None when there is none.

    At random, so that a port that was just a task's is not at once another one's: a browser may still ask for it.
    """
    for port in random.sample(ports, len(ports)):
        if port not in taken:
            try:
                return listen(port)
            except OSError:
                continue
    return None
