"""Which columns hold sealed values, and their rotation to a new key.

A sealed column is declared with :func:`sealed_column`; its table has one text column ``id`` as primary key.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, LargeBinary, MetaData, Table, func, select, update
from sqlalchemy.orm import MappedColumn, Session, mapped_column

from .database import Database
from .keyring import KeyFile, Keyring, key_id, new_key

_MARK = "sealed"
# Any number: whoever seals takes turns with a rotation by it.
_LOCK = 0x646F7473656B
_AT_ONCE = 500


def sealed_column() -> MappedColumn[Any]:
    """A column of bytes from :meth:`Keyring.seal`, which a rotation renews."""
    return mapped_column(LargeBinary, info={_MARK: True})


def about(table: str, id_: str, column: str) -> str:
    """What a sealed value belongs to."""
    return f"{table}/{id_}/{column}"


def hold_keys(session: Session) -> None:
    """Have the key to seal with stay the first until this transaction ends.

    On SQLite one writer at a time does that; PostgreSQL needs a lock.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


@dataclass(frozen=True)
class Rotation:
    """What a rotation did.

    Attributes:
        resealed: Values that were encrypted anew.
        newest: Id of the key that all values are encrypted with now.
        removed: Keys that were taken out of the file, as nothing needs them any more.
    """

    resealed: int
    newest: str
    removed: int


def rotate_file(database: Database, file: KeyFile, metadata: MetaData) -> Rotation:
    """Make a new key, encrypt all values anew with it, then remove the older keys. A service may run meanwhile.

    After a crash at any point all values can be opened, and the next rotation finishes the work.

    Raises:
        KeyringError: A value cannot be opened; then nothing but the new key was added.
    """
    with file.rotating():
        older = list(file.read_or_make())
        newest = new_key()
        file.write([newest, *older])
        resealed = reseal(database, Keyring(file), metadata)
        file.write([newest])
    return Rotation(resealed, key_id(newest).hex(), len(older))


def reseal(database: Database, keyring: Keyring, metadata: MetaData) -> int:
    """Encrypt all values anew that are not encrypted with the first key; how many. All of them or none.

    Raises:
        KeyringError: One cannot be opened.
    """
    with database.write() as session:
        hold_keys(session)
        return sum(_reseal(session, keyring, table, column) for table, column in _sealed(metadata))


def _sealed(metadata: MetaData) -> list[tuple[Table, Column[Any]]]:
    return [(table, column) for table in metadata.sorted_tables for column in table.columns if column.info.get(_MARK)]


def _reseal(session: Session, keyring: Keyring, table: Table, column: Column[Any]) -> int:
    count, after = 0, ""
    while True:
        query = select(table.c.id, column).where(table.c.id > after).order_by(table.c.id).limit(_AT_ONCE)
        rows = session.execute(query).all()
        if not rows:
            return count
        for id_, sealed in rows:
            if sealed is not None and not keyring.is_current(sealed):
                text = about(table.name, id_, column.name)
                renewed = keyring.seal(keyring.open(sealed, text), text)
                session.execute(update(table).where(table.c.id == id_).values({column.name: renewed}))
                count += 1
        after = rows[-1][0]
