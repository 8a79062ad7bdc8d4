"""Small objects go into the repository many at a time: as a pack, then as rows of the manifest."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable

from dotscience_hub.git.packs import QUARANTINE
from dotscience_hub.git.repository import Repository
from dotscience_hub.store.manifest import Kept
from jupyter_dotscience.workspace.pack import PackWriter

PACK_BYTES, PACK_OBJECTS, PACK_SECONDS = 24 << 20, 4000, 5.0
"""What is gathered at most before it is made durable: so much has to be fetched again after a kill."""


class Small:
    """Gathers contents, and makes them durable in the order that a kill cannot harm. For one thread."""

    def __init__(
        self, repository: Repository, keep: Callable[[list[Kept]], None], packed: Callable[[int, int], None]
    ) -> None:
        """Make it.

        Args:
            repository: The dataset's.
            keep: Puts rows into the manifest.
            packed: Told how many contents and bytes are not held in memory any more.
        """
        self._repository, self._keep, self._packed = repository, keep, packed
        self._contents: dict[bytes, bytes] = {}
        self._kept: list[Kept] = []
        self._bytes = 0
        self._since = time.monotonic()

    def add(self, kept: Kept, content: bytes) -> None:
        """Take one; it is durable after the next flush."""
        if not self._kept:
            self._since = time.monotonic()
        self._kept.append(kept)
        self._contents[kept.blob] = content
        self._bytes += len(content)
        if self._bytes >= PACK_BYTES or len(self._kept) >= PACK_OBJECTS:
            self.flush()

    def flush_old(self) -> None:
        """Flush when something was held for long."""
        if self._kept and time.monotonic() - self._since > PACK_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Make all durable that was taken."""
        if not self._kept:
            return
        self._pack()
        self._keep(self._kept)
        self._packed(len(self._kept), self._bytes)
        self._contents, self._kept, self._bytes = {}, [], 0

    def _pack(self) -> None:
        path = self._repository.folder / "objects" / f"{QUARANTINE}{secrets.token_hex(8)}.pack"
        try:
            with path.open("xb") as file:
                writer = PackWriter(file, len(self._contents))
                for content in self._contents.values():
                    writer.add(content)
                writer.finish()
                file.flush()
                os.fsync(file.fileno())
            self._repository.ingest_pack(path)
        finally:
            path.unlink(missing_ok=True)
