"""Receiving many small contents as one git pack."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from jupyter_dotscience.api.problems import BadRequest, TooLarge

from .binary import Git
from .files import sync
from .limits import Limits

QUARANTINE = "incoming-"
_HEADER = 12
_REASON = 300
_MEMORY = 1 << 30
"""Bytes to unpack it in: enough for deltas of the largest blobs that may come."""


class PackReceiver:
    """Takes packs of blobs into one repository."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Of the repository in `folder`."""
        self._folder = folder
        self._limits = limits

    def ingest(self, pack: Path) -> int:
        """Check a pack in a folder of its own and move it into the repository.

        Git itself reads it, with ``--strict``: its SHA-1 detects collisions, which ours does not.

        Args:
            pack: A file with a whole pack (gitformat-pack(5)), no deltas against objects outside of it.

        Returns:
            How many objects it held.

        Raises:
            BadRequest: no pack, damaged, or something else than blobs in it.
            TooLarge: a blob over the limit.
        """
        with pack.open("rb") as file:
            header = file.read(_HEADER)
        if len(header) < _HEADER or header[:4] != b"PACK":
            raise BadRequest("The body is no git pack.", code="bad_pack")
        if header[8:12] == bytes(4):
            return 0
        with self._quarantine() as quarantine:
            name = self._index(pack, quarantine)
            count = self._check(quarantine)
            self._move(quarantine / "pack", name)
            return count

    @contextmanager
    def _quarantine(self) -> Iterator[Path]:
        quarantine = Path(tempfile.mkdtemp(prefix=QUARANTINE, dir=self._folder / "objects"))
        try:
            (quarantine / "pack").mkdir()
            yield quarantine
        finally:
            shutil.rmtree(quarantine, ignore_errors=True)

    def _index(self, pack: Path, quarantine: Path) -> str:
        target = quarantine / "pack" / "incoming.pack"
        pack.replace(target)
        done = Git(self._folder).call(
            "-c", "core.fsync=pack,pack-metadata",
            "index-pack", "--strict", f"--max-input-size={self._limits.pack}", str(target),
            extra={"GIT_OBJECT_DIRECTORY": str(quarantine)}, memory=_MEMORY,
        )  # fmt: skip
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["unknown reason"]
            raise BadRequest(f"The pack cannot be used: {reason[0][:_REASON]}.", code="bad_pack")
        return done.stdout.decode().strip().removeprefix("pack\t")

    def _check(self, quarantine: Path) -> int:
        lines = Git(self._folder).run(
            "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectsize) %(objectname)",
            extra={"GIT_OBJECT_DIRECTORY": str(quarantine)},
        ).decode().splitlines()  # fmt: skip
        for line in lines:
            kind, size, name = line.split()
            if kind != "blob":
                raise BadRequest(f"The pack holds a {kind} ({name}); only blobs may come in a pack.", code="bad_pack")
            if int(size) > self._limits.blob:
                raise TooLarge(f"The blob {name} is larger than {self._limits.blob} bytes; send it as an object.")
        return len(lines)

    def _move(self, source: Path, name: str) -> None:
        """The index last: by it git finds a pack. A reverse index is made by newer gits only."""
        target = self._folder / "objects" / "pack"
        for suffix in (".pack", ".rev", ".idx"):
            found = source / f"incoming{suffix}"
            if found.exists():
                found.replace(target / f"pack-{name}{suffix}")
        sync(target)
