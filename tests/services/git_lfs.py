"""Fixture `git_lfs`: the stock git-lfs client."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.require import require


def works() -> bool:
    """Tell whether `git lfs` answers."""
    if shutil.which("git") is None:
        return False
    return subprocess.run(["git", "lfs", "version"], capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="session")
def git_lfs() -> str:
    """Path of a git whose `git lfs` works."""
    require(works, "git with git-lfs (packages `git`, `git-lfs`)")
    return str(shutil.which("git"))
