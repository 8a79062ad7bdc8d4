"""Fixture `site`: a hub's parts and an S3 server with a bucket."""

from __future__ import annotations

from pathlib import Path

import pytest
from dotscience_hub.datasets.place import Place
from dotscience_hub.store.database import Database

from tests.hub.datasets.site import THRESHOLD, Site
from tests.services.s3 import S3Server


@pytest.fixture
def site(tmp_path: Path, database: Database, s3_server: S3Server) -> Site:
    """A hub without datasets beside a server with an empty bucket."""
    folder = tmp_path / "data"
    place = Place(
        data_dir=str(folder),
        db_url=database.url.render_as_string(hide_password=False),
        key_file=str(folder / "keys"),
        large_file_threshold=THRESHOLD,
        patience=3.0,
    )
    return Site(folder, database, s3_server, s3_server.endpoint, place)
