"""Unix sockets in folders that may have long paths, and in folders that a task writes to."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def listen(folder: Path, name: str) -> socket.socket:
    """Listen on a new socket in a folder that only the agent writes to; one of an earlier agent makes room.

    Raises:
        OSError: it cannot be made.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    descriptor = os.open(folder, _FOLDER)
    try:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name, dir_fd=descriptor)
        # By way of the open folder: an address has 108 bytes (unix(7)), a path may have more.
        listener.bind(f"/proc/self/fd/{descriptor}/{name}")
        # A task may run as any user; nobody else gets through its folder.
        os.chmod(name, 0o666, dir_fd=descriptor)  # noqa: S103
        listener.listen(32)
    except BaseException:
        listener.close()
        raise
    finally:
        os.close(descriptor)
    return listener


@contextlib.contextmanager
def address(folder: Path, name: str) -> Iterator[str]:
    """An address to connect to for the socket ``name``, for as long as the block lasts.

    The task writes to the folder, and could put a link to another socket of this machine there, such as the container
    engine's, for a browser to talk to. So the name is opened without following anything, looked at, and what was opened
    is what is connected to.

    Raises:
        OSError: it is not there, or is no socket.
    """
    parent = os.open(folder, _FOLDER)
    try:
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=parent)
    finally:
        os.close(parent)
    try:
        if not stat.S_ISSOCK(os.fstat(descriptor).st_mode):
            raise ConnectionRefusedError(f"{name} is no socket")
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def answers(folder: Path, name: str) -> bool:
    """Whether somebody listens on the socket ``name``."""
    try:
        with address(folder, name) as place, socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(1.0)
            probe.connect(place)
    except OSError:
        return False
    return True
