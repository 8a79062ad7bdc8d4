"""Pages of runs: filtered, sorted by any recorded value, from indices alone.

A sort by a value goes in three phases, each of which an index serves in order: runs whose value is a number, runs whose
value is text, runs that have none. A page's cursor is where the last one stopped: phase, value, primary key.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session, aliased

from dotscience_hub.domain.runfilter import Column, Condition, Kind, Sort
from jupyter_dotscience.api.problems import BadRequest

from .runs import SHORT, RunKeyRow, RunRow, RunValueRow

FEW = 2000


class Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """Where a page ended."""

    phase: int
    value: float | str | None
    pk: int


def encode_cursor(cursor: Cursor) -> str:
    """As text for the caller, who hands it back unchanged."""
    return base64.urlsafe_b64encode(msgspec.json.encode(cursor)).decode()


def decode_cursor(text: str) -> Cursor:
    """The inverse.

    Raises:
        BadRequest: it is not one of ours.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(text), type=Cursor)
    except (msgspec.DecodeError, binascii.Error, ValueError):
        raise BadRequest("The cursor is not one that this hub gave.", code="bad_cursor") from None


class RunSearch:
    """One question about the runs of a project."""

    def __init__(self, session: Session, project: str, conditions: Sequence[Condition], sort: Sort) -> None:
        """Ask within ``session``."""
        self._session = session
        self._project = project
        self._sort = sort
        self._keys = self._key_ids(conditions)
        self._where = [self._clause(condition) for condition in conditions]
        self._narrow = self._few(conditions)

    def page(self, limit: int, cursor: Cursor | None) -> tuple[list[RunRow], Cursor | None]:
        """Up to ``limit`` runs after ``cursor``, and where to go on."""
        found: list[tuple[RunRow, Cursor]] = []
        phase = cursor.phase if cursor else 0
        while phase < 3 and len(found) <= limit:
            start = cursor if cursor is not None and cursor.phase == phase else None
            found += self._phase(phase, start, limit + 1 - len(found))
            phase += 1
        rows = [row for row, _ in found[:limit]]
        return rows, found[limit - 1][1] if len(found) > limit else None

    def ids(self) -> list[tuple[int, str]]:
        """(primary key, id) of all the runs that the conditions leave, oldest first."""
        query = self._base().with_only_columns(RunRow.pk, RunRow.run_id).order_by(RunRow.pk)
        return [(pk, run_id) for pk, run_id in self._session.connection().execute(query)]

    def _phase(self, phase: int, start: Cursor | None, limit: int) -> list[tuple[RunRow, Cursor]]:
        if self._sort.column is None:
            return self._by_time(start, limit) if phase == 0 else []
        key = self._keys.get(self._sort.column)
        if phase == 2:
            return self._without_value(key, start, limit)
        return [] if key is None else self._by_value(key, phase, start, limit)

    def _base(self) -> Select[Any]:
        query = select(RunRow).where(RunRow.project_id == self._project, *self._where)
        return query if self._narrow is None else query.where(RunRow.pk.in_(self._narrow))

    def _few(self, conditions: Sequence[Condition]) -> list[int] | None:
        """Runs that the narrowest condition leaves, when they are few.

        The planner knows nothing of the distribution of values: asked for the best of few, it would walk the whole
        order and probe each run. A bounded look into the condition's own index costs a millisecond or two.
        """
        narrowest: list[int] | None = None
        for condition in conditions:
            key = self._keys.get(condition.column)
            if key is None or condition.operator in ("!=", "~"):
                continue
            query = select(RunValueRow.run_pk).where(RunValueRow.key_id == key, _compare(RunValueRow, condition))
            found = list(self._session.scalars(query.limit(FEW + 1)))
            if len(found) <= FEW and (narrowest is None or len(found) < len(narrowest)):
                narrowest = found
        return narrowest

    def _by_time(self, start: Cursor | None, limit: int, *, phase: int = 0) -> list[tuple[RunRow, Cursor]]:
        return self._in_order(self._base(), start, limit, phase, descending=self._sort.descending)

    def _without_value(self, key: int | None, start: Cursor | None, limit: int) -> list[tuple[RunRow, Cursor]]:
        query = self._base()
        if key is not None:
            query = query.where(~_has(key))
        return self._in_order(query, start, limit, 2, descending=True)

    def _in_order(
        self, query: Select[Any], start: Cursor | None, limit: int, phase: int, *, descending: bool
    ) -> list[tuple[RunRow, Cursor]]:
        if start is not None:
            query = query.where(RunRow.pk < start.pk if descending else RunRow.pk > start.pk)
        query = query.order_by(RunRow.pk.desc() if descending else RunRow.pk).limit(limit)
        return [(row, Cursor(phase, None, row.pk)) for row in self._session.scalars(query)]

    def _by_value(self, key: int, phase: int, start: Cursor | None, limit: int) -> list[tuple[RunRow, Cursor]]:
        value = RunValueRow.number if phase == 0 else RunValueRow.short
        query = self._base().add_columns(value).join(RunValueRow, RunValueRow.run_pk == RunRow.pk)
        query = query.where(RunValueRow.key_id == key)
        if self._narrow is not None:
            query = query.where(RunValueRow.run_pk.in_(self._narrow))
        query = query.where(RunValueRow.number.is_not(None) if phase == 0 else RunValueRow.number.is_(None))
        if start is not None:
            query = query.where(_behind(value, RunValueRow.run_pk, start, descending=self._sort.descending))
        order = (value.desc(), RunValueRow.run_pk.desc()) if self._sort.descending else (value, RunValueRow.run_pk)
        rows = self._session.execute(query.order_by(*order).limit(limit))
        return [(row, Cursor(phase, found, row.pk)) for row, found in rows]

    def _key_ids(self, conditions: Sequence[Condition]) -> dict[Column, int]:
        columns = {condition.column for condition in conditions}
        if self._sort.column is not None:
            columns.add(self._sort.column)
        wanted = [column for column in columns if column.kind is not None]
        query = select(RunKeyRow.kind, RunKeyRow.name, RunKeyRow.id).where(
            RunKeyRow.project_id == self._project, RunKeyRow.name.in_([column.name for column in wanted])
        )
        return {Column(Kind(kind), name): pk for kind, name, pk in self._session.execute(query)}

    def _clause(self, condition: Condition) -> ColumnElement[bool]:
        if condition.column.kind is None:
            attribute = {"task": "task_id"}.get(condition.column.name, condition.column.name)
            return _compare_text(getattr(RunRow, attribute), condition)
        key = self._keys.get(condition.column)
        if key is None:
            return RunRow.pk.is_(None)  # no run has the column: none matches
        value = aliased(RunValueRow)
        return exists().where(value.run_pk == RunRow.pk, value.key_id == key, _compare(value, condition))


