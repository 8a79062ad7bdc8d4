"""Writing git objects one by one, durably.

hashlib and zlib release the GIL, pygit2's writer does not: a blob of 1 MB stalled other threads 20 ms there, 3 ms here.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import zlib
from collections.abc import Callable
from pathlib import Path

from .files import sync

LEVEL = 1


def object_id(kind: bytes, content: bytes) -> bytes:
    """The binary id of an object."""
    digest = hashlib.sha1(b"%s %d\0" % (kind, len(content)), usedforsecurity=False)
    digest.update(content)
    return digest.digest()


class LooseWriter:
    """Collects new objects of a repository; :meth:`flush` makes them visible, each of them whole and on the disk."""

    def __init__(self, objects: Path, exists: Callable[[bytes], bool]) -> None:
        """Write into the folder `objects`.

        Args:
            objects: The repository's object folder.
            exists: Whether the repository has an object already.
        """
        self._objects = objects
        self._exists = exists
        self._pending: dict[bytes, Path] = {}
        self._contents: dict[bytes, bytes] = {}

    def add(self, kind: bytes, content: bytes) -> bytes:
        """Store an object; its id. Nothing is visible before :meth:`flush`."""
        oid = object_id(kind, content)
        if oid not in self._pending and not self._exists(oid):
            self._pending[oid] = self._write(b"%s %d\0" % (kind, len(content)), content)
            if kind == b"tree":
                self._contents[oid] = content
        return oid

    def tree(self, content: bytes) -> bytes:
        """Store a tree."""
        return self.add(b"tree", content)

    def pending_tree(self, oid: bytes) -> bytes | None:
        """The content of a tree added here, visible or not."""
        return self._contents.get(oid)

    def flush(self) -> None:
        """Make what was added visible: first all contents are on the disk, then the names."""
        for temporary in self._pending.values():
            sync(temporary)
        folders = set()
        for oid, temporary in self._pending.items():
            name = oid.hex()
            folder = self._objects / name[:2]
            _move(temporary, folder / name[2:])
            folders.add(folder)
        for folder in folders:
            # Gone again when a repack was faster: then the objects are in a pack, which git has synced.
            with contextlib.suppress(FileNotFoundError):
                sync(folder)
        sync(self._objects)
        self._pending.clear()

    def discard(self) -> None:
        """Forget what is not visible yet."""
        for temporary in self._pending.values():
            temporary.unlink(missing_ok=True)
        self._pending.clear()

    def _write(self, header: bytes, content: bytes) -> Path:
        packer = zlib.compressobj(LEVEL)
        # `tmp_obj_` is git's own prefix: its prune would sweep what a killed process left, as ours does.
        path = self._objects / f"tmp_obj_{secrets.token_hex(8)}"
        with path.open("xb") as file:
            file.write(packer.compress(header))
            file.write(packer.compress(content))
            file.write(packer.flush())
        path.chmod(0o444)
        return path


def _move(temporary: Path, target: Path) -> None:
    """Rename into a folder that a repack, which removes empty ones, may take away at any moment."""
    while True:
        # Not by exist_ok, which fails when the folder goes away between its two looks.
        with contextlib.suppress(FileExistsError):
            target.parent.mkdir()
        try:
            temporary.replace(target)
            return
        except FileNotFoundError:
            if not temporary.exists():
                raise
