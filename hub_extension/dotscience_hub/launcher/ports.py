"""Ports: free ones for the parts, and whether the public one is free."""

from __future__ import annotations

import contextlib
import errno
import socket
import time
from pathlib import Path

import msgspec

from dotscience_hub.privatefile import write_private

from .errors import LauncherError
from .settings import Ports

# Below the range from which Linux takes ports for outgoing connections (32768-60999), where another program's
# connection could sit on ours at the next start.
_RANGE = range(18000, 28000)


def inner_ports(path: Path) -> Ports:
    """Free loopback ports for the parts: those of the last start where they are still free.

    Args:
        path: File that remembers them.
    """
    with contextlib.suppress(OSError, msgspec.MsgspecError):
        known = msgspec.json.decode(path.read_bytes(), type=Ports)
        if all(_is_free("127.0.0.1", port) for port in msgspec.structs.astuple(known)):
            return known
    ports = Ports(**dict(zip(Ports.__struct_fields__, _free(len(Ports.__struct_fields__)), strict=True)))
    write_private(path, msgspec.json.encode(ports))
    return ports


def _free(count: int) -> list[int]:
    import random

    candidates = random.sample(_RANGE, 200)
    free = [port for port in candidates if _is_free("127.0.0.1", port)][:count]
    if len(free) < count:
        raise LauncherError("No free ports were found between 18000 and 28000.")
    return free


def public_port(host: str, port: int, patience: float = 0.0) -> int:
    """``port`` itself when it can be listened on, or a free one for 0.

    Args:
        host: The address.
        port: The port.
        patience: Seconds to wait for whoever has it, and is about to end.

    Raises:
        LauncherError: In use, not allowed, or no address of this machine.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            with _listen(host, port) as listener:
                return int(listener.getsockname()[1])
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() >= deadline:
                raise LauncherError(_reason(error, host, port)) from None
        time.sleep(0.05)


def _reason(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is in use; choose another one with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} is not for ordinary users; choose one of 1024 or more with --port."
    return f"{host}:{port} cannot be listened on ({error.strerror}); --host takes an address of this machine."


def _is_free(host: str, port: int) -> bool:
    try:
        _listen(host, port).close()
    except OSError:
        return False
    return True


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1)
    except BaseException:
        listener.close()
        raise
    return listener
