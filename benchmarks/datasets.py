"""Copying an S3 bucket into a dataset: 20,000 small objects and one of 2 GB, beside `rclone copy` of the same.

The server is `rclone serve s3` on this machine, so both share its processors with it. What a synchronisation does
beyond a copy: SHA-256 and git's id of each content, packs that git verifies, all of it durable, rows, one commit.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

from dotscience_hub.datasets.place import Place, opened
from dotscience_hub.datasets.sync import synchronise
from dotscience_hub.store import models, syncs
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import DatasetRow, SourceRow
from dotscience_hub.store.keyring import KeyFile, Keyring
from dotscience_hub.store.sealing import about

from jupyter_dotscience.api.ids import new_id
from tests.services.s3 import Running, find_rclone, serving

from . import clock
from .rows import Figure, Options, Row, skipped
from .workspace import place

SMALL, SMALL_BYTES = 20_000, 16 << 10
MEBIBYTES = 2000
BUCKET = "bucket"


def run(options: Options) -> list[Row]:
    """First the small ones, then the large one, then all again with nothing changed."""
    rclone = find_rclone()
    if rclone is None:
        return [skipped("synchronising a bucket", "no rclone with `serve s3`")]
    rows = []
    for what, fill in (("small", _fill_small), ("large", _fill_large)):
        with place(options.scratch, what) as folder, serving(rclone, folder) as server:
            (server.root / BUCKET).mkdir()
            name = fill(server.root / BUCKET, options)
            os.sync()
            copied = Figure.one(clock.seconds(lambda server=server, folder=folder: _copy(rclone, server, folder)))
            with _hub(folder / "hub", server) as (place_, dataset):
                first, again = (
                    Figure.one(clock.seconds(lambda p=place_, d=dataset: _synchronise(p, d))) for _ in range(2)
                )
        rows += [
            Row(f"synchronise {name}", first, "s", "durable and committed; n=1", copied, "rclone copy"),
            Row("  again, nothing changed", again, "s", "a listing; n=1"),
        ]
    return rows


def _fill_small(folder: Path, options: Options) -> str:
    count = options.scaled(SMALL)
    for number in range(count):
        path = folder / f"{number // 500:03}" / f"{number}.bin"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(SMALL_BYTES))
    return f"{count:,} objects of 16 KiB"


def _fill_large(folder: Path, options: Options) -> str:
    count = options.scaled(MEBIBYTES)
    with (folder / "large.bin").open("wb") as file:
        for _ in range(count):
            file.write(os.urandom(1 << 20))
    return f"one of {count / 1000:.1f} GiB"


def _copy(rclone: str, server: Running, folder: Path) -> None:
    """As many at once as a synchronisation has."""
    source = f":s3,provider=Rclone,endpoint='{server.endpoint}':{BUCKET}"
    environment = {"AWS_ACCESS_KEY_ID": server.key, "AWS_SECRET_ACCESS_KEY": server.secret}
    command = [rclone, "copy", "--config", "", "--s3-env-auth", "--transfers", "16", "--checkers", "16"]
    subprocess.run([*command, source, folder / "copy"], check=True, env={**os.environ, **environment})
    os.sync()


@contextlib.contextmanager
def _hub(folder: Path, server: Running) -> Iterator[tuple[Place, str]]:
    """A hub's store with a dataset of the bucket."""
    folder.mkdir()
    url, keys = f"sqlite:///{folder / 'hub.sqlite'}", folder / "keys"
    database, dataset = Database(url), new_id()
    models.metadata.create_all(database.engine)
    sealed = Keyring(KeyFile(keys)).seal(server.secret.encode(), about("dataset_sources", dataset, "secret_access_key"))
    source = SourceRow(
        id=dataset, bucket=BUCKET, prefix="", endpoint_url=server.endpoint, region=None, access_key_id=server.key,
        secret_access_key=sealed,
    )  # fmt: skip
    with database.write() as session:
        session.add(DatasetRow(id=dataset, name="data", type="s3", owner="ada", created=dt.datetime.now(dt.UTC)))
        session.flush()
        session.add(source)
    database.dispose()
    yield Place(data_dir=str(folder), db_url=url, key_file=str(keys)), dataset


def _synchronise(place_: Place, dataset: str) -> None:
    """What the process of a synchronisation does, but for its start.

    Raises:
        RuntimeError: it failed.
    """
    with opened(place_) as hub:
        with hub.database.write() as session:
            syncs.request(session, dataset, dt.datetime.now(dt.UTC))
        synchronise(hub, dataset, secrets.token_hex(8))
        with hub.database.read() as session:
            row = session.get_one(SourceRow, dataset)
        if row.state != "ready":
            raise RuntimeError(row.message)
