"""Folders at a version, as archives that are made while they are read."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

from dotscience_hub.git.reader import Reader
from dotscience_hub.git.trees import EXECUTABLE, SYMLINK, TREE, Entry, check_path
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import DatasetRow
from dotscience_hub.store.projects import ProjectRow
from jupyter_dotscience.api.files import ArchiveQuery
from jupyter_dotscience.api.paths import to_bytes, to_text
from jupyter_dotscience.api.problems import BadRequest, NotFound
from jupyter_dotscience.workspace.hashing import MAX_POINTER, parse_pointer

from .caller import Caller
from .commits import Commits
from .contents import Contents
from .download import Download, of_iterator
from .zipping import ZipWriter

MEDIA_TYPE = "application/zip"
_PIECE = 1 << 18
"""Bytes that are handed on at a time: one switch of threads for many small files."""
_STEP = 1 << 20
# What some program takes for a separator or for nothing, or must not print.
_UNSAFE = re.compile(r"[\\\x00-\x1f\x7f-\x9f]")


class Archives:
    """Serves the routes of archives."""

    def __init__(self, database: Database, commits: Commits, contents: Contents) -> None:
        """Make the service.

        Args:
            database: Knows names.
            commits: The histories of projects and datasets.
            contents: Large files.
        """
        self._database = database
        self._commits = commits
        self._contents = contents

    async def get_archive(self, caller: Caller, *, project: str, query: ArchiveQuery) -> Download:
        """A folder of a project."""
        return await asyncio.to_thread(self._archive, project, query)

    async def get_dataset_archive(self, caller: Caller, *, dataset: str, query: ArchiveQuery) -> Download:
        """A folder of a dataset."""
        return await asyncio.to_thread(self._archive, dataset, query)

    def _archive(self, place: str, query: ArchiveQuery) -> Download:
        """What of it can be refused is refused before the first byte.

        Raises:
            NotFound: there is no such folder.
        """
        repository = self._commits.repositories.open(place)
        commit = repository.resolve(query.at)
        path = query.path.strip("/")
        prefix = check_path(to_bytes(path)) if path else b""
        reader = repository.reader()
        if commit is None:
            raise NotFound("There are no files yet.")
        if prefix:
            found = reader.entry(commit, prefix)
            if found is None:
                raise NotFound(f"There is no folder {path!r} at {query.at}.")
            if found.mode != TREE:
                raise BadRequest(f"{path!r} is a file: download it by itself.", code="not_a_folder")
        top = _safe(PurePosixPath(path).name or self._name(place))
        time = repository.commit_object(commit).created

        def read(_start: int, _length: int | None) -> Iterator[bytes]:
            # A reader is one thread's at a time; this one is not shared.
            files = _Files(repository.reader(), lambda sha256, size: self._large(place, sha256, size))
            return _gathered(files.archive(ZipWriter(time), commit, prefix, top))

        return of_iterator(None, read, f"{top}.zip", MEDIA_TYPE)

    def _name(self, place: str) -> str:
        with self._database.read() as session:
            row = session.get(ProjectRow, place) or session.get(DatasetRow, place)
            return row.name if row is not None else "files"

    def _large(self, place: str, sha256: str, size: int) -> Iterator[bytes] | None:
        """The content of a large file; None when this place does not have it, as nobody sent it."""
        if self._contents.sizes(place, [sha256]).get(sha256) != size:
            return None
        return self._contents.read(sha256)


class _Files:
    """The files of one archive.

    Args:
        reader: Of the repository.
        large: The content of a large file, by hash and size.
    """

    def __init__(self, reader: Reader, large: Callable[[str, int], Iterator[bytes] | None]) -> None:
        self._reader, self._large = reader, large

    def archive(self, writer: ZipWriter, commit: str, prefix: bytes, top: str) -> Iterator[bytes]:
        """All files below a folder. Links come last: nothing is unpacked through one, whatever the file system."""
        links: list[tuple[bytes, Entry]] = []
        start = len(prefix) + 1 if prefix else 0
        for path, entry in self._reader.files(commit, prefix):
            if entry.mode == SYMLINK:
                links.append((path, entry))
            else:
                yield from self._file(writer, _named(top, path[start:], entry), entry)
        for path, entry in links:
            name, target = _named(top, path[start:], entry), self._reader.blob(entry.oid)
            stays = _stays(path[start:], target)
            yield writer.link(name, target) if stays else writer.file(name, 0o100644, target)
        yield writer.end()

    def _file(self, writer: ZipWriter, name: bytes, entry: Entry) -> Iterator[bytes]:
        mode = 0o100755 if entry.mode == EXECUTABLE else 0o100644
        content = self._reader.blob(entry.oid)
        pointer = parse_pointer(content) if len(content) <= MAX_POINTER else None
        source = None if pointer is None else self._large(pointer.sha256, pointer.size)
        if pointer is None or source is None:
            yield writer.file(name, mode, content)
        else:
            yield from writer.large(name, mode, pointer.size, _even(source))


def _named(top: str, path: bytes, entry: Entry) -> bytes:
    """A file's name in the archive: relative, in one folder, without what is a separator elsewhere."""
    text = to_text(path)
    safe = _UNSAFE.sub("_", text)
    # Two names must not become one.
    return f"{top}/{safe}".encode() + (b"" if safe == text else b"~" + entry.oid.hex()[:8].encode())


def _safe(name: str) -> str:
    """A name for the folder that all is in."""
    safe = re.sub(r'[\\/:*?"<>|\x00-\x1f\x7f-\x9f]', "_", name).strip(" .")
    return safe or "files"


def _stays(path: bytes, target: bytes) -> bool:
    """Whether a link leads to something in the archive.

    Ways up count only at the target's beginning: after a name they might start from where another link leads.
    """
    if not target or target.startswith(b"/") or b"\\" in target or b":" in target or b"\0" in target:
        return False
    parts = [part for part in target.split(b"/") if part not in (b"", b".")]
    ups = sum(1 for _ in itertools.takewhile(lambda part: part == b"..", parts))
    return ups <= path.count(b"/") and b".." not in parts[ups:]


def _even(source: Iterator[bytes]) -> Iterator[bytes]:
    """The same in pieces of one size, whatever the store gives: the packed bytes depend on it."""
    held = bytearray()
    for piece in source:
        held += piece
        while len(held) >= _STEP:
            yield bytes(held[:_STEP])
            del held[:_STEP]
    if held:
        yield bytes(held)


def _gathered(pieces: Iterator[bytes]) -> Iterator[bytes]:
    held: list[bytes] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= _PIECE:
            yield b"".join(held)
            held, size = [], 0
    if held:
        yield b"".join(held)
