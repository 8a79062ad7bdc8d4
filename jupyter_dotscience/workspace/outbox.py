"""Versions that wait on disk for the hub: each in a folder of its own, sent in the order in which they were made.

::

    <outbox>/
        0000000007/        a version, complete once the folder has this name
            version.json   the commit without its parent, and its runs
            packs/0        small contents that the hub did not have, as git packs
            objects/<sha>  large ones
        .new-0000000008/   one that was not finished: removed at the next start

A version's parent is known when the one before it is on the hub. Its commit's id depends on nothing but what is in the
folder and on the parent, so that sending it again, after a kill at any moment, makes no second commit.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from jupyter_dotscience.api.commits import CommitCreate, Missing, MissingQuery, ObjectRef
from jupyter_dotscience.api.runs import RunReport

from .errors import WorkspaceError, named
from .transfer import Remote

MOST_VERSIONS: Final = 1000
MOST_BYTES: Final = 4 << 30
"""What may wait. Beyond it the files themselves wait: the next version that is made has all of them."""
_CHUNK: Final = 1 << 20
_RECORD: Final = "version.json"


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A version that waits."""

    commit: CommitCreate
    runs: list[RunReport] = []
    objects: list[ObjectRef] = []


class Outbox:
    """The folder.

    Args:
        folder: Where it is; made when it is not there. One process at a time uses it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with named(f"prepare the folder {folder}"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for torn in folder.glob(".*"):
                shutil.rmtree(torn, ignore_errors=True)
            self._numbers = sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal())
            self._bytes = sum(_size(self._path(number)) for number in self._numbers)

    @property
    def numbers(self) -> Sequence[int]:
        """Of the versions that wait, oldest first."""
        return tuple(self._numbers)

    @property
    def full(self) -> bool:
        """Whether no more may wait."""
        return len(self._numbers) >= MOST_VERSIONS or self._bytes >= MOST_BYTES

    def begin(self, number: int) -> Draft:
        """A version in the making."""
        return Draft(self, number)

    def load(self, number: int) -> Waiting:
        """A version that waits.

        Raises:
            WorkspaceError: it cannot be read.
        """
        path = self._path(number) / _RECORD
        try:
            with named(f"read {path}"):
                return msgspec.json.decode(path.read_bytes(), type=Waiting)
        except msgspec.DecodeError as error:
            raise WorkspaceError(f"{path} is damaged: {error}.") from error

    def send(self, number: int, waiting: Waiting, remote: Remote) -> None:
        """Bring the contents of a version to the hub, as far as it lacks them."""
        place = self._path(number)
        for pack in sorted((place / "packs").glob("*")):
            with pack.open("rb") as body:
                remote.put_pack(body, pack.stat().st_size)
        if not waiting.objects:
            return
        missing = set(remote.find_missing(MissingQuery(objects=waiting.objects)).objects)
        for ref in waiting.objects:
            if ref.sha256 in missing:
                with (place / "objects" / ref.sha256).open("rb") as body:
                    remote.put_object(ref.sha256, body, ref.size)

    def remove(self, number: int) -> None:
        """Forget a version that the hub has. The name goes first: what is left of it is no version."""
        grave = self.folder / f".sent-{number}"
        place = self._path(number)
        self._bytes -= _size(place)
        with named(f"remove {place}"):
            place.rename(grave)
            self._numbers.remove(number)
            shutil.rmtree(grave, ignore_errors=True)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:010}"

    def _add(self, number: int, draft: Path) -> None:
        draft.rename(self._path(number))
        self._numbers.append(number)
        self._bytes += _size(self._path(number))


class Draft:
    """A version in the making, and the engine's protocol ``Remote`` for it: contents are kept beside it.

    Args:
        outbox: Where it will wait.
        number: Greater than those of all before it.
    """

    def __init__(self, outbox: Outbox, number: int) -> None:
        self._outbox, self._number = outbox, number
        self._path = outbox.folder / f".new-{number:010}"
        self._objects: dict[str, int] = {}
        self._packs = 0
        with named(f"create {self._path}"):
            shutil.rmtree(self._path, ignore_errors=True)
            for folder in (self._path / "packs", self._path / "objects"):
                folder.mkdir(parents=True)

    def find_missing(self, query: MissingQuery) -> Missing:
        """All of them: who knows what the hub will have when it is back."""
        return Missing(blobs=list(query.blobs), objects=[ref.sha256 for ref in query.objects])

    def put_pack(self, body: BinaryIO, size: int) -> None:
        """Keep a pack."""
        self._keep(self._path / "packs" / f"{self._packs:06}", body, size)
        self._packs += 1

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> None:
        """Keep a large content."""
        self._keep(self._path / "objects" / sha256, body, size)
        self._objects[sha256] = size

    def keep(self, commit: CommitCreate, runs: Sequence[RunReport]) -> Waiting:
        """Let the version wait, from now on whatever happens.

        Raises:
            DiskFull, WorkspaceError: it cannot be written.
        """
        objects = [ObjectRef(sha256=sha256, size=size) for sha256, size in sorted(self._objects.items())]
        waiting = Waiting(commit=commit, runs=list(runs), objects=objects)
        with named(f"write {self._path}"):
            (self._path / _RECORD).write_bytes(msgspec.json.encode(waiting))
            self._outbox._add(self._number, self._path)  # noqa: SLF001 - two halves of one thing
        return waiting

    def discard(self) -> None:
        """Make none of it."""
        shutil.rmtree(self._path, ignore_errors=True)

    def _keep(self, path: Path, body: BinaryIO, size: int) -> None:
        with named(f"keep {size} bytes in {path.parent}"), path.open("wb") as file:
            for piece in _pieces(body):
                file.write(piece)


def _pieces(body: BinaryIO) -> Iterator[bytes]:
    while piece := body.read(_CHUNK):
        yield piece


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) if folder.exists() else 0
