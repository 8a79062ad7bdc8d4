"""Identities of contents: git blob ids, SHA-256, Git LFS pointers. Ids are lower-case hexadecimal, as in the API."""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO, Final, NamedTuple

CHUNK: Final = 1 << 20
"""Bytes read at a time; hashlib lets other threads run from 2 KiB on."""

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md, version 1: keys sorted after `version`, "\n" line ends,
# size without leading zeros. Nothing but this exact form counts, so that a pointer and its content are one to one.
_POINTER = re.compile(
    rb"version https://git-lfs\.github\.com/spec/v1\noid sha256:([0-9a-f]{64})\nsize (0|[1-9][0-9]{0,18})\n"
)


class Pointer(NamedTuple):
    """What a Git LFS pointer says."""

    sha256: str
    size: int


def pointer(sha256: str, size: int) -> bytes:
    """The Git LFS pointer (version 1) of a content.

    Args:
        sha256: 64 hexadecimal digits.
        size: The content's size in bytes.
    """
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


MIN_POINTER: Final = len(pointer("0" * 64, 0))
MAX_POINTER: Final = len(pointer("0" * 64, 2**63 - 1))
"""Sizes in bytes between which all pointers lie."""


def parse_pointer(data: bytes) -> Pointer | None:
    """What ``data`` points to; None unless it is, byte for byte, what :func:`pointer` makes."""
    if not MIN_POINTER <= len(data) <= MAX_POINTER:
        return None
    match = _POINTER.fullmatch(data)
    return Pointer(match[1].decode(), int(match[2])) if match else None


def blob_header(size: int) -> bytes:
    """What git hashes before a blob's content (gitformat-loose(5))."""
    return b"blob %d\0" % size


def blob_id(data: bytes) -> str:
    """The id git gives to a blob."""
    digest = hashlib.sha1(blob_header(len(data)), usedforsecurity=False)
    digest.update(data)
    return digest.hexdigest()


def sha256_of(file: BinaryIO) -> tuple[str, int]:
    """SHA-256 and size in bytes of what is left to read in ``file``, in constant memory."""
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(CHUNK):
        digest.update(chunk)
        size += len(chunk)
    return digest.hexdigest(), size
