"""Children of the launcher whose own children outlive them."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from dotscience_hub.launcher.logfile import LogFile
from dotscience_hub.launcher.supervisor import Child, Command

SECONDS = 60.0
# A child in a session of its own, with the output of its parent, as JupyterHub starts services.
_LEAVES_ONE = """
import subprocess, sys, time
from pathlib import Path
with Path("pids").open("a") as pids:
    pids.write(f"{subprocess.Popen(['sleep', '600'], start_new_session=True).pid}\\n")
print("begun", flush=True)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for one child; what the child leaves running is ended with the test."""
    yield tmp_path
    end_remains(tmp_path)


def _descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def end_remains(folder: Path) -> None:
    for pid in (folder / "pids").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)


@contextlib.asynccontextmanager
async def all_closed_after(folder: Path) -> AsyncIterator[None]:
    """At the end of the block what was left running is ended, and with it the last of our pipes."""
    before = _descriptors()
    yield
    end_remains(folder)
    for _ in range(200):
        if _descriptors() <= before:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("descriptors stay open")


def make(folder: Path, end: str, said: list[str]) -> Child:
    arguments = [sys.executable, "-c", _LEAVES_ONE + end]
    command = Command("part", arguments, dict(os.environ), folder)
    return Child(command, LogFile(folder, "part", echo=False), said.append)


async def until(path: Path, lines: int) -> None:
    """Wait until a file has so many lines."""
    await asyncio.to_thread(_wait, path, lines)


def _wait(path: Path, lines: int) -> None:
    deadline = time.monotonic() + SECONDS
    while not path.exists() or len(path.read_text().splitlines()) < lines:
        assert time.monotonic() < deadline, f"{path} has not {lines} lines"
        time.sleep(0.05)


def test_a_child_that_died_is_started_again_while_its_own_child_lives(folder: Path) -> None:
    """A grandchild that holds the output open does not hide that the child ended (F1)."""
    said: list[str] = []

    async def run() -> None:
        async with all_closed_after(folder):
            child = make(folder, "sys.exit(3)", said)
            await child.start()
            child.settle()
            await until(folder / "pids", 2)
            await asyncio.wait_for(child.stop(1), SECONDS)

    asyncio.run(run())
    assert "exit code 3" in said[0]


def test_a_child_is_stopped_while_its_own_child_lives(folder: Path) -> None:
    """Nor does it hold up the end of all (F13)."""

    async def run() -> None:
        async with all_closed_after(folder):
            child = make(folder, "time.sleep(600)", [])
            await child.start()
            await until(folder / "part.log", 1)
            await asyncio.wait_for(child.stop(0.5), SECONDS)
            assert not child.running

    asyncio.run(run())
