"""Runs: recorded experiments, with parameters, summaries, labels, files and live points."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from ._base import Bytes, Id, Int64, Model, Nanoseconds, Path, Request, Sha1, Sha256, Time

RunId = Annotated[
    str,
    Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{0,99}$", description="Chosen by the library: a UUID."),
]
Key = Annotated[str, Meta(min_length=1, max_length=500)]
Values = Annotated[dict[Key, Annotated[str, Meta(max_length=1_048_576)]], Meta(max_length=20_000)]


class Authority(enum.StrEnum):
    """Who says that the run happened."""

    WORKLOAD = "workload"
    """The code itself, through the library."""
    DERIVED = "derived"
    CORRECTION = "correction"
    """The runner: files that changed and that no run claimed."""
    REMOTE = "remote"
    """A client outside any task."""


class RunStatus(enum.StrEnum):
    """Where a run is."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class RunReport(Request, frozen=True, kw_only=True):
    """What the library says of a run: the JSON inside a marker, or a live run that never published."""

    id: RunId
    authority: Authority = Authority.WORKLOAD
    status: RunStatus = RunStatus.SUCCEEDED
    description: Annotated[str, Meta(max_length=1_048_576)] | None = None
    error: Annotated[str, Meta(max_length=1_048_576)] | None = None
    workload_file: Annotated[str, Meta(max_length=12_285)] | None = None
    started: Time | None = None
    ended: Time | None = None
    parameters: Values = msgspec.field(default_factory=dict)
    summary: Values = msgspec.field(default_factory=dict)
    labels: Values = msgspec.field(default_factory=dict)
    inputs: Annotated[list[Path], Meta(max_length=200_000)] = msgspec.field(default_factory=list)
    outputs: Annotated[list[Path], Meta(max_length=200_000)] = msgspec.field(default_factory=list)


class RunsRecord(Request, frozen=True, kw_only=True):
    """Runs to record that no task of a runner made. Ids that the project already has are left as they are."""

    runs: Annotated[list[RunReport], Meta(min_length=1, max_length=1000)]


class RunsRecorded(Model, frozen=True, kw_only=True):
    """How many of them were new."""

    recorded: int


class RunFile(Model, frozen=True, kw_only=True):
    """A file a run read or wrote, with its exact version."""

    path: Path
    commit: Annotated[Sha1 | None, Meta(description="Input: the commit that last changed it. Output: the run's own.")]
    sha256: Sha256 | None
    blob: Sha1 | None
    dataset: Annotated[
        Id | None,
        Meta(description="The dataset that it is a file of: `commit` is the dataset's, `path` where the task saw it."),
    ] = None
    size: Annotated[Bytes | None, Meta(description="Null where it is not known, as of a dataset's file.")] = None


class Run(Model, frozen=True, kw_only=True):
    """A run with all details."""

    id: RunId
    project: Id
    task: Id | None
    authority: Authority
    status: RunStatus
    description: str | None
    error: str | None
    workload_file: str | None
    author: str
    created: Time
    started: Time | None
    ended: Time | None
    commit: Sha1 | None
    parameters: dict[str, str]
    summary: dict[str, str]
    labels: dict[str, str]
    inputs: list[RunFile]
    outputs: list[RunFile]
    series: Annotated[list[str], Meta(description="Names of its live curves.")]
    metadata: Annotated[dict[str, str], Meta(description="Run metadata format, version 1, of the commit and this run.")]


class RunRow(Model, frozen=True, kw_only=True):
    """A run as a row of a table."""

    id: RunId
    status: RunStatus
    authority: Authority
    description: str | None
    author: str
    created: Time
    task: Id | None
    parameters: dict[str, str]
    summary: dict[str, str]
    labels: dict[str, str]
    comments: Annotated[int, Meta(description="How many comments it has.")] = 0


class RunList(Model, frozen=True, kw_only=True):
    """A page of runs."""

    items: list[RunRow]
    next: str | None = None


