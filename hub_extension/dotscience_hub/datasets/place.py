"""What a synchronisation's process needs of the hub. It comes over a pipe: a command line is everybody's to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from dotscience_hub.git.limits import Limits
from dotscience_hub.git.repositories import Repositories
from dotscience_hub.objects.base import ObjectStore
from dotscience_hub.objects.folder import FolderObjects
from dotscience_hub.objects.s3 import S3Objects, S3Settings
from dotscience_hub.services.commits import Commits
from dotscience_hub.store import datasets
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import GivenKeys, KeyFile, Keyring

from .bucket import PATIENCE_SECONDS
from .endpoint import READ_SECONDS


class ObjectsBucket(msgspec.Struct, frozen=True):
    """The bucket that the hub's own objects are in; see `objects.s3.S3Settings`."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    path_style: bool


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The hub, as its configuration says; sizes in bytes, times in seconds.

    Attributes:
        keys: Those that the configuration gives; none: they are in `key_file`.
        allowed: Servers that may be asked for buckets, see `endpoint.parse`.
        connections: Requests at once.
        patience: How long nothing may come from a bucket's server.
        read: How long one answer may stand still, see `answers`.
    """

    data_dir: str
    db_url: str
    key_file: str
    keys: tuple[bytes, ...] = ()
    objects: ObjectsBucket | None = None
    large_file_threshold: int = Limits.large_file_threshold
    quota: int | None = None
    allowed: tuple[str, ...] = ("*",)
    connections: int = 16
    patience: float = PATIENCE_SECONDS
    read: float = READ_SECONDS

    def __repr__(self) -> str:
        """Without keys and passwords."""
        return f"Place({self.data_dir!r})"


class Job(msgspec.Struct, frozen=True):
    """One synchronisation: of which dataset, and as whom."""

    place: Place
    dataset: str
    holder: str


@dataclass(frozen=True)
class Hub:
    """The opened parts of a hub."""

    place: Place
    database: Database
    commits: Commits
    objects: ObjectStore
    keyring: Keyring

    @property
    def staging(self) -> Path:
        """Where unfinished downloads of all datasets are."""
        return self.objects.temporary / "datasets"


@contextmanager
def opened(place: Place) -> Iterator[Hub]:
    """The hub's parts, until the block ends."""
    folder = Path(place.data_dir)
    database = Database(place.db_url, pool_size=4)
    limits = Limits(large_file_threshold=place.large_file_threshold)
    commits = Commits(database, Repositories(folder / "git", limits, _is_dataset(database)))
    keys = GivenKeys(place.keys) if place.keys else KeyFile(Path(place.key_file))
    objects = _objects(place)
    try:
        yield Hub(place, database, commits, objects, Keyring(keys))
    finally:
        commits.close()
        objects.close()
        database.dispose()


def _objects(place: Place) -> ObjectStore:
    folder, bucket = Path(place.data_dir), place.objects
    if bucket is None:
        return FolderObjects(folder / "objects")
    settings = S3Settings(bucket.bucket, bucket.prefix, bucket.endpoint, bucket.region, bucket.path_style)
    return S3Objects(settings, folder / "incoming")


def _is_dataset(database: Database) -> Callable[[str], bool]:
    def known(dataset: str) -> bool:
        with database.read() as session:
            return datasets.exists(session, dataset)

    return known
