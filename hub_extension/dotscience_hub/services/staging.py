"""Files that have come for a project and are in no version yet, by their paths."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import shutil
import tarfile
import time
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from dotscience_hub.git.trees import check_path
from dotscience_hub.objects.base import room_on_disk
from jupyter_dotscience.api.paths import to_bytes
from jupyter_dotscience.api.problems import BadRequest, TooLarge

from .contents import gathered
from .room import FULL
from .threads import Threads

KEPT_SECONDS = 86_400.0
"""What nobody asked for within a day belongs to a program that ended before it recorded its run."""
_INCOMING = "incoming-"
_COPY = 1 << 20


class Staging:
    """What one person sent for one project.

    Args:
        folder: Where the files are kept; made with the first.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def receive(self, path: str, body: AsyncIterator[bytes], room: int | None, threads: Threads) -> None:
        """Take a file.

        Args:
            path: In the workspace.
            body: Its content.
            room: Bytes that it may have; None for no limit.
            threads: Where it is written.

        Raises:
            BadRequest: no file can have this path.
            TooLarge: it has too many bytes; nothing is kept.
            Unavailable: the hub's disk is full.
        """
        place = self._place(path)
        with self._incoming() as part:
            await self._save(part, body, room, threads)
            await threads.run(os.replace, part, place)

    async def receive_archive(
        self, folder: str, body: AsyncIterator[bytes], room: int | None, threads: Threads
    ) -> None:
        """Take a tar file with files of a folder; what is no file in it is left out.

        Raises:
            BadRequest: it is no tar file, or no file can have the path of one in it.
            TooLarge: it has too many bytes; nothing is kept.
            Unavailable: the hub's disk is full.
        """
        with self._incoming() as part:
            await self._save(part, body, room, threads)
            await threads.run(self._unpack, part, folder)

    def size(self) -> int:
        """Bytes of all that has come."""
        total = 0
        with contextlib.suppress(FileNotFoundError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    total += entry.stat().st_size
        return total

    def has(self, path: str) -> bool:
        """Whether a file has come."""
        return self._place(path).exists()

    @contextlib.contextmanager
    def taken(self, paths: Iterable[str]) -> Iterator[dict[str, Path]]:
        """Those files that have come, for the time of the block. What comes for their paths meanwhile is for later."""
        with contextlib.ExitStack() as stack:
            found = {}
            for path in paths:
                part = stack.enter_context(self._incoming())
                with contextlib.suppress(FileNotFoundError):
                    self._place(path).rename(part)
                    found[path] = part
            yield found

    def _place(self, path: str) -> Path:
        """Named by a hash: a path may have parts that are no file names here, and be longer than one may be."""
        return self._folder / hashlib.sha256(check_path(to_bytes(path))).hexdigest()

    @contextlib.contextmanager
    def _incoming(self) -> Iterator[Path]:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = self._folder / f"{_INCOMING}{secrets.token_hex(12)}"
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)
            with contextlib.suppress(OSError):
                self._folder.rmdir()

    async def _save(self, part: Path, body: AsyncIterator[bytes], room: int | None, threads: Threads) -> None:
        received = 0
        with part.open("xb") as file:
            async for pieces in gathered(body):
                received += sum(map(len, pieces))
                if room is not None and received > room:
                    raise TooLarge(FULL, detail={"room": room})
                await threads.run(_write, file, pieces)

    def _unpack(self, part: Path, folder: str) -> None:
        try:
            with tarfile.open(part, "r:") as archive:
                for member in archive:
                    content = archive.extractfile(member) if member.isreg() else None
                    if content is not None:
                        self._add(f"{folder}/{member.name.removeprefix('./')}", content)  # type: ignore[arg-type]  # an IO[bytes]
        except tarfile.TarError as error:
            raise BadRequest(f"This is no tar file: {error}.", code="bad_content") from None

    def _add(self, path: str, content: BinaryIO) -> None:
        place = self._place(path)
        with self._incoming() as part:
            with room_on_disk(), part.open("xb") as file:
                shutil.copyfileobj(content, file, _COPY)
            part.replace(place)


def _write(file: BinaryIO, pieces: list[bytes]) -> None:
    with room_on_disk():
        file.writelines(pieces)


def sweep(root: Path, age: float = KEPT_SECONDS) -> None:
    """Remove what was not asked for, for so many seconds."""
    oldest = time.time() - age
    for path in root.glob("*/*/*"):
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_mtime < oldest:
                path.unlink()
    for folder in (*root.glob("*/*"), *root.glob("*")):
        with contextlib.suppress(OSError):
            folder.rmdir()
