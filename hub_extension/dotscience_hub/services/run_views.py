"""Rows of runs as the answers of the API."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from dotscience_hub.domain.runfilter import Column, Condition, Kind
from dotscience_hub.store.runs import RunFileRow, RunRow, attribute_values, column_values
from jupyter_dotscience.api import runs as api

Values = Mapping[Kind, dict[str, str]]
Content = tuple[str, str]
"""Path and SHA-256 of a file."""
SIZED = 2000
"""So many files of a run are told with their sizes."""
CREATED = Column(None, "created")
"""When a run was recorded: a column that is neither a recorded value nor filtered by."""


def has_summary(name: str) -> Condition:
    """The condition that a run has this summary: every text contains the empty one."""
    return Condition(Column(Kind.SUMMARY, name), "~", "", None)


def table_row(row: RunRow, values: Values, comments: int = 0) -> api.RunRow:
    """A run as a row of a table."""
    return api.RunRow(
        id=row.run_id,
        status=api.RunStatus(row.status),
        authority=api.Authority(row.authority),
        description=row.description,
        author=row.author,
        created=row.created,
        task=row.task_id,
        parameters=values[Kind.PARAMETERS],
        summary=values[Kind.SUMMARY],
        labels=values[Kind.LABELS],
        comments=comments,
    )


def versions_in(files: Sequence[RunFileRow]) -> list[Content]:
    """The first of the files of the workspace, whose sizes are told."""
    found = ((file.path, file.sha256) for file in files if file.dataset is None)
    return [(path, sha256) for path, sha256 in itertools.islice(found, SIZED) if sha256 is not None]


def run(
    row: RunRow,
    values: Values,
    files: Sequence[RunFileRow],
    sizes: Mapping[Content, int],
    series: list[str],
    metadata: Mapping[str, str],
) -> api.Run:
    """A run with all details."""
    return api.Run(
        id=row.run_id,
        project=row.project_id,
        task=row.task_id,
        authority=api.Authority(row.authority),
        status=api.RunStatus(row.status),
        description=row.description,
        error=row.error,
        workload_file=row.workload_file,
        author=row.author,
        created=row.created,
        started=row.started,
        ended=row.ended,
        commit=row.commit,
        parameters=values[Kind.PARAMETERS],
        summary=values[Kind.SUMMARY],
        labels=values[Kind.LABELS],
        inputs=[_file(file, sizes) for file in files if file.direction == 0],
        outputs=[_file(file, sizes) for file in files if file.direction == 1],
        series=series,
        metadata=_metadata_of(row.run_id, metadata),
    )


def _file(row: RunFileRow, sizes: Mapping[Content, int]) -> api.RunFile:
    size = None if row.dataset is not None else sizes.get((row.path, row.sha256 or ""))
    return api.RunFile(
        path=row.path, commit=row.commit, sha256=row.sha256, blob=row.blob, dataset=row.dataset, size=size
    )


def _metadata_of(run_id: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """The commit's own keys and this run's, not those of its siblings."""
    own = f"run.{run_id}."
    return {key: value for key, value in metadata.items() if not key.startswith("run.") or key.startswith(own)}


def columns(
    session: Session, project: str, runs: Sequence[tuple[int, str]], wanted: Mapping[str, Column]
) -> api.Columns:
    """Values of some runs, given as (primary key, id), in their order."""
    place = {pk: index for index, (pk, _) in enumerate(runs)}
    found: dict[str, list[float | str | None]] = {}
    for name, column in wanted.items():
        values: list[float | str | None] = [None] * len(runs)
        for pk, value in _values(session, project, column):
            if pk in place:
                values[place[pk]] = _wire(value) if isinstance(value, float) else value
        found[name] = values
    return api.Columns(runs=[run_id for _, run_id in runs], columns=found)


def _values(session: Session, project: str, column: Column) -> Iterator[tuple[int, float | str | None]]:
    if column.kind is not None:
        yield from column_values(session, project, column)
        return
    for pk, value in attribute_values(session, project, column.name):
        yield pk, value.isoformat() if isinstance(value, dt.datetime) else value


def curves(points: Sequence[tuple[str, int, int, int, float | None]]) -> api.Points:
    """Points as one set of columns a curve."""
    found: dict[str, api.Curve] = {}
    for name, row, step, time, value in points:
        curve = found.setdefault(name, api.Curve(rows=[], steps=[], times=[], values=[]))
        curve.rows.append(row)
        curve.steps.append(step)
        curve.times.append(time)
        curve.values.append(_wire(value))
    return api.Points(curves=found)


def _wire(value: float | None) -> float | str:
    if value is None:
        return "NaN"
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")
