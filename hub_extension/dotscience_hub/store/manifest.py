"""Which objects of a bucket the hub has, and what they became."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from .base import Table
from .datasets import DatasetObjectRow

_AT_ONCE = 500
_FACTS = ("etag", "version_id", "size", "modified", "path", "blob", "sha256", "large", "present")


@dataclass(frozen=True, slots=True)
class Kept:
    """A version of an object whose content is durable.

    Attributes:
        blob: Binary id of the git blob; empty for a large object, whose pointer the commit makes.
        sha256: Binary SHA-256 of the content.
        modified: Nanoseconds since 1970, as the bucket says.
        present: Whether the newest version has it.
    """

    key: str
    etag: str
    version_id: str | None
    size: int
    modified: int
    path: str
    blob: bytes
    sha256: bytes
    large: bool
    present: bool = True


def load(session: Session, dataset: str) -> dict[str, Kept]:
    """All that is kept, by key."""
    row = DatasetObjectRow
    query = select(row.key, *(getattr(row, name) for name in _FACTS)).where(row.dataset_id == dataset)
    return {found[0]: Kept(*found) for found in session.execute(query)}


def keep(session: Session, dataset: str, found: Iterable[Kept]) -> None:
    """Note contents that are durable; the newest version of a key replaces the older."""
    rows = [_values(dataset, kept) for kept in found]
    if not rows:
        return
    # On the table and not the class: the ORM's part of an insert would cost as much as the database's.
    table = Table.metadata.tables[DatasetObjectRow.__tablename__]
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(table)
    replaced = {name: statement.excluded[name] for name in _FACTS}
    upsert = statement.on_conflict_do_update(index_elements=["dataset_id", "key"], set_=replaced)
    session.connection().execute(upsert, rows)


def mark(session: Session, dataset: str, paths: Mapping[str, str], gone: Sequence[str]) -> None:
    """Note what the newest version holds.

    Args:
        session: A transaction.
        dataset: The dataset.
        paths: Path by key, of those that are there again, or whose path changed.
        gone: Keys that the bucket has no more.
    """
    row = DatasetObjectRow
    for start in range(0, len(gone), _AT_ONCE):
        chosen = row.key.in_(gone[start : start + _AT_ONCE])
        session.execute(update(row).where(row.dataset_id == dataset, chosen).values(present=False))
    for key, path in paths.items():
        session.execute(update(row).where(row.dataset_id == dataset, row.key == key).values(path=path, present=True))


def forget(session: Session, dataset: str, keys: Sequence[str]) -> None:
    """Note no more that contents are kept."""
    row = DatasetObjectRow
    for start in range(0, len(keys), _AT_ONCE):
        chosen = row.key.in_(keys[start : start + _AT_ONCE])
        session.execute(delete(row).where(row.dataset_id == dataset, chosen))


def _values(dataset: str, kept: Kept) -> dict[str, Any]:
    return {"dataset_id": dataset, "key": kept.key, **{name: getattr(kept, name) for name in _FACTS}}
