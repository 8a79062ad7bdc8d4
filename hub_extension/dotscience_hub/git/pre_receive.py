"""Git's pre-receive hook (githooks(5)): `python -m dotscience_hub.git.pre_receive`, run by git itself during a push.

Git shows what it prints to the person who pushes; any exit status but 0 refuses the whole push.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from jupyter_dotscience.api.problems import ApiError

from .binary import Git
from .limits import Limits
from .pushes import NOTHING, RefChange, TreeCheck, check_blobs, check_ref
from .reader import Reader

LIMITS, OBJECTS, PYTHON = "DOTSCIENCE_LIMITS", "DOTSCIENCE_OBJECTS", "DOTSCIENCE_PYTHON"
"""Environment variables: limits as JSON, a file of `sha256 size` lines, and the interpreter."""

SCRIPT = f'#!/bin/sh\nexec "${PYTHON}" -I -m dotscience_hub.git.pre_receive\n'

_KEPT = ("GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_QUARANTINE_PATH")


def install(folder: Path) -> Path:
    """Write the hook into a folder of hooks; that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    hook = folder / "pre-receive"
    temporary = hook.with_suffix(".new")
    temporary.write_text(SCRIPT)
    temporary.chmod(0o755)
    temporary.replace(hook)
    return folder


def main() -> int:
    """Check the push on standard input."""
    changes = [RefChange(*line.split(" ", 2)) for line in sys.stdin.read().splitlines()]
    try:
        _check(changes)
    except ApiError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _check(changes: list[RefChange]) -> None:
    folder = Path(os.environ.get("GIT_DIR", ".")).resolve()
    quarantine = os.environ.get("GIT_QUARANTINE_PATH")
    reader = Reader(folder, extra=Path(quarantine) if quarantine else None)
    limits = Limits(**json.loads(os.environ[LIMITS]))
    for change in changes:
        check_ref(change, reader)
    check = TreeCheck(reader.tree, limits)
    for commit in _new_commits(folder, changes):
        check.check(reader.root(commit))
    if quarantine:
        check_blobs(_new_blobs(folder, quarantine), reader.blob, limits, _objects)


def _new_commits(folder: Path, changes: list[RefChange]) -> list[str]:
    wanted = "".join(f"{change.new}\n" for change in changes if change.new != NOTHING)
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    out = Git(folder).run("rev-list", "--stdin", "--not", "--all", stdin=wanted.encode(), extra=kept)
    return out.decode().split()


def _new_blobs(folder: Path, quarantine: str) -> Iterator[tuple[str, int]]:
    """Ids and sizes of all blobs that arrived, whether a commit needs them or not."""
    out = Git(folder).run(
        "cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname) %(objectsize)", "--unordered",
        extra={"GIT_OBJECT_DIRECTORY": quarantine},
    )  # fmt: skip
    for line in out.decode().splitlines():
        kind, name, size = line.split()
        if kind == "blob":
            yield name, int(size)


@functools.cache
def _objects() -> dict[str, int]:
    lines = Path(os.environ[OBJECTS]).read_text().splitlines()
    pairs = (line.split() for line in lines)
    return {sha256: int(size) for sha256, size in pairs}


if __name__ == "__main__":
    sys.exit(main())
