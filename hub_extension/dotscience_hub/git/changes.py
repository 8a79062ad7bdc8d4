"""From the changes of a request to entries of trees: everything that can be wrong with them is found here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from jupyter_dotscience.api.commits import Change, CommitCreate, Mode
from jupyter_dotscience.api.paths import to_bytes
from jupyter_dotscience.api.problems import BadRequest, TooLarge
from jupyter_dotscience.workspace.hashing import parse_pointer, pointer

from . import facts
from .facts import BlobFacts, FileFacts
from .limits import Limits
from .loose import LooseWriter
from .reader import Reader
from .trees import MODES, Entry, check_path

MAX_LINK = 4095
Sizes = Callable[[Sequence[str]], Mapping[str, int]]
"""Sizes of those objects (by SHA-256) that the project has."""


@dataclass(frozen=True)
class Changes:
    """What a request changes, checked.

    Attributes:
        entries: New entry by path; None where the file is deleted.
        facts: Of each new content, by path.
    """

    entries: dict[bytes, Entry | None] = field(default_factory=dict)
    facts: dict[bytes, FileFacts] = field(default_factory=dict)


class ChangeReader:
    """Checks the changes of one request against one repository."""

    def __init__(self, folder: Path, reader: Reader, writer: LooseWriter, sizes: Sizes, limits: Limits) -> None:
        """Make it.

        Args:
            folder: The repository.
            reader: Looks for what is there already.
            writer: Stores contents that came with the request.
            sizes: Which objects the project has.
            limits: What is too much.
        """
        self._folder = folder
        self._reader = reader
        self._writer = writer
        self._sizes = sizes
        self._limits = limits

    def read(self, request: CommitCreate) -> Changes:
        """The changes as entries; their contents are in the writer, or in the repository already.

        Raises:
            BadRequest: a bad or repeated path, contents that are not there or not what they are said to be.
            TooLarge: a content over a limit.
        """
        if len(request.changes) > self._limits.files:
            raise TooLarge(f"A version may hold {self._limits.files} files at the most.")
        changes = Changes()
        for deleted in request.deletes:
            changes.entries[check_path(to_bytes(deleted))] = None
        blobs = self._blob_facts(request.changes)
        large = self._objects(request.changes, blobs)
        for change in request.changes:
            path = check_path(to_bytes(change.path))
            if path in changes.entries:
                raise BadRequest(f"{change.path!r} is named more than once.", code="bad_path")
            oid, known = self._content(change, blobs, large)
            changes.entries[path] = Entry(MODES[change.mode], oid)
            changes.facts[path] = known.of_file(large, modified=max(change.modified, 0))
        return changes

    def _content(
        self, change: Change, blobs: Mapping[str, BlobFacts], large: Mapping[str, int]
    ) -> tuple[bytes, BlobFacts]:
        ways = (change.data is not None) + (change.blob is not None) + change.large
        if ways != 1:
            raise BadRequest(f"{change.path!r} needs exactly one of data, blob and large.", code="bad_change")
        if change.data is not None:
            found = self._inline(change, change.data)
        elif change.blob is not None:
            found = self._known(change, blobs)
        else:
            return self._large(change, large)
        _check_facts(change, found[1].size, found[1].sha256)
        return found

    def _inline(self, change: Change, data: bytes) -> tuple[bytes, BlobFacts]:
        if len(data) > self._limits.inline:
            raise TooLarge(f"{change.path!r} is too large to be sent in a commit; send it as an object first.")
        if change.mode is Mode.SYMLINK and b"\0" in data:
            raise BadRequest(f"The symlink {change.path!r} has a NUL byte in its target.", code="bad_content")
        return self._writer.add(b"blob", data), facts.of_content(data)

    def _known(self, change: Change, blobs: Mapping[str, BlobFacts]) -> tuple[bytes, BlobFacts]:
        assert change.blob is not None
        if change.blob not in blobs:
            raise BadRequest(
                f"This project has no blob {change.blob} (for {change.path!r}): send it in a pack first.",
                code="missing_content",
                detail={"blob": change.blob},
            )
        return bytes.fromhex(change.blob), blobs[change.blob]

    def _large(self, change: Change, large: Mapping[str, int]) -> tuple[bytes, BlobFacts]:
        if change.sha256 is None or change.mode is Mode.SYMLINK:
            raise BadRequest(f"The large file {change.path!r} needs its sha256 and is no symlink.", code="bad_change")
        if change.sha256 not in large:
            raise BadRequest(
                f"This project has no object {change.sha256} (for {change.path!r}): send it first.",
                code="missing_content",
                detail={"sha256": change.sha256},
            )
        _check_facts(change, large[change.sha256], change.sha256)
        content = pointer(change.sha256, change.size)
        return self._writer.add(b"blob", content), facts.of_content(content)

    def _objects(self, changes: Iterable[Change], blobs: Mapping[str, BlobFacts]) -> Mapping[str, int]:
        """Sizes of the objects that large files name, and pointers that came as plain files."""
        wanted = {change.sha256 for change in changes if change.large and change.sha256 is not None}
        wanted |= {known.pointer.sha256 for known in blobs.values() if known.pointer is not None}
        inline = (parse_pointer(change.data) for change in changes if change.data is not None)
        wanted |= {found.sha256 for found in inline if found is not None}
        return self._sizes(sorted(wanted)) if wanted else {}

    def _blob_facts(self, changes: Iterable[Change]) -> dict[str, BlobFacts]:
        """The hub's own figures of contents sent before: what provenance rests on is never taken on trust."""
        wanted = {change.blob for change in changes if change.blob is not None}
        return dict(facts.of_blobs(self._folder, wanted)) if wanted else {}


def _check_facts(change: Change, size: int, sha256: str) -> None:
    if change.size != size:
        raise BadRequest(f"{change.path!r} has {size} bytes, not {change.size}.", code="bad_content")
    if change.sha256 is not None and change.sha256 != sha256:
        raise BadRequest(f"{change.path!r} has not the SHA-256 that was sent.", code="bad_content")
    if change.mode is Mode.SYMLINK and not 0 < size <= MAX_LINK:
        raise BadRequest(f"The symlink {change.path!r} has an impossible target.", code="bad_content")
