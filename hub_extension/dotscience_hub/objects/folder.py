"""Objects as files of a folder."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from .base import CHUNK, LEFTOVER_SECONDS, NAME, TEMPORARY, Incoming, missing, sweep


class FolderObjects:
    """Each object is a file, two levels deep by its hash; see :class:`ObjectStore`."""

    def __init__(self, root: Path) -> None:
        """Below `root`, which is made when it is missing."""
        self._root = root
        self._temporary = root / "tmp"
        self._temporary.mkdir(parents=True, exist_ok=True)

    def path(self, sha256: str) -> Path:
        """Where an object is, or would be."""
        return self._root / sha256[:2] / sha256[2:4] / sha256

    def receive(self, sha256: str, size: int | None, limit: int | None = None) -> Incoming:
        """Begin to receive an object."""
        return _IncomingFile(self._temporary, self.path(sha256), size, limit)

    @property
    def temporary(self) -> Path:
        """Where files are before they are objects."""
        return self._temporary

    def adopt(self, path: Path, sha256: str) -> None:
        """Have a file as an object, by a hard link."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        link = self._temporary / f"{TEMPORARY}{secrets.token_hex(12)}"
        link.hardlink_to(path)
        try:
            _publish(link, self.path(sha256))
        finally:
            link.unlink(missing_ok=True)  # it is still there when it and the object were one file already

    def size(self, sha256: str) -> int | None:
        """Bytes of an object, or None."""
        try:
            return self.path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def read(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The content from byte `start` on, in pieces."""
        try:
            file = self.path(sha256).open("rb", buffering=0)
        except FileNotFoundError:
            raise missing(sha256) from None
        with file:
            file.seek(start)
            left = length
            while left is None or left > 0:
                chunk = file.read(CHUNK if left is None else min(left, CHUNK))
                if not chunk:
                    return
                left = None if left is None else left - len(chunk)
                yield chunk

    def delete(self, sha256: str) -> None:
        """Remove an object."""
        self.path(sha256).unlink(missing_ok=True)

    def all(self) -> Iterator[str]:
        """The SHA-256 of every object."""
        for folder in sorted(self._root.glob("??/??")):
            yield from sorted(path.name for path in folder.iterdir() if NAME.fullmatch(path.name))

    def sweep(self, age: float = LEFTOVER_SECONDS) -> None:
        """Remove what was left of uploads that died."""
        sweep(self._temporary, age)

    def close(self) -> None:
        """There is nothing to let go of."""

    def check(self) -> None:
        """Whether the folder can be written."""
        probe = self._temporary / f"probe-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()


class _IncomingFile(Incoming):
    def __init__(self, folder: Path, target: Path, size: int | None, limit: int | None) -> None:
        super().__init__(folder, target.name, size, limit)
        self._target = target

    def _keep(self) -> None:
        _publish(self.path, self._target)


def _publish(path: Path, target: Path) -> None:
    """Give a whole file the name of its object."""
    for parent in (target.parent.parent, target.parent):
        parent.mkdir(exist_ok=True)
    path.chmod(0o444)
    path.replace(target)
    # From the file up: each name must be on the disk, also those of folders just made.
    for parent in (target.parent, *target.parent.parents[:2]):
        _sync(parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
