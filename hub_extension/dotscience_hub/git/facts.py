"""What is to be known of a file's content beside git's id of it."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from jupyter_dotscience.workspace.hashing import MAX_POINTER, parse_pointer

from .binary import GitError, command, environment

_CHUNK = 1 << 20


@dataclass(frozen=True)
class FileFacts:
    """Of one version of a file.

    Attributes:
        size: Bytes of the content itself, not of a pointer.
        sha256: Of the content itself.
        large: Whether git holds a pointer.
        modified: Nanoseconds since 1970; 0 when nobody told.
    """

    size: int
    sha256: str
    large: bool
    modified: int = 0


def of_content(content: bytes) -> FileFacts:
    """The facts of what a blob holds; of a pointer, those of what it points to."""
    pointer = parse_pointer(content)
    if pointer is not None:
        return FileFacts(size=pointer.size, sha256=pointer.sha256, large=True)
    return FileFacts(size=len(content), sha256=hashlib.sha256(content).hexdigest(), large=False)


def of_blobs(folder: Path, blobs: Iterable[str]) -> Iterator[tuple[str, FileFacts]]:
    """The facts of blobs, read by one git process in constant memory.

    Args:
        folder: The repository.
        blobs: Their ids; one that is not there, or no blob, is left out.

    Raises:
        GitError: git failed.
    """
    process = subprocess.Popen(
        command(f"--git-dir={folder}", "cat-file", "--batch", "--buffer"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    feeder = threading.Thread(target=_feed, args=(process, list(blobs)), daemon=True)
    feeder.start()
    try:
        yield from _answers(process)
        if process.wait() != 0:
            raise GitError("git cat-file failed.")
    finally:
        process.kill()
        process.wait()
        feeder.join()
        assert process.stdout is not None
        process.stdout.close()


def _feed(process: subprocess.Popen[bytes], blobs: list[str]) -> None:
    assert process.stdin is not None
    try:
        for start in range(0, len(blobs), 1000):
            process.stdin.write("".join(f"{blob}\n" for blob in blobs[start : start + 1000]).encode())
        process.stdin.close()
    except (BrokenPipeError, ValueError):
        pass


def _answers(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, FileFacts]]:
    out = process.stdout
    assert out is not None
    while line := out.readline():
        parts = line.decode().split()
        if parts[-1] == "missing":
            continue
        name, kind, size = parts[0], parts[1], int(parts[2])
        digest, head, left = hashlib.sha256(), b"", size
        while left:
            chunk = out.read(min(left, _CHUNK))
            if not chunk:
                raise GitError("git cat-file ended early.")
            digest.update(chunk)
            left -= len(chunk)
            if size <= MAX_POINTER:
                head += chunk
        out.read(1)
        if kind != "blob":
            continue
        pointer = parse_pointer(head)
        yield name, _facts(size, digest.hexdigest()) if pointer is None else of_content(head)


def _facts(size: int, sha256: str) -> FileFacts:
    return FileFacts(size=size, sha256=sha256, large=False)
