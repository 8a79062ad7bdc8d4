"""A hub's workspace part in a folder of the test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_dotscience.api.ids import new_id
from tests.hub.git.hub import Hub, open_hub
from tests.hub.git.server import Client, Server


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """A hub with one empty project."""
    hub = open_hub(tmp_path, new_id())
    yield hub
    hub.contents.close()
    hub.commits.close()
    hub.database.dispose()


@pytest.fixture
def server(hub: Hub, tmp_path: Path) -> Iterator[Server]:
    """Its git addresses on loopback."""
    server = Server(hub, tmp_path)
    yield server
    server.close()


@pytest.fixture
def client(tmp_path: Path) -> Client:
    """A person's git."""
    return Client(tmp_path / "home")
