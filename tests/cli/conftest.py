"""The program, and hubs for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client import script
from tests.client.script import Script

from .fakehub import TaskHub
from .program import Program


@pytest.fixture
def hub() -> Iterator[Script]:
    with script.serve() as made:
        yield made


@pytest.fixture
def ds(hub: Script, tmp_path: Path) -> Program:
    """Logged in to `hub`."""
    return Program.at(tmp_path / "home", DOTSCIENCE_URL=hub.url, DOTSCIENCE_TOKEN="secret-token")


@pytest.fixture
def task_hub(hub: Script) -> Iterator[TaskHub]:
    made = TaskHub(hub)
    yield made
    made.cut()
