"""Which rows make which notices: whatever a transaction changes is told, and no service can forget to.

Rows tell when they are flushed. For an UPDATE or DELETE of rows that nobody loaded, which rows it means is asked before
it is executed. The processes that synchronise datasets tell nobody; `datasets.syncs` notices what they do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Set
from typing import Any

from sqlalchemy import Delete, Row, Update, event, inspect, select
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction

from jupyter_dotscience.api.changes import Notice, NoticeKind

from .audience import tell_gone
from .base import Table
from .comments import CommentRow
from .database import Database
from .datasets import DatasetRow, LinkRow, SourceRow
from .projects import CollaboratorRow, ProjectRow
from .runners import RunnerRow
from .runs import RunRow
from .samples import TaskSamplesRow
from .secrets import SecretRow
from .tasks import TaskRow
from .telling import KEY, Told, tell

Changed = Set[str] | None
"""Names of the columns that changed; None for a row that is new or gone."""


def _project(row: ProjectRow, _: Changed, __: Session) -> Iterator[Told]:
    yield Told(Notice(kind=NoticeKind.PROJECTS, project=row.id))


def _collaborator(row: CollaboratorRow, _: Changed, __: Session) -> Iterator[Told]:
    yield Told(Notice(kind=NoticeKind.PROJECTS, project=row.project_id))
    # For the person all lists may be different now.
    yield Told(Notice(kind=NoticeKind.EVERYTHING), people=frozenset((row.user_name,)))


def _task(row: TaskRow, changed: Changed, __: Session) -> Iterator[Told]:
    # A task's version grows with all that anybody is shown of it; leases change all the time.
    if changed is None or "version" in changed:
        yield Told(Notice(kind=NoticeKind.TASKS, project=row.project_id, task=row.id))
        if row.runner_id is not None:
            yield Told(Notice(kind=NoticeKind.RUNNERS, runner=row.runner_id))


def _run(row: RunRow, changed: Changed, __: Session) -> Iterator[Told]:
    if changed is None or changed != {"points_next"}:
        yield Told(Notice(kind=NoticeKind.RUNS, project=row.project_id, run=row.run_id))
    if changed is not None and "points_next" in changed:
        yield Told(Notice(kind=NoticeKind.POINTS, project=row.project_id, run=row.run_id))


def _runner(row: RunnerRow, _: Changed, __: Session) -> Iterator[Told]:
    yield Told(Notice(kind=NoticeKind.RUNNERS, runner=row.id))


def _dataset(row: DatasetRow | SourceRow, _: Changed, __: Session) -> Iterator[Told]:
    yield Told(Notice(kind=NoticeKind.DATASETS, dataset=row.id))


def _link(row: LinkRow, _: Changed, __: Session) -> Iterator[Told]:
    yield Told(Notice(kind=NoticeKind.PROJECTS, project=row.project_id))
    # People of the project see the dataset now, or not any more.
    yield Told(Notice(kind=NoticeKind.DATASETS, project=row.project_id))
    yield Told(Notice(kind=NoticeKind.DATASETS, dataset=row.dataset_id))


def _comment(row: CommentRow, _: Changed, session: Session) -> Iterator[Told]:
    run = session.get(RunRow, row.run_pk)
    if run is not None:
        yield Told(Notice(kind=NoticeKind.COMMENTS, project=run.project_id, run=run.run_id))


def _samples(row: TaskSamplesRow, _: Changed, session: Session) -> Iterator[Told]:
    task = session.get(TaskRow, row.task_id)
    if task is not None:
        yield Told(Notice(kind=NoticeKind.SAMPLES, project=task.project_id, task=task.id))


def _secret(row: SecretRow, _: Changed, __: Session) -> Iterator[Told]:
    people = frozenset((row.owner,)) if row.project_id is None else frozenset[str]()
    yield Told(Notice(kind=NoticeKind.SECRETS, project=row.project_id), people=people)


NOTICES: dict[type[Table], Callable[[Any, Changed, Session], Iterator[Told]]] = {
    ProjectRow: _project,
    CollaboratorRow: _collaborator,
    TaskRow: _task,
    RunRow: _run,
    RunnerRow: _runner,
    DatasetRow: _dataset,
    SourceRow: _dataset,
    LinkRow: _link,
    SecretRow: _secret,
    CommentRow: _comment,
    TaskSamplesRow: _samples,
}
"""What is told of each kind of row. A row that is not here is a part of one that is, or nothing that pages show."""


def connect(database: Database, changed: Callable[[Collection[Told]], None]) -> None:
    """Have a database's changes told, as `Database.changed` says."""
    database.changed = changed


_GONE = (ProjectRow, RunnerRow, DatasetRow)
"""When one is removed, nobody could say afterwards who saw it."""
_UNSEEN: dict[type[Table], Set[str]] = {RunnerRow: {"last_seen"}, TaskRow: {"lease_expires"}}
"""What changes all the time, and is not worth a word: that a runner comes and goes `queue.presence` tells."""
_FACTS = ("id", "owner", "project_id", "dataset_id", "user_name", "runner_id", "run_id", "run_pk", "task_id")
"""All that the functions above read of a row."""


@event.listens_for(Session, "before_flush")
def _before_flush(session: Session, _context: UOWTransaction, _instances: object) -> None:
    if KEY in session.info:
        with session.no_autoflush:
            for row in session.deleted:
                if type(row) in NOTICES:
                    _tell_removed(session, type(row), row)


@event.listens_for(Session, "after_flush")
def _after_flush(session: Session, _context: UOWTransaction) -> None:
    """Rows still know what they were before."""
    if KEY not in session.info:
        return
    for row in session.new:
        if type(row) in NOTICES:
            tell(session, *NOTICES[type(row)](row, None, session))
    for row in session.dirty:
        if type(row) in NOTICES:
            changed = _changed(row)
            if changed:
                tell(session, *NOTICES[type(row)](row, changed, session))


@event.listens_for(Session, "do_orm_execute")
def _before_statement(state: ORMExecuteState) -> None:
    statement, session = state.statement, state.session
    if KEY not in session.info or not isinstance(statement, Update | Delete):
        return
    kind = _kind(state)
    if kind is None:
        return
    if isinstance(statement, Delete):
        for row in _meant(session, kind, statement):
            _tell_removed(session, kind, row)
        return
    changed = frozenset(statement.compile().params) & frozenset(kind.__table__.columns.keys())
    if changed and not changed <= _UNSEEN.get(kind, frozenset()):
        for row in _meant(session, kind, statement):
            tell(session, *NOTICES[kind](row, changed, session))


def _kind(state: ORMExecuteState) -> type[Table] | None:
    found = None if state.bind_mapper is None else state.bind_mapper.class_
    return found if found in NOTICES else None


def _meant(session: Session, kind: type[Table], statement: Update | Delete) -> list[Row[Any]]:
    """Facts of the rows that a statement will change. By the connection: the session shall know nothing of them."""
    columns = [column for column in kind.__table__.columns if column.key in _FACTS]
    query = select(*columns)
    if statement.whereclause is not None:
        query = query.where(statement.whereclause)
    return list(session.connection().execute(query))


def _tell_removed(session: Session, kind: type[Table], row: Any) -> None:
    told = list(NOTICES[kind](row, None, session))
    if kind in _GONE:
        tell_gone(session, told)
    else:
        tell(session, *told)


def _changed(row: Table) -> frozenset[str]:
    state = inspect(row)
    # Only what was assigned to is looked at: of the many columns of a task that is one or two.
    return frozenset(name for name in state.committed_state if state.attrs[name].history.has_changes())
