"""Files of a workspace at a commit."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Bytes, Model, Nanoseconds, Path, Request, Sha1, Sha256
from .commits import Mode, Revision


class FileVersion(Model, frozen=True, kw_only=True):
    """A path with the content it had at a commit: the node of provenance."""

    path: Path
    mode: Mode
    size: Bytes
    blob: Annotated[Sha1, Meta(description="The git blob; for a large file, of its pointer.")]
    sha256: Annotated[Sha256 | None, Meta(description="Of the content; null where only git has seen the file.")]
    large: bool
    modified: Annotated[Nanoseconds, Meta(description="The file's own modification time where it was snapshotted.")]
    commit: Annotated[Sha1 | None, Meta(description="The commit that last changed it.")]


class Folder(Model, frozen=True, kw_only=True):
    """A folder with what is in it and below, in numbers."""

    path: Path
    files: int
    size: Bytes


class Tree(Model, frozen=True, kw_only=True):
    """All files below ``prefix`` at a commit, sorted by path; folded, those right in it, and its folders."""

    commit: Sha1 | None
    items: list[FileVersion]
    folders: list[Folder] = msgspec.field(default_factory=list)


class TreeQuery(Request, frozen=True, kw_only=True):
    """Which files to list."""

    at: Revision = "main"
    prefix: Annotated[str, Meta(description="Only files in this folder and below; empty for all.")] = ""
    fold: Annotated[bool, Meta(description="Sum up each folder in the place of listing what is below it.")] = False


class FileQuery(Request, frozen=True, kw_only=True):
    """One file's content."""

    path: Path
    at: Revision = "main"


class ArchiveQuery(Request, frozen=True, kw_only=True):
    """Which folder to download."""

    path: Annotated[str, Meta(max_length=4095 * 3, description="The folder; empty for all files.")] = ""
    at: Revision = "main"
