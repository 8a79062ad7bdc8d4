"""A content that arrives in parts: a file that grows, and the hash of what is in it."""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Sequence
from pathlib import Path

from jupyter_dotscience.api.problems import BadRequest, Conflict, Unavailable
from jupyter_dotscience.workspace.hashedfile import HashedFile

from .base import room_on_disk


class Staged:
    """One content on its way in. All methods block, and may be called by many threads.

    The file is the only record: its length says how far the upload is, also after the service was killed. The hash goes
    along while the parts come, so that the end of a long upload costs no second look at it; only a new process reads
    what it finds once.

    Args:
        path: Of the file; its folder is made when the first part comes.
        sha256: What the content must hash to.
        size: Bytes that it will have.
    """

    def __init__(self, path: Path, sha256: str, size: int) -> None:
        self.path, self.sha256, self.size = path, sha256, size
        self._lock = threading.RLock()
        self._descriptor = -1
        self._file: HashedFile | None = None
        self._writer: object = None

    @property
    def received(self) -> int:
        """Bytes that are there."""
        with self._lock:
            if self._file is not None:
                return self._file.size
            try:
                return self.path.stat().st_size
            except FileNotFoundError:
                return 0

    def take(self, writer: object, offset: int) -> None:
        """Become the one who adds; who was it before is not any more: their connection may be dead without knowing.

        Raises:
            Conflict: the next part does not begin there.
            Unavailable: the process before this one has not ended yet.
        """
        with self._lock:
            self._check_offset(offset)
            self._open(make=True)
            # What another process added meanwhile.
            self._check_offset(offset)
            self._writer = writer

    def add(self, writer: object, pieces: Sequence[bytes]) -> None:
        """Add to the end.

        Raises:
            Conflict: somebody else goes on with it.
            BadRequest: it would get longer than it was said to be.
            Unavailable: the disk is full.
        """
        with self._lock:
            if self._writer is not writer or self._file is None:
                raise self._conflict("This upload goes on over another connection.", "upload_elsewhere")
            if self._file.size + sum(map(len, pieces)) > self.size:
                raise BadRequest(f"The content has more than its {self.size} bytes.", code="bad_content")
            with room_on_disk():
                for piece in pieces:
                    self._file.add(piece)

    def settle(self) -> None:
        """Write what is still in memory."""
        with self._lock:
            if self._file is not None:
                with room_on_disk():
                    self._file.finish()

    def check(self) -> None:
        """Whether the content is complete and right. One that is not right is thrown away.

        Raises:
            Conflict: it is not complete.
            BadRequest: it has another hash.
        """
        with self._lock:
            if self.received != self.size:
                raise self._conflict(f"The hub has {self.received} of {self.size} bytes.", "upload_incomplete")
            self._open(make=self.size == 0)
            assert self._file is not None
            with room_on_disk():
                found = self._file.finish()
            if found != self.sha256:
                self.discard()
                raise BadRequest(f"The content's SHA-256 is {found}, not {self.sha256}.", code="bad_content")

    def discard(self) -> None:
        """Remove the file."""
        with self._lock:
            self.path.unlink(missing_ok=True)
            self.close()

    def close(self) -> None:
        """Let go of the file; it stays."""
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor, self._file, self._writer = -1, None, None

    def locked(self) -> threading.RLock:
        """Held by who must not be disturbed."""
        return self._lock

    def _check_offset(self, offset: int) -> None:
        if offset != self.received:
            raise self._conflict(f"The hub has {self.received} bytes: go on there.", "upload_offset")

    def _conflict(self, message: str, code: str) -> Conflict:
        return Conflict(message, code=code, detail={"received": self.received})

    def _open(self, *, make: bool) -> None:
        if self._file is not None:
            return
        if make:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = _open(self.path, make=make)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file = HashedFile(descriptor)
            file.resume()
        except BlockingIOError:
            os.close(descriptor)
            raise Unavailable("The hub is just starting; try again in a moment.") from None
        except BaseException:
            os.close(descriptor)
            raise
        self._descriptor, self._file = descriptor, file


def _open(path: Path, *, make: bool) -> int:
    flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if make else 0)
    try:
        return os.open(path, flags, 0o600)
    except PermissionError:
        # It is an object already, by a link; who was about to note that was killed.
        path.chmod(0o600)
        return os.open(path, flags, 0o600)
