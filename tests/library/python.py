"""Pythons to run user code with: one without any `dotscience`, and one with the published 0.8.7."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).parents[2] / "library" / "dotscience"
OFFER = PACKAGE / "offer"
PUBLISHED = "0.8.7"
PATIENCE = 150
"""Seconds for the published library to be installed."""


@dataclass(frozen=True)
class Python:
    """An interpreter, started as a runner would: with the offer on ``PYTHONPATH`` and nothing of ours besides."""

    executable: Path

    def run(
        self, code: str, cwd: Path, env: Mapping[str, str] | None = None, path: str = str(OFFER)
    ) -> subprocess.CompletedProcess[str]:
        """Run a script called ``train.py`` in ``cwd`` and wait for its end."""
        (cwd / "train.py").write_text(code)
        return subprocess.run(
            [self.executable, "train.py"],
            cwd=cwd,
            env=environment(path, env),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def output(self, code: str, cwd: Path, env: Mapping[str, str] | None = None, path: str = str(OFFER)) -> str:
        """The standard output of a script, which must succeed."""
        done = self.run(code, cwd, env, path)
        assert done.returncode == 0, done.stderr
        return done.stdout


def environment(path: str = str(OFFER), more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a task sees: nothing of the variables of whoever runs the tests."""
    return {"PATH": os.defpath, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1", **(more or {})}


def bare(folder: Path) -> Python:
    """A virtual environment with nothing in it."""
    venv.create(folder, symlinks=True)
    return Python(folder / "bin" / "python")


class NotInstallable(Exception):
    """The published library cannot be had here; the text says why."""


def published() -> Python:
    """A virtual environment with the unmodified library, made once per environment and kept.

    Raises:
        NotInstallable: the package index cannot be reached, or the old library does not run on this Python.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    # Beside what `make setup` installs: kept for the next time, gone with it, and nobody else's to write.
    place = Path(sys.prefix) / "tests"
    place.mkdir(exist_ok=True)
    folder = place / f"published-{PUBLISHED}-python{version}"
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # workers of pytest-xdist come at once
        if not (folder / "ready").exists():
            _install(folder)
            (folder / "ready").touch()
    return Python(folder / "bin" / "python")


def _install(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    venv.create(folder, symlinks=True, with_pip=True)
    pip = [folder / "bin" / "python", "-m", "pip", "install", "-q", "--disable-pip-version-check", "--retries=1"]
    steps = [
        # It asks for `pkg_resources`, which setuptools has no more, and is built the old way.
        [*pip, "setuptools<81", "wheel"],
        [*pip, "--no-build-isolation", f"dotscience=={PUBLISHED}"],
        [folder / "bin" / "python", "-c", "import dotscience"],
    ]
    deadline = time.monotonic() + PATIENCE
    for step in steps:
        try:
            left = max(deadline - time.monotonic(), 1)
            done = subprocess.run(step, capture_output=True, text=True, timeout=left, check=False)
        except subprocess.TimeoutExpired:
            raise NotInstallable(f"not installed within {PATIENCE} seconds") from None
        if done.returncode:
            raise NotInstallable(done.stderr.strip().splitlines()[-1])
