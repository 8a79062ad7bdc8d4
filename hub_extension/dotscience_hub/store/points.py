"""Points of live curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Double, ForeignKey, bindparam, select, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, Session, mapped_column

from dotscience_hub.domain.runfilter import Kind
from jupyter_dotscience.api.runs import PointRow

from .base import Table
from .runs import BigId, RunKeyRow, key_ids

_SPECIAL = {"NaN": float("nan"), "Infinity": float("inf"), "-Infinity": float("-inf")}


class RunPointRow(Table):
    """One value of one curve. ``row`` is the index of the log call within the run."""

    __tablename__ = "run_points"
    __table_args__ = ({"sqlite_with_rowid": False},)

    run_pk: Mapped[int] = mapped_column(BigId, ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[int] = mapped_column(BigId, ForeignKey("run_keys.id", ondelete="CASCADE"), primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    step: Mapped[int]
    time: Mapped[int]
    value: Mapped[float | None]
    """NULL is NaN, which SQLite cannot store."""


_INSERT = "INSERT INTO run_points (run_pk, key_id, row, step, time, value) VALUES (?, ?, ?, ?, ?, ?)"


def insert_points(session: Session, project: str, pk: int, first: int, points: Sequence[PointRow]) -> None:
    """Store log calls number ``first`` and following of a run."""
    names = {name.replace("\0", "\ufffd") for point in points for name in point.values}
    keys = key_ids(session, project, {(Kind.SERIES, name) for name in names})
    rows = {
        (keys[Kind.SERIES, name.replace("\0", "\ufffd")], row): (point.step, point.time, _stored(value))
        for row, point in enumerate(points, first)
        for name, value in point.values.items()
    }
    if not rows:
        return
    found = [(key, row, *rest) for (key, row), rest in rows.items()]
    if session.get_bind().dialect.name == "postgresql":
        _insert_arrays(session, pk, found)
    else:
        # Not by way of SQLAlchemy's parameters, which cost more than the rows themselves.
        session.connection().exec_driver_sql(_INSERT, [(pk, *values) for values in found])


def _insert_arrays(session: Session, pk: int, rows: Sequence[tuple[Any, ...]]) -> None:
    """One statement with five arrays: several times faster on PostgreSQL than a statement a row."""
    statement = text(
        "INSERT INTO run_points (run_pk, key_id, row, step, time, value) "
        "SELECT :pk, a.* FROM unnest(:keys, :rows, :steps, :times, :vals) AS a"
    ).bindparams(
        *(bindparam(name, type_=ARRAY(BigInteger)) for name in ("keys", "rows", "steps", "times")),
        bindparam("vals", type_=ARRAY(Double)),
    )
    keys, numbers, steps, times, values = (list(column) for column in zip(*rows, strict=True))
    session.execute(
        statement, {"pk": pk, "keys": keys, "rows": numbers, "steps": steps, "times": times, "vals": values}
    )


def _stored(value: float | str) -> float | None:
    number = _SPECIAL[value] if isinstance(value, str) else value
    return None if number != number else number  # noqa: PLR0124 - NaN


def series_of(session: Session, project: str, pk: int) -> list[str]:
    """Names of a run's curves. Asked name by name: counting distinct names over all points of a run is far slower."""
    has_points = select(RunPointRow.key_id).where(RunPointRow.run_pk == pk, RunPointRow.key_id == RunKeyRow.id).exists()
    query = select(RunKeyRow.name).where(
        RunKeyRow.project_id == project, RunKeyRow.kind == int(Kind.SERIES), has_points
    )
    return list(session.scalars(query.order_by(RunKeyRow.name)))


def read_points(
    session: Session, pk: int, *, series: str | None, after: int, limit: int
) -> list[tuple[str, int, int, int, float | None]]:
    """(series, row, step, time, value) of a run, by row."""
    query = (
        select(RunKeyRow.name, RunPointRow.row, RunPointRow.step, RunPointRow.time, RunPointRow.value)
        .join(RunKeyRow, RunKeyRow.id == RunPointRow.key_id)
        .where(RunPointRow.run_pk == pk, RunPointRow.row > after)
        .order_by(RunPointRow.row, RunKeyRow.name)
        .limit(limit)
    )
    if series is not None:
        query = query.where(RunKeyRow.name == series)
    return [tuple(row) for row in session.execute(query)]  # type: ignore[misc]
