"""What the processes that synchronise datasets are told of the configuration."""

from __future__ import annotations

from collections.abc import Callable

from dotscience_hub.datasets.place import ObjectsBucket, Place
from dotscience_hub.datasets.syncs import Syncs
from dotscience_hub.store.database import Database

from .settings import Settings


def make_syncs(settings: Settings, database: Database, ended: Callable[[str], None]) -> Syncs:
    """Synchronisations of datasets; `ended` is called after each with the dataset."""
    return Syncs(database, place_of(settings), ended, at_once=settings.dataset_syncs)


def place_of(settings: Settings) -> Place:
    """The hub, as a process beside the service has to open it."""
    s3, objects = settings.s3, None
    if s3 is not None:
        objects = ObjectsBucket(s3.bucket, s3.prefix, s3.endpoint, s3.region, s3.path_style)
    return Place(
        data_dir=str(settings.data_dir),
        db_url=settings.db_url,
        key_file=str(settings.data_dir / "secrets" / "encryption-keys"),
        keys=settings.secret_keys,
        objects=objects,
        large_file_threshold=settings.large_file_threshold,
        quota=settings.quota,
        allowed=settings.dataset_endpoints,
    )
