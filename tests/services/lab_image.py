"""Fixture `lab_image`: JupyterLab's container image, built from this checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.require import require

from .docker_engine import DEFAULT_URL, DockerEngine

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def lab_image(docker_engine: DockerEngine) -> Iterator[str]:
    """JupyterLab's image as `tools/build_lab_image.sh` builds it, on the image that tasks have here too."""
    require(shutil.which("docker") is not None, "the program docker")
    require(docker_engine.url == DEFAULT_URL, f"an engine at {DEFAULT_URL}, where the script builds")
    name = f"dotscience-lab-test:{docker_engine.session}"
    settings = {"IMAGE": name, "BASE": docker_engine.image, "PYTHON": sys.executable}
    done = subprocess.run(
        [ROOT / "tools/build_lab_image.sh"], env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    require(done.returncode == 0, f"an image with JupyterLab, which could not be built: {done.stderr[-1000:]}")
    yield name
    docker_engine.client.images.remove(name, force=True)
