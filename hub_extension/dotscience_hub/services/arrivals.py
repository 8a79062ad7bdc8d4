"""Files that come one by one, by path and without a hash: each becomes content of a project as soon as it is whole."""

from __future__ import annotations

import asyncio
import contextlib
import io
import secrets
import shutil
import tarfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import Final

from dotscience_hub.git.trees import check_path
from dotscience_hub.objects.base import TEMPORARY, ObjectStore, room_on_disk
from jupyter_dotscience.api.commits import Change
from jupyter_dotscience.api.paths import to_bytes
from jupyter_dotscience.api.problems import BadRequest, TooLarge
from jupyter_dotscience.workspace.hashing import blob_id, sha256_of
from jupyter_dotscience.workspace.pack import PackWriter

from .contents import Contents, gathered
from .room import FULL
from .threads import Threads

SILENT_SECONDS = 120.0
"""A sender that says nothing for so long is gone."""
_INLINE: Final = 1 << 16
"""Bytes up to which a file's content travels with its change."""
_INLINE_FILES, _INLINE_BYTES = 200, 4 << 20
"""So much of such content is part of one request for a version; more is put into packs."""
_PACK: Final = 8 << 20
_MEMBERS: Final = 10_000
_HEADER: Final = 16 << 20
"""Bytes that a tar file may have read at once: of a header, that is, for files are read in pieces."""


class Arrivals:
    """Takes files.

    Args:
        contents: Of projects.
        objects: Where large ones go.
        threshold: Files above this many bytes are large.
        threads: For what blocks.
    """

    def __init__(self, contents: Contents, objects: ObjectStore, threshold: int, threads: Threads) -> None:
        self._contents, self._objects = contents, objects
        self._threshold, self._threads = threshold, threads

    async def file(self, project: str, path: str, body: AsyncIterator[bytes]) -> Change:
        """Take a file.

        Raises:
            BadRequest: no file can have this path.
            TooLarge: it does not fit into the project's storage.
            TimeoutError: its sender says nothing any more.
            Unavailable: the hub's disk is full.
        """
        check_path(to_bytes(path))
        async with self._spooled(project, body) as (file, _):
            return await self._keep(project, path, file)

    async def archive(self, project: str, folder: str, body: AsyncIterator[bytes]) -> list[Change]:
        """Take a tar file with files of a folder; what is no file in it is left out.

        Raises:
            BadRequest: it is no tar file, or no file can have the path of one in it.
            TooLarge: what is in it does not fit into the project's storage, or is too many files.
            TimeoutError: its sender says nothing any more.
            Unavailable: the hub's disk is full.
        """
        async with self._spooled(project, body) as (file, room):
            place = file.with_name(file.name + ".d")
            try:
                unpacked = await self._threads.run(_unpack, file, place, folder, room)
                return [await self._keep(project, path, each) for path, each in unpacked]
            finally:
                await self._threads.run(shutil.rmtree, place, ignore_errors=True)

    async def packed(self, project: str, changes: Sequence[Change]) -> list[Change]:
        """The same changes, their contents out of them where those would be too much for one request."""
        small = [change for change in changes if change.data]
        if len(small) <= _INLINE_FILES and sum(change.size for change in small) <= _INLINE_BYTES:
            return list(changes)
        for group in _groups(small):
            await self._pack(project, [change.data or b"" for change in group])
        return [_by_blob(change) for change in changes]

    async def _keep(self, project: str, path: str, file: Path) -> Change:
        size = await self._threads.run(lambda: file.stat().st_size)
        if size > self._threshold:
            sha256 = await self._threads.run(self._adopt, project, file, size)
            return Change(path=path, size=size, sha256=sha256, large=True)
        data = await self._threads.run(file.read_bytes)
        change = Change(path=path, size=size, data=data)
        if size <= _INLINE:
            return change
        await self._pack(project, [data])
        return _by_blob(change)

    def _adopt(self, project: str, file: Path, size: int) -> str:
        with file.open("rb") as content:
            sha256, _ = sha256_of(content)
        with self._contents.storing(project, sha256, size):
            self._objects.adopt(file, sha256)
            self._contents.note(project, sha256, size)
        return sha256

    async def _pack(self, project: str, contents: Sequence[bytes]) -> None:
        pack = await self._threads.run(_pack_of, contents)

        async def body() -> AsyncIterator[bytes]:
            yield pack

        await self._contents.receive_pack(project, body())

    @contextlib.asynccontextmanager
    async def _spooled(self, project: str, body: AsyncIterator[bytes]) -> AsyncIterator[tuple[Path, int | None]]:
        """A body as a file for the time of the block, and the room that there was for it."""
        room = await self._threads.run(self._contents.room, project)
        file = self._objects.temporary / f"{TEMPORARY}{secrets.token_hex(12)}"
        try:
            await self._save(file, body, room)
            yield file, room
        finally:
            await self._threads.run(lambda: file.unlink(missing_ok=True))

    async def _save(self, file: Path, body: AsyncIterator[bytes], room: int | None) -> None:
        received = 0
        await self._threads.run(_append, file, [])
        async for pieces in gathered(_lively(body)):
            received += sum(map(len, pieces))
            if room is not None and received > room:
                raise TooLarge(FULL, detail={"room": room})
            await self._threads.run(_append, file, pieces)


