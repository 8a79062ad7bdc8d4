"""What the files of a folder were when nobody had touched them: for where nothing keeps a task from touching them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

import msgspec

Stamp = tuple[int, int]
"""Bytes, and the time of the last write in nanoseconds."""
Manifest = dict[bytes, Stamp]


def take(tree: Path) -> Manifest:
    """The stamps of all files below a folder, by path."""
    return dict(_stamps(tree))


def save(path: Path, manifest: Mapping[bytes, Stamp]) -> None:
    """Write one to a file."""
    path.write_bytes(msgspec.msgpack.encode(manifest))


def changed(tree: Path, path: Path) -> list[bytes]:
    """Files that are not what the manifest in a file says: written to, gone, or new.

    A program that sets the time of its writing back is not noticed.
    """
    was = msgspec.msgpack.decode(path.read_bytes(), type=Manifest)
    now = take(tree)
    return [name for name in {*was, *now} if was.get(name) != now.get(name)]


def _stamps(tree: Path) -> Iterator[tuple[bytes, Stamp]]:
    top = os.fsencode(tree)
    for folder, _, names in os.walk(top):
        for name in names:
            place = os.path.join(folder, name)  # noqa: PTH118 - of bytes
            with suppress(FileNotFoundError):
                st = os.lstat(place)
                yield os.path.relpath(place, top), (st.st_size, st.st_mtime_ns)
