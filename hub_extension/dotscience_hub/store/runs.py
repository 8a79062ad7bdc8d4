"""Runs and their recorded values: typed, indexed tables.

Names of parameters, summaries, labels and curves are interned per project (``run_keys``), so that the tables with many
rows hold two integers, a number and a text. A text is indexed by its first :data:`SHORT` characters: PostgreSQL refuses
index entries of a few kilobytes.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import (
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    UniqueConstraint,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from dotscience_hub.domain.runfilter import Column, Kind, to_number
from jupyter_dotscience.api.runs import RunReport

from .base import Table

SHORT = 100
_PREFIX = re.compile(r"[A-Za-z0-9._-]{1,100}")
# SQLite counts up only in a column that is INTEGER to the letter.
BigId = Integer().with_variant(postgresql.BIGINT(), "postgresql")


class RunRow(Table):
    """A run. ``pk`` grows in the order of recording."""

    __tablename__ = "runs"
    __table_args__ = (
        UniqueConstraint("project_id", "run_id"),
        Index("ix_runs_project_pk", "project_id", "pk"),
        Index("ix_runs_task_pk", "task_id", "pk"),
    )

    pk: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    run_id: Mapped[str]
    task_id: Mapped[str | None]
    authority: Mapped[str]
    status: Mapped[str]
    description: Mapped[str | None]
    error: Mapped[str | None]
    workload_file: Mapped[str | None]
    author: Mapped[str]
    created: Mapped[dt.datetime]
    started: Mapped[dt.datetime | None]
    ended: Mapped[dt.datetime | None]
    commit: Mapped[str | None]
    points_next: Mapped[int] = mapped_column(default=0)


class RunKeyRow(Table):
    """A name that runs of a project use, and how many runs have it."""

    __tablename__ = "run_keys"
    __table_args__ = (UniqueConstraint("project_id", "kind", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    kind: Mapped[int] = mapped_column(SmallInteger)
    name: Mapped[str]
    runs: Mapped[int] = mapped_column(default=0)


class RunValueRow(Table):
    """One recorded value."""

    __tablename__ = "run_values"
    __table_args__ = (
        Index("ix_run_values_number", "key_id", "number", "run_pk"),
        Index("ix_run_values_short", "key_id", "short", "run_pk"),
        {"sqlite_with_rowid": False},
    )

    run_pk: Mapped[int] = mapped_column(BigId, ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True)
    key_id: Mapped[int] = mapped_column(BigId, ForeignKey("run_keys.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[float | None]
    short: Mapped[str]
    text: Mapped[str | None] = mapped_column(doc="The whole text where it is longer than `short`.")


class RunFileRow(Table):
    """A file that a run read or wrote, with its version. Direction: 0 input, 1 output."""

    __tablename__ = "run_files"
    __table_args__ = (Index("ix_run_files_blob", "blob"), {"sqlite_with_rowid": False})

    run_pk: Mapped[int] = mapped_column(BigId, ForeignKey("runs.pk", ondelete="CASCADE"), primary_key=True)
    direction: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    seq: Mapped[int] = mapped_column(Integer, primary_key=True)
    path: Mapped[str]
    commit: Mapped[str | None]
    sha256: Mapped[str | None]
    blob: Mapped[str | None]
    dataset: Mapped[str | None] = mapped_column(doc="Id of the dataset that it is a file of; None: of the workspace.")


FileVersionOf = tuple[str | None, str | None, str | None]
"""(commit, sha256, blob) of a file that a run names; all None where the workspace does not have it."""

RunFile = tuple[str, FileVersionOf, str | None]
"""A file of a run: its path, its version, and the dataset that it is a file of."""


def upsert(session: Session) -> type[sqlite.Insert] | type[postgresql.Insert]:
    """The dialect's INSERT, which knows ON CONFLICT."""
    return sqlite.Insert if session.get_bind().dialect.name == "sqlite" else postgresql.Insert


