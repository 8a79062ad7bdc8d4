"""Fixtures of the hub's tests.

- `database`: an empty one with all tables; each test runs once on SQLite and once on PostgreSQL.
- `sqlite_database`: the same on SQLite only, for what does not depend on the database.
- `clock`: a clock that stands still until the test moves it.
- `world`: the services about projects, tasks and runners on real parts: store, queue, git repositories, log files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_hub.store import models
from dotscience_hub.store.database import Database

from tests.hub.world import ManualClock, World


def _made(url: str) -> Iterator[Database]:
    database = Database(url)
    models.metadata.create_all(database.engine)
    yield database
    database.dispose()


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    yield from _made(f"sqlite:///{tmp_path / 'hub.sqlite'}")


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database without tables, of either kind."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("postgresql_url")
        return url
    return f"sqlite:///{tmp_path / 'hub.sqlite'}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database with all tables, of either kind."""
    yield from _made(database_url)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that the test moves."""
    return ManualClock()


@pytest.fixture
def world(database: Database, tmp_path: Path, clock: ManualClock) -> World:
    """The services on real parts."""
    return World(database, tmp_path / "data", clock)
