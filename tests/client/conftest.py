"""A scripted hub and a client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_dotscience.client import Client

from .script import Script, serve


@pytest.fixture
def hub() -> Iterator[Script]:
    with serve() as script:
        yield script


@pytest.fixture
def client(hub: Script) -> Iterator[Client]:
    with Client(hub.url, "secret-token", timeout=5, retry_for=5) as made:
        yield made
