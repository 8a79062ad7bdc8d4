"""Rows of runs as the answers of the API."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from dotscience_hub.domain.runfilter import Column, Condition, Kind
from dotscience_hub.store.runs import RunFileRow, RunRow, column_values, run_ids
from jupyter_dotscience.api import runs as api

Values = Mapping[Kind, dict[str, str]]


def has_summary(name: str) -> Condition:
    """The condition that a run has this summary: every text contains the empty one."""
    return Condition(Column(Kind.SUMMARY, name), "~", "", None)


def table_row(row: RunRow, values: Values) -> api.RunRow:
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
    )


def run(
    row: RunRow, values: Values, files: Sequence[RunFileRow], series: list[str], metadata: Mapping[str, str]
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
        inputs=[_file(file) for file in files if file.direction == 0],
        outputs=[_file(file) for file in files if file.direction == 1],
        series=series,
        metadata=_metadata_of(row.run_id, metadata),
    )


def _file(row: RunFileRow) -> api.RunFile:
    return api.RunFile(path=row.path, commit=row.commit, sha256=row.sha256, blob=row.blob, dataset=row.dataset)


def _metadata_of(run_id: str, metadata: Mapping[str, str]) -> dict[str, str]:
    """The commit's own keys and this run's, not those of its siblings."""
    own = f"run.{run_id}."
    return {key: value for key, value in metadata.items() if not key.startswith("run.") or key.startswith(own)}


def columns(session: Session, project: str, wanted: Mapping[str, Column]) -> api.Columns:
    """Values by run, oldest run first."""
    runs = run_ids(session, project)
    place = {pk: index for index, (pk, _) in enumerate(runs)}
    found: dict[str, list[float | str | None]] = {}
    for name, column in wanted.items():
        values: list[float | str | None] = [None] * len(runs)
        for pk, value in column_values(session, project, column):
            if pk in place:
                values[place[pk]] = _wire(value) if isinstance(value, float) else value
        found[name] = values
    return api.Columns(runs=[run_id for _, run_id in runs], columns=found)


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
