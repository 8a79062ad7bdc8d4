"""Folders to compare, and the odd things that can be in one."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def contents(root: Path) -> dict[bytes, tuple[str, bytes]]:
    """Every file below ``root`` by relative path: kind (x for executable) and content or target."""
    found = {}
    for folder, folders, files in os.walk(root):
        for path in (Path(folder) / name for name in [*files, *folders]):
            mode = path.lstat().st_mode
            relative = os.fsencode(path.relative_to(root))
            if stat.S_ISLNK(mode):
                found[relative] = ("link", os.fsencode(path.readlink()))
            elif stat.S_ISREG(mode):
                found[relative] = ("x" if mode & stat.S_IXUSR else "file", path.read_bytes())
    return found


def write(root: Path, files: dict[bytes, bytes]) -> None:
    for name, data in files.items():
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


ODD_NAMES = [
    b"latin-\xe9.txt",
    b"new\nline\ttab",
    b"back\\slash",
    b"x" * 255,
    "é".encode(),
    "e\u0301".encode(),
    b"Case",
    b"case",
    b"con",
    b" space ",
    b"-rf",
    b"%2Egit",
    b"%252Egit",
    b"%20",
    b"%",
    b"GIT~1",
    b".gitattributes",
    b".gitmodules",
    "\uefef".encode(),
    b"\xff\xfe",
    b"nested/.git/config",
    b"nested/.git/hooks/post-checkout",
    b"deep/" * 40 + b"file",
    b".Git/objects/aa",
    "git/.g\u200cit/x".encode(),
]
"""Names that some layer might stumble over."""
