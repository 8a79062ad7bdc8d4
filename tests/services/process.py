"""Start a server for tests, wait until it answers, and end it by its own process id."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable

STARTUP_SECONDS = 120.0
STOP_SECONDS = 30.0


def free_port() -> int:
    """Return a TCP port on 127.0.0.1 that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], what: str) -> None:
    """Wait until `ready()` is true.

    Args:
        ready: Asked every 50 ms.
        process: The server; when it has ended there is nothing to wait for.
        what: Its name, for the message.

    Raises:
        RuntimeError: The process ended, or was not ready after 30 s.
    """
    deadline = time.monotonic() + STARTUP_SECONDS
    while not ready():
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode} before it was ready")
        if time.monotonic() > deadline:
            raise RuntimeError(f"{what} was not ready after {STARTUP_SECONDS:.0f} s")
        time.sleep(0.05)


def end(process: subprocess.Popen[bytes], signal: int) -> None:
    """Send `signal`, wait, and kill the process when it did not end within 10 s."""
    if process.poll() is None:
        process.send_signal(signal)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
