"""A project's other end, a workspace, and a disk that is soon full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.require import missing

from .repository import Repository


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """A bare repository with an object store."""
    return Repository(tmp_path / "hub")


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """An empty workspace."""
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MiB; the test is skipped where none can be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=755", "dotscience-test", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        missing("the right to mount a tmpfs (root has it)")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