def known_run_ids(session: Session, project: str, ids: Iterable[str]) -> dict[str, RunRow]:
    """Those of the runs that the project has, by id."""
    query = select(RunRow).where(RunRow.project_id == project, RunRow.run_id.in_(list(ids)))
    return {row.run_id: row for row in session.scalars(query)}


def find_run(session: Session, project: str, run: str) -> RunRow | None:
    """A run by its id."""
    return session.scalar(select(RunRow).where(RunRow.project_id == project, RunRow.run_id == run))


def runs_by_prefix(session: Session, project: str, prefix: str, limit: int) -> list[RunRow]:
    """Runs whose id starts with ``prefix``; none for what no id starts with, such as an empty text."""
    if not _PREFIX.fullmatch(prefix):
        return []
    escaped = prefix.replace("_", "\\_")
    query = select(RunRow).where(RunRow.project_id == project, RunRow.run_id.like(f"{escaped}%", escape="\\"))
    return list(session.scalars(query.limit(limit)))


def task_run_ids(session: Session, tasks: Sequence[str]) -> dict[str, list[str]]:
    """Ids of the runs of each task, oldest first."""
    found: dict[str, list[str]] = {task: [] for task in tasks}
    query = select(RunRow.task_id, RunRow.run_id).where(RunRow.task_id.in_(tasks)).order_by(RunRow.pk)
    for task, run in session.execute(query):
        if task is not None:
            found[task].append(run)
    return found


def key_ids(session: Session, project: str, wanted: Iterable[tuple[Kind, str]]) -> dict[tuple[Kind, str], int]:
    """Ids of interned names; names seen for the first time are added."""
    pairs = sorted(set(wanted))
    found = _look_up_keys(session, project, pairs)
    new = [pair for pair in pairs if pair not in found]
    if new:
        rows = [{"project_id": project, "kind": int(kind), "name": name, "runs": 0} for kind, name in new]
        session.execute(upsert(session)(RunKeyRow).on_conflict_do_nothing(), rows)
        found.update(_look_up_keys(session, project, new))
    return found


def _look_up_keys(session: Session, project: str, pairs: Sequence[tuple[Kind, str]]) -> dict[tuple[Kind, str], int]:
    names = sorted({name for _, name in pairs})
    found: dict[tuple[Kind, str], int] = {}
    for start in range(0, len(names), 500):
        query = select(RunKeyRow.kind, RunKeyRow.name, RunKeyRow.id).where(
            RunKeyRow.project_id == project, RunKeyRow.name.in_(names[start : start + 500])
        )
        found.update({(Kind(kind), name): pk for kind, name, pk in session.execute(query)})
    return {pair: found[pair] for pair in pairs if pair in found}


def values_of(report: RunReport) -> list[tuple[Kind, str, str]]:
    """All recorded values of a report as (kind, name, text)."""
    kinds = ((Kind.PARAMETERS, report.parameters), (Kind.SUMMARY, report.summary), (Kind.LABELS, report.labels))
    return [(kind, _clean(name), _clean(text)) for kind, values in kinds for name, text in values.items()]


def _clean(text: str) -> str:
    """PostgreSQL's text cannot hold NUL."""
    return text.replace("\0", "\ufffd")


def insert_values(session: Session, project: str, reports: Sequence[tuple[int, RunReport]]) -> None:
    """Store the values of runs (by primary key) and count them."""
    values = [(pk, *value) for pk, report in reports for value in values_of(report)]
    keys = key_ids(session, project, {(kind, name) for _, kind, name, _ in values})
    # Two names that differ only in a NUL would collide; the last one counts.
    rows = {(pk, keys[kind, name]): text for pk, kind, name, text in values}
    if not rows:
        return
    connection = session.connection()  # the ORM would double what a short run costs
    connection.execute(insert(RunValueRow), [_value_row(pk, key, text) for (pk, key), text in rows.items()])
    grow = update(RunKeyRow).where(RunKeyRow.id == bindparam("key")).values(runs=RunKeyRow.runs + bindparam("more"))
    # In the order of ids, so that two writers never wait for each other in a circle.
    counts = sorted(Counter(key for _, key in rows).items())
    connection.execute(grow, [{"key": key, "more": count} for key, count in counts])