async def _lively(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    while True:
        try:
            async with asyncio.timeout(SILENT_SECONDS):
                piece = await anext(body)
        except StopAsyncIteration:
            return
        yield piece


def _append(file: Path, pieces: Sequence[bytes]) -> None:
    with room_on_disk(), file.open("ab") as opened:
        opened.writelines(pieces)


def _unpack(file: Path, place: Path, folder: str, room: int | None) -> list[tuple[str, Path]]:
    """The files of an archive with their paths in the workspace, in a folder of their own."""
    place.mkdir()
    found: list[tuple[str, Path]] = []
    try:
        with file.open("rb", buffering=0) as opened, tarfile.open(fileobj=_Bounded(opened), mode="r:") as archive:
            for member in _members(archive, room):
                path = f"{folder}/{member.name.removeprefix('./')}"
                check_path(to_bytes(path))
                content, target = archive.extractfile(member), place / str(len(found))
                assert content is not None
                with room_on_disk(), target.open("xb") as written:
                    shutil.copyfileobj(content, written, 1 << 20)
                found.append((path, target))
    except (tarfile.TarError, ValueError, EOFError, OverflowError, RecursionError) as error:
        raise BadRequest(f"This tar file cannot be read: {error}.", code="bad_content") from None
    return found


def _members(archive: tarfile.TarFile, room: int | None) -> Iterator[tarfile.TarInfo]:
    """Its files, with no more in them than may come."""
    total = count = 0
    for member in archive:
        archive.members = []  # type: ignore[attr-defined]  # it would keep all that it has seen
        count += 1
        if member.issparse() or count > _MEMBERS:
            raise TooLarge(f"A tar file may have {_MEMBERS} files, and no sparse ones.")
        if not member.isreg():
            continue
        total += member.size
        if room is not None and total > room:
            raise TooLarge(FULL, detail={"room": room})
        yield member


class _Bounded(io.RawIOBase):
    """A file of which nobody reads very much at once: a tar file's header may say that it has any length."""

    def __init__(self, file: io.RawIOBase | io.FileIO) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _HEADER:
            raise tarfile.ReadError("a header is too long")
        return self._file.read(size) or b""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()


def _groups(changes: Sequence[Change]) -> Iterator[list[Change]]:
    group: list[Change] = []
    size = 0
    for change in changes:
        group.append(change)
        size += change.size
        if size >= _PACK:
            yield group
            group, size = [], 0
    if group:
        yield group


def _by_blob(change: Change) -> Change:
    if not change.data:
        return change
    return Change(path=change.path, size=change.size, blob=blob_id(change.data))


def _pack_of(contents: Sequence[bytes]) -> bytes:
    sink = io.BytesIO()
    writer = PackWriter(sink, len(contents))
    for content in contents:
        writer.add(content)
    writer.finish()
    return sink.getvalue()
