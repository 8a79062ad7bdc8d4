"""What people say about runs."""

from __future__ import annotations

from sqlalchemy.orm import Session

from dotscience_hub.store import comments as store
from dotscience_hub.store import paging
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database
from dotscience_hub.store.runs import RunRow
from jupyter_dotscience.api import comments as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, NotFound
from jupyter_dotscience.api.projects import Role

from .caller import Caller
from .finding import find_run


class Comments:
    """Serves the routes about comments. Whoever may read a project may say something about its runs."""

    def __init__(self, database: Database) -> None:
        """Args: where comments are."""
        self._database = database

    def list_comments(self, caller: Caller, *, project: str, run: str, query: api.CommentQuery) -> api.CommentList:
        """Comments on a run, oldest first."""
        with self._database.read() as session:
            rows = store.comments_of(find_run(session, project, run).pk).order_by(store.CommentRow.id)
            if query.cursor is not None:
                if not paging.is_id(query.cursor):
                    raise BadRequest("The cursor is none that this hub gave; leave it out to start with the oldest.")
                rows = rows.where(store.CommentRow.id > query.cursor)
            found = session.scalars(rows.limit(query.limit + 1)).all()
        items = [_view(run, row) for row in found[: query.limit]]
        return api.CommentList(items=items, next=items[-1].id if len(found) > query.limit else None)

    def add_comment(self, caller: Caller, *, project: str, run: str, body: api.CommentCreate) -> api.Comment:
        """Say something about a run.

        Raises:
            Conflict: It has as many comments as a run can have.
        """
        with self._database.write() as session:
            # Locked, so that comments of several people are counted, and have ids, in one order.
            found = find_run(session, project, run, lock=True)
            _check_room(session, found)
            row = store.CommentRow(
                id=new_id(), run_pk=found.pk, author=caller.name, created=now(), text=clean(body.text).strip()
            )
            session.add(row)
            session.flush()
            return _view(run, row)

    def delete_comment(self, caller: Caller, *, project: str, run: str, comment: str) -> None:
        """Remove a comment.

        Raises:
            NotFound: The run has no such comment.
            Forbidden: It is somebody else's, and the caller does not own the project.
        """
        with self._database.write() as session:
            pk = find_run(session, project, run).pk
            row = store.find_comment(session, pk, comment) if paging.is_id(comment) else None
            if row is None:
                raise NotFound("The run has no such comment (any more).")
            owns = caller.role is not None and caller.role.includes(Role.OWNER)
            if row.author != caller.name and not owns:
                raise Forbidden("Only who wrote a comment, or an owner of the project, may remove it.")
            session.delete(row)


def _check_room(session: Session, run: RunRow) -> None:
    if store.counts(session, [run.pk]).get(run.pk, 0) >= api.MAX_COMMENTS:
        raise Conflict(f"A run has {api.MAX_COMMENTS} comments at the most.", code="too_many_comments")


def _view(run: str, row: store.CommentRow) -> api.Comment:
    return api.Comment(id=row.id, run=run, author=row.author, created=row.created, text=row.text)
