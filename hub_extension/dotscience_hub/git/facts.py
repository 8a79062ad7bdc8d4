"""What is to be known of a file's content beside git's id of it."""

from __future__ import annotations

import hashlib
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from jupyter_dotscience.workspace.hashing import MAX_POINTER, Pointer, parse_pointer

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


@dataclass(frozen=True)
class BlobFacts:
    """What a blob itself is.

    Attributes:
        size: Its bytes.
        sha256: Of its bytes.
        pointer: What it points to, when it has the form of a Git LFS pointer.
    """

    size: int
    sha256: str
    pointer: Pointer | None = None

    def of_file(self, objects: Mapping[str, int], modified: int = 0) -> FileFacts:
        """The facts of a file with this content.

        Args:
            objects: Sizes of the project's objects. A pointer to anything else is a file like any other: it is what
                a clone made without git-lfs leaves in a workspace.
            modified: Nanoseconds since 1970.
        """
        if self.pointer is not None and objects.get(self.pointer.sha256) == self.pointer.size:
            return FileFacts(self.pointer.size, self.pointer.sha256, large=True, modified=modified)
        return FileFacts(self.size, self.sha256, large=False, modified=modified)


def of_content(content: bytes) -> BlobFacts:
    """The facts of a blob with this content."""
    return BlobFacts(len(content), hashlib.sha256(content).hexdigest(), parse_pointer(content))


def of_blobs(folder: Path, blobs: Iterable[str]) -> Iterator[tuple[str, BlobFacts]]:
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


def _answers(process: subprocess.Popen[bytes]) -> Iterator[tuple[str, BlobFacts]]:
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
        yield name, BlobFacts(size, digest.hexdigest(), parse_pointer(head))
