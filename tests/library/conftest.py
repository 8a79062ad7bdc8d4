"""Fixtures of the library's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotscience import Dotscience

from tests.library import python
from tests.require import missing


@pytest.fixture(scope="session")
def bare_python(tmp_path_factory: pytest.TempPathFactory) -> python.Python:
    """A Python that has no `dotscience`: what it imports is what the runner offers."""
    return python.bare(tmp_path_factory.mktemp("bare") / "venv")


@pytest.fixture(scope="session")
def published_python() -> python.Python:
    """A Python with the unmodified published library."""
    try:
        return python.published()
    except python.NotInstallable as error:
        missing(f"dotscience {python.PUBLISHED} from the package index ({error})")
        raise


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, outside any task."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("PROJECT_DOT_ROOT", "WORKLOAD_TYPE", "POINTS_DIR", "URL", "HOSTNAME"):
        monkeypatch.delenv(f"DOTSCIENCE_{name}", raising=False)
    return folder


@pytest.fixture
def ds(workspace: Path) -> Dotscience:
    """A recorder of its own, rooted in the workspace, with a run begun."""
    recorder = Dotscience()
    recorder.start()
    return recorder


@pytest.fixture
def points_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, workspace: Path) -> Path:
    """The folder that a task's runner names for live points."""
    folder = tmp_path / "points"
    folder.mkdir()
    monkeypatch.setenv("DOTSCIENCE_POINTS_DIR", str(folder))
    return folder