class RunQuery(Request, frozen=True, kw_only=True):
    """Which runs, in which order.

    ``filter`` is a conjunction: ``COLUMN OP VALUE and COLUMN OP VALUE ...`` with COLUMN one of ``parameters.NAME``,
    ``summary.NAME``, ``labels.NAME``, ``status``, ``authority``, ``author``, ``task``; OP one of ``= != < <= > >= ~``
    (``~``: contains, in upper or lower case); VALUE a number or text, quoted with '' or "" where it holds spaces; names
    likewise after the dot. ``sort`` is a column or ``created``, with a ``-`` before it for descending.
    """

    summary: Annotated[str | None, Meta(description="Only runs that have this summary.")] = None
    filter: Annotated[str, Meta(max_length=10_000)] | None = None
    sort: Annotated[str, Meta(max_length=600)] = "-created"
    ref: Annotated[str | None, Meta(description="Only those with this id or unique prefix of one.")] = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 100
    cursor: str | None = None


class SummaryName(Model, frozen=True, kw_only=True):
    """A summary that runs of the project have."""

    name: str
    runs: Annotated[int, Meta(description="How many runs have it.")]


class SummaryNames(Model, frozen=True, kw_only=True):
    """Most used first."""

    items: list[SummaryName]


class ValueKind(enum.StrEnum):
    """What a recorded value is: the first word of its column's name."""

    PARAMETERS = "parameters"
    SUMMARY = "summary"
    LABELS = "labels"


class ColumnName(Model, frozen=True, kw_only=True):
    """A column that the table of runs can have."""

    kind: ValueKind
    name: str
    runs: Annotated[int, Meta(description="How many runs have it.")]


class ColumnNames(Model, frozen=True, kw_only=True):
    """Most used first; the 10,000 most used where there are more."""

    items: list[ColumnName]


class ColumnsQuery(Request, frozen=True, kw_only=True):
    """Whole columns over all runs, for charts."""

    columns: Annotated[
        list[Annotated[str, Meta(max_length=600)]],
        Meta(
            min_length=1,
            max_length=50,
            description="Such as summary.accuracy, status or created; repeat the parameter for more.",
        ),
    ]
    filter: (
        Annotated[str, Meta(max_length=10_000, description="As in the list of runs: only the runs it leaves.")] | None
    ) = None


class Columns(Model, frozen=True, kw_only=True):
    """Values by run, oldest run first; null where a run has none, text where a value is no number."""

    runs: list[str]
    columns: dict[str, list[float | str | None]]


SeriesName = Annotated[str, Meta(min_length=1, max_length=500)]
Value = float | Annotated[str, Meta(pattern=r"^(NaN|-?Infinity)$")]


class PointRow(Request, frozen=True, array_like=True):
    """``[step, time, {series: value}]``: one call of ``dotscience.log``. NaN and infinities travel as text."""

    step: Int64
    time: Nanoseconds
    values: Annotated[dict[SeriesName, Value], Meta(max_length=10_000)]


class PointsAppend(Request, frozen=True, kw_only=True):
    """Points of one run, in the order they were logged; ``first`` is the index of the first one within the run."""

    first: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    points: Annotated[list[PointRow], Meta(max_length=100_000)]


class PointsAck(Model, frozen=True, kw_only=True):
    """How many rows of the run the hub has; the next ``first``."""

    next: int


class PointsQuery(Request, frozen=True, kw_only=True):
    """Which points to read."""

    series: Annotated[str | None, Meta(description="Only this curve.")] = None
    after: Annotated[int, Meta(description="Only rows with a greater index.")] = -1
    limit: Annotated[int, Meta(ge=1, le=1_000_000)] = 1_000_000


class Curve(Model, frozen=True, kw_only=True):
    """One live curve as columns of equal length."""

    rows: list[int]
    steps: list[int]
    times: list[int]
    values: list[Value]


class Points(Model, frozen=True, kw_only=True):
    """Curves by name."""

    curves: dict[str, Curve]