def _value_row(pk: int, key: int, text: str) -> dict[str, object]:
    whole = text if len(text) > SHORT else None
    return {"run_pk": pk, "key_id": key, "number": to_number(text), "short": text[:SHORT], "text": whole}


def insert_files(session: Session, pk: int, direction: int, files: Sequence[RunFile]) -> None:
    """Store the files a run read (0) or wrote (1)."""
    if files:
        rows = [
            {
                "run_pk": pk,
                "direction": direction,
                "seq": seq,
                "path": path,
                "commit": c,
                "sha256": s,
                "blob": b,
                "dataset": dataset,
            }
            for seq, (path, (c, s, b), dataset) in enumerate(files)
        ]
        session.execute(insert(RunFileRow), rows)


def files_of(session: Session, pk: int) -> list[RunFileRow]:
    """Files of a run, inputs first."""
    order = (RunFileRow.direction, RunFileRow.seq)
    return list(session.scalars(select(RunFileRow).where(RunFileRow.run_pk == pk).order_by(*order)))


def values_by_run(session: Session, pks: Sequence[int]) -> dict[int, dict[Kind, dict[str, str]]]:
    """All values of some runs, by kind and name."""
    found: dict[int, dict[Kind, dict[str, str]]] = {pk: {kind: {} for kind in Kind} for pk in pks}
    query = (
        select(RunValueRow.run_pk, RunKeyRow.kind, RunKeyRow.name, func.coalesce(RunValueRow.text, RunValueRow.short))
        .join(RunKeyRow, RunKeyRow.id == RunValueRow.key_id)
        .where(RunValueRow.run_pk.in_(pks))
    )
    for pk, kind, name, text in session.execute(query):
        found[pk][Kind(kind)][name] = text
    return found


def column_values(session: Session, project: str, column: Column) -> Iterator[tuple[int, float | str]]:
    """(primary key, value) of all runs that have a column: numbers first, from the index alone, then texts."""
    key = session.scalar(
        select(RunKeyRow.id).where(
            RunKeyRow.project_id == project, RunKeyRow.kind == int(column.kind or 0), RunKeyRow.name == column.name
        )
    )
    if key is None:
        return
    whole = func.coalesce(RunValueRow.text, RunValueRow.short)
    of_key = RunValueRow.key_id == key
    numbers = select(RunValueRow.run_pk, RunValueRow.number).where(of_key, RunValueRow.number.is_not(None))
    texts = select(RunValueRow.run_pk, whole).where(of_key, RunValueRow.number.is_(None))
    connection = session.connection()  # 100,000 rows of the ORM cost three times as much
    for statement in (numbers, texts):
        yield from ((pk, value) for pk, value in connection.execute(statement))


def run_ids(session: Session, project: str) -> list[tuple[int, str]]:
    """(primary key, id) of all runs of a project, oldest first."""
    query = select(RunRow.pk, RunRow.run_id).where(RunRow.project_id == project).order_by(RunRow.pk)
    return [(pk, run_id) for pk, run_id in session.connection().execute(query)]


def summary_names(session: Session, project: str) -> list[tuple[str, int]]:
    """Names of summaries with the number of runs that have them, most used first."""
    query = (
        select(RunKeyRow.name, RunKeyRow.runs)
        .where(RunKeyRow.project_id == project, RunKeyRow.kind == int(Kind.SUMMARY), RunKeyRow.runs > 0)
        .order_by(RunKeyRow.runs.desc(), RunKeyRow.name)
    )
    return [(name, runs) for name, runs in session.execute(query)]
