"""Runners, as their owners see them."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.names import pick_name
from dotscience_hub.queue.queue import Queue
from dotscience_hub.store import paging, tasks, tokens
from dotscience_hub.store import runners as store
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database
from jupyter_dotscience.api import runners as api
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import Forbidden, NotFound

from .access import NO_RUNNER
from .caller import Caller
from .runner_views import by_runner, online_by, runner_view

RECENT = 100


class Runners:
    """Serves the routes about runners."""

    def __init__(self, database: Database, queue: Queue) -> None:
        """Make the service.

        Args:
            database: Where runners are.
            queue: Takes back the tasks of a runner that is removed.
        """
        self._database = database
        self._queue = queue
        self._online = online_by(queue.terms)

    def list_runners(self, caller: Caller, *, query: api.RunnerQuery) -> api.RunnerList:
        """Runners of the caller, with the tasks they have now, and shared ones; by `ref` an admin finds any."""
        with self._database.read() as session:
            rows, following = _page(session, store.visible_runners(caller.name), query)
            if not rows and query.ref is not None and caller.admin:
                rows, following = _page(session, select(store.RunnerRow), query)
            held = by_runner(session.scalars(tasks.held_by([row.id for row in rows])).all())
            items = [self._listed(caller, row, held.get(row.id, ())) for row in rows]
            return api.RunnerList(items=items, next=following)

    def create_runner(self, caller: Caller, *, body: api.RunnerCreate) -> api.RunnerCreated:
        """Create a runner. Its token is in the answer, and nowhere else.

        Raises:
            Forbidden: Only an admin makes shared runners.
        """
        if body.shared and not caller.admin:
            raise Forbidden("Only an admin of the hub may create a shared runner; leave `shared` out.")
        token = tokens.new_runner_token()
        row = self._row(caller.name, body, tokens.store(token))
        with self._database.write() as session:
            session.add(row)
        return api.RunnerCreated(runner=self._view(row, (), ()), token=token)

    def get_runner(self, caller: Caller, *, runner: str) -> api.Runner:
        """A runner with the tasks it had last."""
        with self._database.read() as session:
            row = session.get(store.RunnerRow, runner)
            if row is None:
                raise NotFound(NO_RUNNER)
            held = session.scalars(tasks.held_by([runner])).all()
            return self._view(row, held, session.scalars(tasks.recent_of(runner, RECENT)).all())

    def delete_runner(self, caller: Caller, *, runner: str) -> None:
        """Remove a runner. Its token is worth nothing from now on, and its tasks go back to the queue."""
        with self._database.write() as session:
            row = session.get(store.RunnerRow, runner)
            if row is None:
                raise NotFound(NO_RUNNER)
            for task in session.scalars(tasks.left_by(runner).with_for_update()).all():
                self._queue.expiry.withdraw(session, task, f"The runner {row.name} was removed")
            store.delete_runner(session, runner)
        self._queue.presence.forget(runner)

    def _row(self, owner: str, body: api.RunnerCreate, token: tokens.StoredToken) -> store.RunnerRow:
        return store.RunnerRow(
            id=new_id(),
            name=body.name or pick_name(),
            description=clean(body.description),
            owner=owner,
            type=body.type.value,
            storage=body.storage,
            shared=body.shared,
            created=self._queue.clock(),
            own_labels=dict(body.labels),
            agent_labels={},
            version="",
            backend="",
            isolation="",
            token_prefix=token.prefix,
            token_salt=token.salt,
            token_hash=token.hash,
        )

    def _listed(self, caller: Caller, row: store.RunnerRow, held: Sequence[tasks.TaskRow]) -> api.Runner:
        """Without its tasks for who does not own it: they may be of projects that are not the caller's."""
        shown = held if caller.admin or row.owner == caller.name else ()
        online = self._online(row, self._queue.clock())
        return runner_view(row, online=online, running=len(held), tasks=shown)

    def _view(self, row: store.RunnerRow, held: Sequence[tasks.TaskRow], recent: Sequence[tasks.TaskRow]) -> api.Runner:
        online = self._online(row, self._queue.clock())
        return runner_view(row, online=online, running=len(held), tasks=recent or held)


def _page(
    session: Session, rows: store.RunnerSelect, query: api.RunnerQuery
) -> tuple[Sequence[store.RunnerRow], str | None]:
    columns = (store.RunnerRow.id, store.RunnerRow.name)
    if query.ref is not None:
        rows = paging.by_ref(session, rows, query.ref, *columns)
    return paging.page(session, rows, columns[0], query.limit, query.cursor)
