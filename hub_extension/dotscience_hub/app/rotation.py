"""A new key for what the store keeps encrypted."""

from __future__ import annotations

from dotscience_hub.store import models
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import Keyring, key_id
from dotscience_hub.store.schema import upgrade
from dotscience_hub.store.sealing import Rotation, reseal, rotate_file

from .settings import Settings
from .wiring import key_file, key_source


def rotate_keys(settings: Settings) -> Rotation:
    """Encrypt all secrets anew: with a new key in the file, or with the first of the keys that the configuration gives.

    The service may run meanwhile, if it has the same first key.

    Raises:
        KeyringError: Something cannot be opened with the keys that are there.
        SchemaError: The database cannot be used by this release.
    """
    database = Database(settings.db_url)
    try:
        upgrade(database)
        if settings.secret_keys:
            resealed = reseal(database, Keyring(key_source(settings)), models.metadata)
            return Rotation(resealed, key_id(settings.secret_keys[0]).hex(), removed=0)
        return rotate_file(database, key_file(settings.data_dir), models.metadata)
    finally:
        database.dispose()
