"""The declarative base of all tables."""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

import msgspec
from sqlalchemy import BigInteger, DateTime, Dialect, MetaData, Text
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

# Constraints need stable names: alembic's batch mode on SQLite finds them by name.
NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant, stored in UTC. SQLite keeps no zone, so it is put back when reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """To UTC; a naive value is a defect of the caller."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive datetime cannot be stored")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """With its zone."""
        return value if value is None or value.tzinfo else value.replace(tzinfo=dt.UTC)


T = TypeVar("T")


class Json(TypeDecorator[T]):
    """A value of a contract type, stored as its JSON text. Treat it as immutable: assign a new one to change it."""

    impl = Text
    cache_ok = True

    def __init__(self, kind: Any) -> None:
        """Hold values of ``kind``, any type that msgspec knows."""
        super().__init__()
        self.kind = kind

    def process_bind_param(self, value: T | None, dialect: Dialect) -> str | None:
        """To JSON, with the keys of dicts in order."""
        return None if value is None else msgspec.json.encode(value, order="deterministic").decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> T | None:
        """From JSON. What an older release stored lacks at most fields that have defaults."""
        if value is None:
            return None
        decoded: T = msgspec.json.decode(value, type=self.kind)
        return decoded


# Byte order on both databases: prefixes of ids are ranges, and a page's cursor means the same whatever the locale.
BinaryText = Text().with_variant(Text(collation="C"), "postgresql")


class Table(DeclarativeBase):
    """Base class of every row."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: dict[Any, Any] = {dt.datetime: UtcDateTime, int: BigInteger, str: BinaryText}  # noqa: RUF012


def clean(text: str) -> str:
    """Text that a machine sent, as it can be stored: PostgreSQL has no NUL in its texts."""
    return text.replace("\0", "\ufffd")
