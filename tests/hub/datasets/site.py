"""A hub's parts on disk, a dataset of a bucket in them, and the service that keeps it up to date."""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotscience_hub.datasets.place import Hub, Place, opened
from dotscience_hub.datasets.syncs import Syncs
from dotscience_hub.store.database import Database
from dotscience_hub.store.datasets import DatasetRow, SourceRow
from dotscience_hub.store.keyring import KeyFile, Keyring
from dotscience_hub.store.sealing import about

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.paths import to_text
from tests.services.s3 import S3Server

THRESHOLD = 1 << 20
WAIT_SECONDS = 60.0


@dataclass
class Site:
    """One hub; several services may run on it."""

    folder: Path
    database: Database
    server: S3Server
    endpoint: str
    place: Place
    ended: list[str] = field(default_factory=list)

    @functools.cached_property
    def client(self) -> Any:
        """One that talks to the server itself, and not through a proxy."""
        return self.server.client()

    def fill(self, objects: Mapping[str, bytes]) -> None:
        """Put many objects into rclone's bucket at once, behind its back: it serves a folder."""
        for key, content in objects.items():
            assert self.server.folder is not None
            path = self.server.folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)

    def remove_bucket(self) -> None:
        """Remove rclone's bucket through the server: behind its back it would go on for a moment from its cache."""
        listed = self.client.list_objects_v2(Bucket=self.server.bucket).get("Contents", [])
        for found in listed:
            self.client.delete_object(Bucket=self.server.bucket, Key=found["Key"])
        self.client.delete_bucket(Bucket=self.server.bucket)

    def syncs(self, **options: Any) -> contextlib.AbstractContextManager[Syncs]:
        """A service's part in synchronisations, started, until the block ends."""
        return _running(Syncs(self.database, self.place, self.ended.append, **options))

    def dataset(self, *, bucket: str | None = None, prefix: str = "", secret: str | None = None) -> str:
        """A new dataset of the server's bucket; its id."""
        dataset, moment = new_id(), dt.datetime.now(dt.UTC)
        keyring = Keyring(KeyFile(Path(self.place.key_file)))
        sealed = keyring.seal(
            (secret or self.server.secret).encode(), about("dataset_sources", dataset, "secret_access_key")
        )
        row = DatasetRow(id=dataset, name="data", type="s3", owner="ada", created=moment)
        source = SourceRow(
            id=dataset, bucket=bucket or self.server.bucket, prefix=prefix, endpoint_url=self.endpoint, region=None,
            access_key_id=self.server.key, secret_access_key=sealed,
        )  # fmt: skip
        with self.database.write() as session:
            session.add(row)
            session.flush()
            session.add(source)
        return dataset

    def source(self, dataset: str) -> SourceRow:
        """How far it is."""
        with self.database.read() as session:
            row = session.get(SourceRow, dataset)
            assert row is not None
            return row

    def row(self, dataset: str) -> DatasetRow:
        """What is noted of its newest version."""
        with self.database.read() as session:
            row = session.get(DatasetRow, dataset)
            assert row is not None
            return row

    def synchronise(self, syncs: Syncs, dataset: str) -> SourceRow:
        """Have a round begin and end; what came of it."""
        asked = dt.datetime.now(dt.UTC)
        syncs.request(dataset)
        until(lambda: _is_over(self.source(dataset), asked))
        return self.source(dataset)

    def settle(self, syncs: Syncs, dataset: str) -> None:
        """Wait until no round runs or waits any more, and no process is left."""
        until(lambda: self.source(dataset).state in ("ready", "failed") and not syncs._children)

    def fsck(self, dataset: str) -> None:
        """Have git look at the whole repository."""
        with self.hub() as hub:
            folder = hub.commits.repositories.path(dataset)
        subprocess.run(["git", "--git-dir", folder, "fsck", "--strict", "--no-dangling"], check=True)

    def files(self, dataset: str, commit: str | None = None) -> dict[str, bytes]:
        """Contents of a version by path; of large files too."""
        with self.hub() as hub:
            repository = hub.commits.repositories.open(dataset)
            head = commit or repository.head()
            if head is None:
                return {}
            listed = hub.commits.listing
            found = {to_text(path): entry for path, entry in repository.reader().files(head)}
            known = listed.at(dataset, head, list(found))
            return {path: _content(hub, dataset, entry.oid, known[path][1]) for path, entry in found.items()}

    def history(self, dataset: str) -> list[str]:
        """First lines of the messages of all versions, newest first."""
        with self.hub() as hub:
            repository = hub.commits.repositories.open(dataset)
            messages, commit = [], repository.head()
            while commit is not None:
                found = repository.commit_object(commit)
                messages.append(found.message.splitlines()[0])
                commit = found.parents[0] if found.parents else None
            return messages

    def hub(self) -> contextlib.AbstractContextManager[Hub]:
        """Its parts, opened."""
        return opened(self.place)


def _content(hub: Hub, dataset: str, oid: bytes, sha256: str | None) -> bytes:
    if sha256 is not None and hub.objects.size(sha256) is not None:
        return b"".join(hub.objects.read(sha256))
    return hub.commits.repositories.open(dataset).reader().blob(oid)


@contextlib.contextmanager
def _running(syncs: Syncs) -> Iterator[Syncs]:
    syncs.start()
    try:
        yield syncs
    finally:
        syncs.close()


def _is_over(row: SourceRow, asked: dt.datetime) -> bool:
    return row.ended is not None and row.started is not None and row.started >= asked


def until(condition: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait for a condition."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.02)
