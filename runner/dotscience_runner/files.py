"""Files of the spool: written as a whole or not at all, and removed whatever a task did to them."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int = 0o600, *, durable: bool = True) -> None:
    """Replace ``path`` by ``data`` so that any crash, also of the machine, leaves the old or the new content.

    Args:
        path: The file; its folder exists.
        data: The whole new content.
        mode: Permissions from the first moment on: the content may be secret.
        durable: Wait for the disk. Without it a crash of the machine may leave an empty file.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make names in ``folder`` survive a crash of the machine."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_tree(folder: Path) -> None:
    """Remove a folder with all it holds. A folder that is not there, or goes away meanwhile, is no error.

    Raises:
        OSError: something in it cannot be removed even with permissions restored.
    """
    shutil.rmtree(folder, onerror=_make_writable_and_retry)


def _make_writable_and_retry(function: Callable[..., object], path: str, error: object) -> None:  # noqa: ARG001
    """A task may have taken the write permission from its own folders."""
    if not os.path.lexists(path):
        return
    for name in (str(Path(path).parent), path):
        if not Path(name).is_symlink() and Path(name).is_dir():
            Path(name).chmod(0o700)
    if Path(path).is_dir() and not Path(path).is_symlink():
        shutil.rmtree(path)
    else:
        Path(path).unlink(missing_ok=True)