def _has(key: int) -> ColumnElement[bool]:
    value = aliased(RunValueRow)
    return exists().where(value.run_pk == RunRow.pk, value.key_id == key)


def _behind(value: Any, pk: Any, start: Cursor, *, descending: bool) -> ColumnElement[bool]:
    if descending:
        return or_(value < start.value, and_(value == start.value, pk < start.pk))
    return or_(value > start.value, and_(value == start.value, pk > start.pk))


def _compare(value: Any, condition: Condition) -> ColumnElement[bool]:
    """A recorded value against the condition's: as numbers where both are, as text for ``=``, ``!=`` and ``~``."""
    operator, number = condition.operator, condition.number
    if operator == "~":
        return _contains(func.coalesce(value.text, value.short), condition.value)
    if number is not None and operator in ("=", "!="):
        same = or_(value.number == number, value.short == condition.value)
        return (
            same
            if operator == "="
            else and_(or_(value.number.is_(None), value.number != number), value.short != condition.value)
        )
    if number is not None:
        return _ordered(value.number, operator, number)
    if operator in ("=", "!="):
        same = and_(value.short == condition.value[:SHORT], func.coalesce(value.text, value.short) == condition.value)
        return same if operator == "=" else ~same
    return and_(value.number.is_(None), _ordered(value.short, operator, condition.value))


def _compare_text(column: Any, condition: Condition) -> ColumnElement[bool]:
    if condition.operator == "~":
        return _contains(column, condition.value)
    if condition.operator == "!=":
        return or_(column.is_(None), column != condition.value)
    return (
        column == condition.value
        if condition.operator == "="
        else _ordered(column, condition.operator, condition.value)
    )


def _ordered(column: Any, operator: str, value: float | str) -> ColumnElement[bool]:
    comparisons: dict[str, ColumnElement[bool]] = {
        "<": column < value,
        "<=": column <= value,
        ">": column > value,
        ">=": column >= value,
    }
    return comparisons[operator]


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    clause: ColumnElement[bool] = column.ilike(f"%{escaped}%", escape="\\")
    return clause
