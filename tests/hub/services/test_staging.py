"""Files of runs from outside, until their run is recorded."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dotscience_hub.services.staging import KEPT_SECONDS, Staging, sweep
from dotscience_hub.services.threads import Threads

from jupyter_dotscience.api.problems import BadRequest, TooLarge


@pytest.fixture
def threads() -> Iterator[Threads]:
    """A thread that writes."""
    found = Threads(1, "test")
    yield found
    found.close()


async def body(*pieces: bytes) -> AsyncIterator[bytes]:
    """Pieces as they arrive."""
    for piece in pieces:
        yield piece


def test_what_is_too_much_or_breaks_off_leaves_nothing(tmp_path: Path, threads: Threads) -> None:
    """Nor does what says to be a tar file; what came before stays."""
    staging = Staging(tmp_path / "p" / "ann")
    asyncio.run(staging.receive("a", body(b"12", b"3"), 3, threads))

    async def broken() -> AsyncIterator[bytes]:
        yield b"1"
        raise ConnectionError

    with pytest.raises(TooLarge):
        asyncio.run(staging.receive("a", body(b"12", b"34"), 3, threads))
    with pytest.raises(ConnectionError):
        asyncio.run(staging.receive("b", broken(), None, threads))
    with pytest.raises(BadRequest, match="tar"):
        asyncio.run(staging.receive_archive("c", body(b"x" * 1000), None, threads))
    assert staging.size() == 3
    with staging.taken(["a", "b", "c"]) as files:
        assert {path: file.read_bytes() for path, file in files.items()} == {"a": b"123"}


def test_what_comes_while_a_run_is_recorded_is_for_the_next_one(tmp_path: Path, threads: Threads) -> None:
    """The file that was taken is gone with the block, the new one is there."""
    staging = Staging(tmp_path / "p" / "ann")
    asyncio.run(staging.receive("a", body(b"old"), None, threads))
    with staging.taken(["a"]):
        assert not staging.has("a")
        asyncio.run(staging.receive("a", body(b"new"), None, threads))
    with staging.taken(["a"]) as files:
        assert files["a"].read_bytes() == b"new"
    assert not (tmp_path / "p" / "ann").exists()


def test_files_that_nobody_asked_for_are_removed_after_a_day(tmp_path: Path, threads: Threads) -> None:
    """With their folders; younger ones stay."""
    old, young = Staging(tmp_path / "p" / "ann"), Staging(tmp_path / "p" / "bob")
    for staging in (old, young):
        asyncio.run(staging.receive("a", body(b"1"), None, threads))
    day_ago = time.time() - KEPT_SECONDS - 60
    for file in (tmp_path / "p" / "ann").iterdir():
        os.utime(file, (day_ago, day_ago))
    sweep(tmp_path)
    assert not (tmp_path / "p" / "ann").exists()
    assert young.has("a")
