"""Ids of contents are git's and git-lfs's own."""

from __future__ import annotations

import hashlib
import io
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyter_dotscience.workspace import blob_id, parse_pointer, pointer, sha256_of

SHA = hashlib.sha256(b"x").hexdigest()


@pytest.mark.parametrize("data", [b"", b"x", b"a\r\nb", bytes(range(256)) * 1000])
def test_blob_id_is_gits(data: bytes) -> None:
    """A blob has the id that git gives to it."""
    told = subprocess.run(["git", "hash-object", "--stdin"], input=data, capture_output=True, check=True).stdout
    assert blob_id(data) == told.decode().strip()


@given(st.binary(min_size=32, max_size=32), st.integers(0, 2**63 - 1))
def test_pointer_says_what_was_put_in(digest: bytes, size: int) -> None:
    """A pointer is parsed to the hash and size it was made of."""
    assert parse_pointer(pointer(digest.hex(), size)) == (digest.hex(), size)


@pytest.mark.parametrize(
    "data",
    [
        pointer(SHA, 5) + b"\n",
        pointer(SHA, 5)[:-1],
        pointer(SHA, 5).replace(b"\n", b"\r\n"),
        pointer(SHA, 5).replace(b"size 5", b"size 05"),
        pointer(SHA, 5).replace(b"size 5", b"size -5"),
        pointer(SHA.upper(), 5),
        pointer(SHA, 5).replace(b"v1", b"v2"),
        pointer(SHA, 5).replace(b"oid", b"ext-0-x sha256:00\noid"),
        b"",
        b"\0" * 130,
    ],
)
def test_only_exact_pointers_count(data: bytes) -> None:
    """What differs from a pointer in a single byte is ordinary content."""
    assert parse_pointer(data) is None


def test_pointer_is_git_lfs_own(git_lfs: str, tmp_path: Path) -> None:
    """git-lfs makes the same pointer, byte for byte."""
    subprocess.run([git_lfs, "init", "--quiet", str(tmp_path)], check=True)
    clean = [git_lfs, "lfs", "clean"]
    told = subprocess.run(clean, cwd=tmp_path, input=b"x" * 1000, capture_output=True, check=True).stdout
    assert told == pointer(hashlib.sha256(b"x" * 1000).hexdigest(), 1000)


def test_sha256_of_a_stream() -> None:
    """A stream of several chunks has the hash and size of its whole."""
    data = bytes(3 << 20) + b"end"
    assert sha256_of(io.BytesIO(data)) == (hashlib.sha256(data).hexdigest(), len(data))
