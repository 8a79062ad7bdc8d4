"""Fixture `bubblewrap`: the sandbox of the process backend, where the kernel lets it run."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.require import require


def works(bwrap: str | None) -> bool:
    """Tell whether bubblewrap can make its namespaces here (containers often forbid it)."""
    if bwrap is None:
        return False
    command = [bwrap, "--ro-bind", "/", "/", "--unshare-user", "--unshare-pid", "--proc", "/proc", "true"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def bubblewrap() -> str:
    """Path of a `bwrap` that works on this machine."""
    bwrap = shutil.which("bwrap")
    require(works(bwrap), "a working bubblewrap (package `bubblewrap`, and a kernel that allows namespaces)")
    return str(bwrap)
