r"""Git tree objects: reading, writing and changing them.

A tree is a sequence of ``<octal mode> <name>\0<20 bytes of object id>``, sorted by name, where a folder's name counts
as if it ended in ``/`` (gitformat-pack has no chapter on it; git's ``tree.c`` and ``base_name_compare`` define it).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jupyter_dotscience.api.commits import Mode
from jupyter_dotscience.api.paths import check, to_text
from jupyter_dotscience.api.problems import BadRequest

TREE, FILE, EXECUTABLE, SYMLINK = 0o40000, 0o100644, 0o100755, 0o120000
MAX_DEPTH = 256
"""Folders within folders; git and Python both recurse."""

MODES = {Mode.FILE: FILE, Mode.EXECUTABLE: EXECUTABLE, Mode.SYMLINK: SYMLINK}

Read = Callable[[bytes], bytes]
Write = Callable[[bytes], bytes]


class Entry(NamedTuple):
    """What a name in a tree stands for: mode and binary object id."""

    mode: int
    oid: bytes


def mode_of(mode: int) -> Mode:
    """The contract's word for a git mode."""
    if mode == SYMLINK:
        return Mode.SYMLINK
    return Mode.EXECUTABLE if mode & 0o100 else Mode.FILE


def check_path(path: bytes) -> bytes:
    """`api.paths.check`, and no more than 256 folders deep.

    Raises:
        BadRequest: with the reason.
    """
    if path.count(b"/") >= MAX_DEPTH:
        raise BadRequest(f"The path {to_text(path[:80])!r}... is over {MAX_DEPTH} folders deep.", code="bad_path")
    return check(path)


def parse(raw: bytes) -> dict[bytes, Entry]:
    """The entries of a tree object's content, in its order."""
    entries = {}
    position = 0
    while position < len(raw):
        end = raw.index(b"\0", position)
        mode, _, name = raw[position:end].partition(b" ")
        entries[name] = Entry(int(mode, 8), raw[end + 1 : end + 21])
        position = end + 21
    return entries


def serialize(entries: Mapping[bytes, Entry]) -> bytes:
    """The content of a tree object."""
    ordered = sorted(entries.items(), key=lambda item: item[0] + b"/" if item[1].mode == TREE else item[0])
    return b"".join(b"%o %s\0%s" % (entry.mode, name, entry.oid) for name, entry in ordered)


def walk(read: Read, tree: bytes, prefix: bytes = b"") -> Iterator[tuple[bytes, Entry]]:
    """All files below a tree, sorted as git sorts them, with their paths after `prefix`."""
    for name, entry in parse(read(tree)).items():
        if entry.mode == TREE:
            yield from walk(read, entry.oid, prefix + name + b"/")
        else:
            yield prefix + name, entry


def find(read: Read, tree: bytes, path: bytes) -> Entry | None:
    """The entry at a path (a file or a folder), or None."""
    entry: Entry | None = Entry(TREE, tree)
    for part in path.split(b"/"):
        if entry is None or entry.mode != TREE:
            return None
        entry = parse(read(entry.oid)).get(part)
    return entry


def difference(
    read: Read, tree: bytes | None, bases: list[bytes], prefix: bytes = b""
) -> Iterator[tuple[bytes, Entry | None]]:
    """Files of `tree` that are in none of `bases` the same; with one base also those it no longer has (None).

    Equal folders are not looked into, so the cost is that of what changed.
    """
    if tree in bases:
        return
    mine = parse(read(tree)) if tree is not None else {}
    others = [parse(read(base)) for base in bases]
    for name, entry in mine.items():
        theirs = [other.get(name) for other in others]
        if entry in theirs:
            continue
        if entry.mode == TREE:
            folders = [other.oid for other in theirs if other is not None and other.mode == TREE]
            # Where a parent has no such folder, everything in ours is new against it: no base, no wrong "same".
            yield from difference(read, entry.oid, folders, prefix + name + b"/")
        else:
            yield prefix + name, entry
    if len(others) == 1:
        yield from _gone(read, mine, others[0], prefix)


def _gone(
    read: Read, mine: Mapping[bytes, Entry], other: Mapping[bytes, Entry], prefix: bytes
) -> Iterator[tuple[bytes, Entry | None]]:
    for name, entry in other.items():
        now = mine.get(name)
        if entry.mode != TREE:
            if now is None or now.mode == TREE:
                yield prefix + name, None
        elif now is None or now.mode != TREE:
            for path, _ in walk(read, entry.oid, prefix + name + b"/"):
                yield path, None


@dataclass
class _Node:
    """Changes at one name: to the entry itself (`given`), and below it."""

    given: bool = False
    entry: Entry | None = None
    children: dict[bytes, _Node] = field(default_factory=dict)


def edit(read: Read, write: Write, root: bytes | None, changes: Mapping[bytes, Entry | None]) -> bytes | None:
    """The tree that comes of `changes` (None: delete the file) on `root`; None when nothing is left.

    Args:
        read: Content of a tree by id.
        write: Stores a tree's content and returns its id.
        root: The tree to start from; None for an empty one.
        changes: By path, each checked with :func:`check_path`.

    Raises:
        BadRequest: a file where a folder stays, or a folder where a file stays.
    """
    top = _Node()
    for path, entry in changes.items():
        node = top
        for part in path.split(b"/"):
            node = node.children.setdefault(part, _Node())
        node.given, node.entry = True, entry
    return _edit_folder(read, write, root, top, b"")


def _edit_folder(read: Read, write: Write, tree: bytes | None, node: _Node, prefix: bytes) -> bytes | None:
    entries = parse(read(tree)) if tree is not None else {}
    for name, child in node.children.items():
        entry = _edit_entry(read, write, entries.get(name), child, prefix + name)
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
    return write(serialize(entries)) if entries else None


def _edit_entry(read: Read, write: Write, old: Entry | None, node: _Node, path: bytes) -> Entry | None:
    folder = old.oid if old is not None and old.mode == TREE else None
    file = old if folder is None else None
    if node.given and node.entry is None:
        if folder is not None and not node.children:
            raise BadRequest(f"{to_text(path)!r} is a folder: name the files in it to delete them.", code="bad_path")
        file = None
    if node.children:
        folder = _edit_folder(read, write, folder, node, path + b"/")
    if node.entry is not None:
        file = node.entry
    if file is not None and folder is not None:
        raise BadRequest(f"{to_text(path)!r} cannot be a file and a folder at the same time.", code="bad_path")
    return file if folder is None else Entry(TREE, folder)
