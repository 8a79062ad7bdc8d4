"""What an object store does, and receiving content into it."""

from __future__ import annotations

import abc
import contextlib
import errno
import os
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from jupyter_dotscience.api.problems import BadRequest, NotFound, TooLarge, Unavailable
from jupyter_dotscience.workspace.hashedfile import HashedFile

CHUNK = 1 << 20
NAME = re.compile(r"[0-9a-f]{64}")
TEMPORARY = "incoming-"
LEFTOVER_SECONDS = 86_400.0
"""A temporary file nobody wrote to for this long was left by a process that was killed."""


class ObjectStore(Protocol):
    """Immutable contents, each under its SHA-256 (64 hexadecimal digits). All methods block.

    Whether a project may see an object is not decided here: the store has those of all projects.
    """

    def receive(self, sha256: str, size: int | None, limit: int | None = None) -> Incoming:
        """Begin to receive an object; see :class:`Incoming`."""

    @property
    def temporary(self) -> Path:
        """A local folder for what is on its way in; on the objects' own file system where they are files."""

    def adopt(self, path: Path, sha256: str) -> None:
        """Have the content of a file as an object, durably. The caller checked it, and does not write to it any more.

        The file stays: who is killed before it noted the object finds it again.
        """

    def size(self, sha256: str) -> int | None:
        """Bytes of an object, or None when there is none."""

    def read(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content from byte `start` on, `length` bytes or all, in pieces.

        Raises:
            NotFound: there is none.
        """

    def delete(self, sha256: str) -> None:
        """Remove an object; nothing happens when there is none."""

    def all(self) -> Iterator[str]:
        """The SHA-256 of every object. What is stored or removed meanwhile may be among them."""

    def sweep(self, age: float = LEFTOVER_SECONDS) -> None:
        """Remove what was left of uploads that died, when older than `age` seconds."""

    def close(self) -> None:
        """Let go of connections; called when the service stops."""

    def check(self) -> None:
        """Whether the store works, for readiness.

        Raises:
            OSError: it does not.
        """


class Incoming(abc.ABC):
    """An object while it arrives: in a temporary file, under its name only when it is whole, right and on the disk.

    Use it as a context manager: what was not stored is removed.
    """

    def __init__(
        self, folder: Path, sha256: str, size: int | None, limit: int | None = None, *, stays: bool = True
    ) -> None:
        """Begin.

        Args:
            folder: Where the temporary file is made.
            sha256: What the content must hash to.
            size: How many bytes it must have, when known.
            limit: How many bytes it may have.
            stays: The file itself becomes the object; False when it is read again at once, and removed.
        """
        self.path = folder / f"{TEMPORARY}{secrets.token_hex(12)}"
        self.sha256 = sha256
        self.received = 0
        self._size = size
        self._limit = limit
        self._handle = self.path.open("x+b", buffering=0)
        self._file = HashedFile(self._handle.fileno(), direct=stays)

    def __enter__(self) -> Incoming:
        return self

    def __exit__(self, *_: object) -> None:
        self._handle.close()
        self.path.unlink(missing_ok=True)

    def write(self, *pieces: bytes) -> None:
        """Add pieces.

        Raises:
            BadRequest: more bytes than were told.
            TooLarge: more bytes than may come.
        """
        self.received += sum(map(len, pieces))
        if self._size is not None and self.received > self._size:
            raise BadRequest(f"The object {self.sha256} has more than its {self._size} bytes.", code="bad_content")
        if self._limit is not None and self.received > self._limit:
            raise TooLarge("The storage is full: delete something or ask an administrator for more.")
        with room_on_disk():
            for piece in pieces:
                self._file.add(piece)

    def store(self) -> int:
        """The content is complete: check it and put it under its name, durably; its size.

        Raises:
            BadRequest: it is not what was told.
        """
        self._check()
        os.fsync(self._handle.fileno())
        self._handle.close()
        self._keep()
        return self.received

    def _check(self) -> None:
        if self._size is not None and self.received != self._size:
            raise BadRequest(
                f"The object {self.sha256} has {self.received} bytes, not {self._size}.", code="bad_content"
            )
        with room_on_disk():
            found = self._file.finish()
        if found != self.sha256:
            raise BadRequest(f"The content's SHA-256 is {found}, not {self.sha256}.", code="bad_content")

    @abc.abstractmethod
    def _keep(self) -> None:
        """Put the whole file where the store has its objects."""


@contextlib.contextmanager
def room_on_disk() -> Iterator[None]:
    """Say it in words when the disk is full.

    Raises:
        Unavailable: the disk is full.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise Unavailable("The hub's disk is full: tell its administrator.", code="disk_full") from error
        raise


def missing(sha256: str) -> NotFound:
    """The error for an object that is not there."""
    return NotFound(f"There is no object {sha256}.")


def sweep(folder: Path, age: float) -> None:
    """Remove temporary files that are older than `age` seconds."""
    for path in folder.glob(f"{TEMPORARY}*"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - path.stat().st_mtime > age:
                path.unlink()
