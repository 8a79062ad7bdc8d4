"""Runs: recorded from tasks and by clients, searched, and followed live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import update
from sqlalchemy.orm import Session

from dotscience_hub.domain.runfilter import parse_column, parse_filter, parse_sort
from dotscience_hub.store import points as point_store
from dotscience_hub.store import runs as store
from dotscience_hub.store.comments import counts
from dotscience_hub.store.database import Database
from dotscience_hub.store.run_search import RunSearch, decode_cursor, encode_cursor
from dotscience_hub.store.versions import sizes_of
from jupyter_dotscience.api import runs as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.datasets import TaskDataset, mount_of
from jupyter_dotscience.api.problems import TooEarly
from jupyter_dotscience.api.protocol import TaskPoints

from . import run_views as views
from .caller import Caller
from .finding import find_run
from .logs import LeaseCheck
from .run_metadata import metadata_of

COLUMN_NAMES = 10_000
"""So many names of columns are told at the most."""

Files = Mapping[str, store.FileVersionOf]
"""Versions of files by path."""


class Runs:
    """Serves the routes about runs; the agents' service records a task's runs through it."""

    def __init__(
        self,
        database: Database,
        check_lease: LeaseCheck,
        project_of_task: Callable[[str], tuple[str, str]],
        commit_metadata: Callable[[str, str], Mapping[str, str]],
    ) -> None:
        """Make the service.

        Args:
            database: Where runs are.
            check_lease: Guards against runners that lost their lease.
            project_of_task: Answers (project id, creator) of a task.
            commit_metadata: Answers the run metadata of (project id, commit).
        """
        self._database = database
        self._check_lease = check_lease
        self._project_of_task = project_of_task
        self._commit_metadata = commit_metadata

    def list_runs(self, caller: Caller, *, project: str, query: api.RunQuery) -> api.RunList:
        """A page of runs."""
        conditions, sort = parse_filter(query.filter), parse_sort(query.sort)
        if query.summary is not None:
            conditions.append(views.has_summary(query.summary))
        cursor = decode_cursor(query.cursor) if query.cursor else None
        with self._database.read() as session:
            if query.ref is not None:
                rows = store.runs_by_prefix(session, project, query.ref, query.limit)
                behind = None
            else:
                rows, behind = RunSearch(session, project, conditions, sort).page(query.limit, cursor)
            pks = [row.pk for row in rows]
            values, said = store.values_by_run(session, pks), counts(session, pks)
        items = [views.table_row(row, values[row.pk], said.get(row.pk, 0)) for row in rows]
        return api.RunList(items=items, next=encode_cursor(behind) if behind else None)

    def record_runs(self, caller: Caller, *, project: str, body: api.RunsRecord) -> api.RunsRecorded:
        """Record runs that no task made."""
        with self._database.write() as session:
            recorder = _Recorder(session, project, task=None, author=caller.name, commit=None)
            return api.RunsRecorded(recorded=recorder.record(body.runs, {}, {}))

    def record_task_runs(
        self,
        session: Session,
        *,
        project: str,
        task: str | None,
        author: str,
        runs: Sequence[api.RunReport],
        commit: str | None,
        inputs: Files,
        outputs: Files,
        mounts: Sequence[TaskDataset] = (),
    ) -> int:
        """Record the runs of a task within the transaction that ends it (or records a version in between).

        Args:
            session: The transaction.
            project: Id of the project.
            task: Id of the task; None for runs of a JupyterLab that no hub started.
            author: Who created the task.
            runs: What the library and the runner reported.
            commit: The version that holds their outputs.
            inputs: Versions of files at the task's start.
            outputs: Versions of files at ``commit``.
            mounts: The datasets that the task saw: what was read below one is its file.

        Returns:
            How many were new, or were live before.
        """
        return _Recorder(session, project, task, author, commit, mounts).record(runs, inputs, outputs)

    def fail_open_runs(self, session: Session, tasks: Sequence[str], error: str) -> None:
        """Mark the live runs of tasks that ended without publishing them."""
        open_runs = (store.RunRow.task_id.in_(tasks), store.RunRow.status == api.RunStatus.RUNNING.value)
        values = {"status": api.RunStatus.FAILED.value, "error": error, "ended": now()}
        session.execute(update(store.RunRow).where(*open_runs).values(values))

    def get_run_columns(self, caller: Caller, *, project: str, query: api.ColumnsQuery) -> api.Columns:
        """Whole columns over all runs."""
        columns = {name: views.CREATED if name == "created" else parse_column(name) for name in query.columns}
        conditions = parse_filter(query.filter)
        with self._database.read() as session:
            runs = RunSearch(session, project, conditions, parse_sort("created")).ids()
            return views.columns(session, project, runs, columns)

    def list_columns(self, caller: Caller, *, project: str) -> api.ColumnNames:
        """Names of all parameters, summaries and labels, most used first."""
        with self._database.read() as session:
            found = store.column_names(session, project, COLUMN_NAMES)
        items = [api.ColumnName(kind=api.ValueKind[kind.name], name=name, runs=runs) for kind, name, runs in found]
        return api.ColumnNames(items=items)

    def list_summaries(self, caller: Caller, *, project: str) -> api.SummaryNames:
        """Names of summaries, most used first."""
        with self._database.read() as session:
            found = store.summary_names(session, project)
        return api.SummaryNames(items=[api.SummaryName(name=name, runs=runs) for name, runs in found])

    def get_run(self, caller: Caller, *, project: str, run: str) -> api.Run:
        """A run with all details."""
        with self._database.read() as session:
            row = find_run(session, project, run)
            values = store.values_by_run(session, [row.pk])[row.pk]
            files, series = store.files_of(session, row.pk), point_store.series_of(session, project, row.pk)
            sizes = sizes_of(session, project, views.versions_in(files))
        committed = self._commit_metadata(project, row.commit) if row.commit else {}  # reads git: in no transaction
        with self._database.read() as session:
            return views.run(row, values, files, sizes, series, metadata_of(session, row, committed))

    def append_points(self, caller: Caller, *, project: str, run: str, body: api.PointsAppend) -> api.PointsAck:
        """Add live points to a run that a client recorded."""
        with self._database.write() as session:
            return _append(session, find_run(session, project, run, lock=True), body.first, body.points)

    def append_task_points(self, caller: Caller, *, task: str, body: TaskPoints) -> api.PointsAck:
        """Add live points to a run of a task; the first ones make the run known."""
        self._check_lease(caller.name, task, body.fence)
        project, author = self._project_of_task(task)
        with self._database.write() as session:
            row = store.find_run(session, project, body.run)
            if row is None:
                live = api.RunReport(
                    id=body.run,
                    status=api.RunStatus.RUNNING,
                    started=body.started,
                    workload_file=body.workload_file,
                )
                _Recorder(session, project, task, author, None).record([live], {}, {})
            row = find_run(session, project, body.run, lock=True)
            if row.task_id != task:
                return api.PointsAck(next=body.first + len(body.points))  # another task's run, replayed: seen before
            return _append(session, row, body.first, body.points)

    def get_points(self, caller: Caller, *, project: str, run: str, query: api.PointsQuery) -> api.Points:
        """Live curves of a run."""
        with self._database.read() as session:
            row = find_run(session, project, run)
            found = point_store.read_points(session, row.pk, series=query.series, after=query.after, limit=query.limit)
        return views.curves(found)


def _append(session: Session, row: store.RunRow, first: int, points: Sequence[api.PointRow]) -> api.PointsAck:
    if first > row.points_next:
        message = f"Point {first} came before point {row.points_next}."
        raise TooEarly(message, detail={"next": row.points_next})
    fresh = points[row.points_next - first :]
    point_store.insert_points(session, row.project_id, row.pk, row.points_next, fresh)
    row.points_next += len(fresh)
    return api.PointsAck(next=row.points_next)


class _Recorder:
    """Writes runs of one project within one transaction."""

    def __init__(
        self,
        session: Session,
        project: str,
        task: str | None,
        author: str,
        commit: str | None,
        mounts: Sequence[TaskDataset] = (),
    ) -> None:
        self._mounts = mounts
        self._session = session
        self._project = project
        self._task = task
        self._author = author
        self._commit = commit

    def record(self, reports: Sequence[api.RunReport], inputs: Files, outputs: Files) -> int:
        """Record those that are new, and complete those that were live; a run seen before stays as it is."""
        unique = {report.id: report for report in reports}
        known = store.known_run_ids(self._session, self._project, unique)
        rows = []
        for report in unique.values():
            row = known.get(report.id)
            if row is None:
                rows.append((self._new(report), report))
            elif self._is_open(row):
                rows.append((self._complete(row, report), report))
        self._session.flush()
        store.insert_values(self._session, self._project, [(row.pk, report) for row, report in rows])
        for row, report in rows:
            store.insert_files(self._session, row.pk, 0, _versions(report.inputs, inputs, mounts=self._mounts))
            store.insert_files(self._session, row.pk, 1, _versions(report.outputs, outputs, self._commit))
        return len(rows)

    def _is_open(self, row: store.RunRow) -> bool:
        return row.task_id is not None and row.task_id == self._task and row.status == api.RunStatus.RUNNING.value

    def _new(self, report: api.RunReport) -> store.RunRow:
        row = store.RunRow(
            project_id=self._project,
            run_id=report.id,
            task_id=self._task,
            author=self._author,
            created=now(),
            points_next=0,
        )
        self._session.add(self._complete(row, report))
        return row

    def _complete(self, row: store.RunRow, report: api.RunReport) -> store.RunRow:
        row.authority, row.status = report.authority.value, report.status.value
        row.description, row.error = _clean(report.description), _clean(report.error)
        row.workload_file = _clean(report.workload_file) or row.workload_file
        row.started, row.ended = report.started or row.started, report.ended
        row.commit = self._commit
        return row


def _clean(text: str | None) -> str | None:
    """PostgreSQL's text cannot hold NUL."""
    return text if text is None else text.replace("\0", "\ufffd")


def _versions(
    paths: Sequence[str], versions: Files, commit: str | None = None, mounts: Sequence[TaskDataset] = ()
) -> list[store.RunFile]:
    """Each path with its version; an output that the workspace has is of the run's own commit."""
    found = []
    for path in paths:
        last, sha256, blob = versions.get(path, (None, None, None))
        mount = mount_of(path, mounts)
        version = (commit if commit and blob else last, sha256, blob)
        found.append((_clean(path) or "", version, None if mount is None else mount.dataset))
    return found
