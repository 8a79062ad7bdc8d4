"""Finding rows the way people name them, page by page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import InstrumentedAttribute, Session

from jupyter_dotscience.api.problems import BadRequest

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PREFIX = re.compile(r"[0-9a-f-]{1,36}")
# The first character after all that occur in ids, so that "starts with" is a range of the index.
_AFTER = "g"
Row = TypeVar("Row")
Column = InstrumentedAttribute[str]


def is_id(text: str) -> bool:
    """Whether ``text`` is a whole id."""
    return _ID.fullmatch(text) is not None


def starts_with(column: Column, prefix: str) -> ColumnElement[bool] | None:
    """The condition that an id starts with ``prefix``; None when no id does."""
    lowered = prefix.lower()
    if not _PREFIX.fullmatch(lowered):
        return None
    return (column >= lowered) & (column < lowered + _AFTER)


def by_ref(session: Session, query: Select[Row], ref: str, id_: Column, name: Column | None) -> Select[Row]:
    """Narrow ``query`` to what ``ref`` means: an id; else a name, where there is one; else the start of an id.

    Args:
        session: Where to look.
        query: The rows to choose from.
        ref: What a person typed.
        id_: The column of ids.
        name: The column of names, if the rows have one.

    Returns:
        A query of no row, of one, or of many when ``ref`` is ambiguous.
    """
    lowered = ref.lower()
    if is_id(lowered):
        return query.where(id_ == lowered)
    if name is not None and "\0" not in ref:
        named = query.where(name == ref)
        if session.scalar(named.limit(1)) is not None:
            return named
    prefix = starts_with(id_, ref)
    return query.where(prefix if prefix is not None else id_ == "")


def page(
    session: Session, query: Select[Row], id_: Column, limit: int, cursor: str | None
) -> tuple[Sequence[Row], str | None]:
    """Rows from the newest on, and the cursor of the next page.

    Args:
        session: Where to look.
        query: All rows, in no order.
        id_: The column of ids; their order is that of creation.
        limit: Rows of a page.
        cursor: Where the page before ended.

    Raises:
        BadRequest: The cursor is none of ours.
    """
    if cursor is not None:
        if not is_id(cursor):
            raise BadRequest("The cursor is none that this hub gave; leave it out to start from the first page.")
        query = query.where(id_ < cursor)
    rows: Any = session.scalars(query.order_by(id_.desc()).limit(limit + 1)).all()
    more = len(rows) > limit
    rows = rows[:limit]
    last: str | None = getattr(rows[-1], id_.key) if more else None
    return rows, last
