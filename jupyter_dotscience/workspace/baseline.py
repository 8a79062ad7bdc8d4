"""What the hub is known to have of a workspace: the files of its newest version there, kept on disk.

::

    <folder>/
        files-<token>   the files to begin with (the stat cache's format)
        log.jsonl       first the name of that file, and where the hub has these files; then what each later version
                        changed, and where the hub put it; one line each

A line is written when the hub has a version, before the version is removed from the outbox. A torn last line is as good
as none: the version is sent again and makes the same commit. A log that begins with other files takes the place of the
one before it in one step: files and standing are never of different versions.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec

from jupyter_dotscience.api import paths
from jupyter_dotscience.api.commits import Change, Mode

from .entry import EXECUTABLE, FILE, SYMLINK, Entry
from .errors import named
from .hashing import blob_id, pointer
from .statcache import StatCache

_LONGEST_LOG: Final = 1 << 20
"""Bytes of the log after which the files are written anew."""
_MODES: Final = {Mode.FILE: FILE, Mode.EXECUTABLE: EXECUTABLE, Mode.SYMLINK: SYMLINK}


class Standing(msgspec.Struct, kw_only=True):
    """Where the hub has the newest version that was sent.

    Attributes:
        number: Of the version, counted from 1 on this disk; 0 is what the folder was filled with.
        commit: The version on the hub; None before the first one of an empty workspace.
        branch: The branch that has it.
        conflicts: Paths for which ``main`` does not have it.
        created: When it was made; None for what the folder was filled with.
    """

    number: int = 0
    commit: str | None = None
    branch: str = "main"
    conflicts: list[str] = []
    created: dt.datetime | None = None


class _Line(msgspec.Struct, kw_only=True):
    standing: Standing
    files: str = ""
    changed: list[tuple[str, int, str, int, str | None, bool]] = []
    deleted: list[str] = []


class Baseline:
    """The files and the standing.

    Args:
        folder: Where they are kept; made when it is not there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log = folder / "log.jsonl"
        with named(f"prepare the folder {folder}"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.standing: Standing | None = None
        self.entries: dict[bytes, Entry] = {}
        self._load()

    def start(
        self,
        commit: str | None,
        entries: Mapping[bytes, Entry],
        *,
        number: int = 0,
        branch: str = "main",
        conflicts: Sequence[str] = (),
    ) -> None:
        """Begin with the files of a commit.

        Args:
            commit: The commit; None for an empty workspace.
            entries: Its files.
            number: Of the last version on this disk that is part of it.
            branch: The branch that has it.
            conflicts: Paths for which main does not have it.
        """
        self.standing = Standing(number=number, commit=commit, branch=branch, conflicts=list(conflicts))
        self.entries = dict(entries)
        self._write_anew()

    def advance(self, standing: Standing, changes: Iterable[Change], deletes: Iterable[str]) -> None:
        """Take what the hub has recorded, for good."""
        changed = {paths.to_bytes(change.path): entry_of(change) for change in changes}
        line = _Line(
            standing=standing,
            changed=[_row(path, entry) for path, entry in changed.items()],
            deleted=list(deletes),
        )
        with named(f"write {self._log}"), self._log.open("ab") as file:
            file.write(msgspec.json.encode(line) + b"\n")
            long = file.tell() > _LONGEST_LOG
        self._apply(line)
        if long:
            self._write_anew()

    def _apply(self, line: _Line) -> None:
        self.standing = line.standing
        for path in line.deleted:
            self.entries.pop(paths.to_bytes(path), None)
        for path, mode, blob, size, sha256, large in line.changed:
            self.entries[paths.to_bytes(path)] = Entry.of(mode, blob, size, sha256, large=large)

    def _write_anew(self) -> None:
        assert self.standing is not None
        files = self._folder / f"files-{secrets.token_hex(8)}"
        StatCache(files).replace(self.entries)
        fresh = self._log.with_name("log.new")
        with named(f"write {self._log}"):
            fresh.write_bytes(msgspec.json.encode(_Line(standing=self.standing, files=files.name)) + b"\n")
            fresh.replace(self._log)
            for old in self._folder.glob("files-*"):
                if old != files:
                    old.unlink()

    def _load(self) -> None:
        for line in self._lines():
            if line.files:
                self.entries = dict(StatCache(self._folder / line.files).entries)
            self._apply(line)

    def _lines(self) -> Iterable[_Line]:
        whole = 0
        with contextlib.suppress(FileNotFoundError):
            for raw in self._log.read_bytes().splitlines(keepends=True):
                if not raw.endswith(b"\n"):
                    with self._log.open("r+b") as file:
                        file.truncate(whole)
                    return
                whole += len(raw)
                yield msgspec.json.decode(raw, type=_Line)


def entry_of(change: Change) -> Entry:
    """The file that a change makes."""
    mode = _MODES[change.mode]
    if change.large:
        assert change.sha256 is not None
        blob = blob_id(pointer(change.sha256, change.size))
        return Entry.of(mode, blob, change.size, change.sha256, large=True)
    blob = change.blob or blob_id(change.data or b"")
    return Entry.of(mode, blob, change.size, change.sha256)


def _row(path: bytes, entry: Entry) -> tuple[str, int, str, int, str | None, bool]:
    return paths.to_text(path), entry.mode, entry.blob, entry.size, entry.sha256, entry.large
