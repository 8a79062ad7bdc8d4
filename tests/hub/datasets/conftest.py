"""Fixtures: a hub's parts, an S3 server with a bucket, and a proxy between the two.

- `site`: on both databases, with rclone's server.
- `small_site`: the same on SQLite, for what does not depend on the database.
- `swift_site`: on SQLite, with Swift's server, which has versions and takes any key.
- `proxy`: what the datasets of `site` and `small_site` are read through.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_hub.datasets.place import Place
from dotscience_hub.store.database import Database

from tests.hub.datasets.proxy import Proxy, proxied
from tests.hub.datasets.site import THRESHOLD, Site
from tests.services.s3 import S3Server


def _site(folder: Path, database: Database, server: S3Server, endpoint: str) -> Site:
    place = Place(
        data_dir=str(folder),
        db_url=database.url.render_as_string(hide_password=False),
        key_file=str(folder / "keys"),
        large_file_threshold=THRESHOLD,
        patience=3.0,
    )
    return Site(folder, database, server, endpoint, place)


@pytest.fixture
def proxy(s3_server: S3Server) -> Iterator[Proxy]:
    """A proxy before rclone's server."""
    with proxied(s3_server.endpoint) as found:
        yield found


@pytest.fixture
def site(tmp_path: Path, database: Database, s3_server: S3Server, proxy: Proxy) -> Site:
    """A hub without datasets beside a server with an empty bucket."""
    return _site(tmp_path / "data", database, s3_server, proxy.endpoint)


@pytest.fixture
def small_site(tmp_path: Path, sqlite_database: Database, s3_server: S3Server, proxy: Proxy) -> Site:
    """The same on SQLite only."""
    return _site(tmp_path / "data", sqlite_database, s3_server, proxy.endpoint)


@pytest.fixture
def swift_site(tmp_path: Path, sqlite_database: Database, swift: S3Server) -> Site:
    """A hub without datasets beside a Swift with an empty bucket."""
    return _site(tmp_path / "data", sqlite_database, swift, swift.endpoint)
