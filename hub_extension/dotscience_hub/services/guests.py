"""Guests: collaborators who are let into somebody else's running JupyterLab.

Who opens a JupyterLab works in it as the one whose it is: on their runner, and what is saved is theirs. So nobody but
they lets others in, only people who may run and change things in the project anyway, and only as long as it runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from dotscience_hub.queue.queue import Queue
from dotscience_hub.store import tasks as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.projects import ProjectRow, role_of
from jupyter_dotscience.api import tasks as api
from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, NotFound
from jupyter_dotscience.api.projects import Role

from .access import NO_PROJECT, NO_TASK
from .caller import Caller
from .ports import People


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that has not ended: a server of a user, in a project."""

    project: str
    owner: str
    server: str


class Guests:
    """Serves the routes about guests, and ends what people may no longer do."""

    def __init__(self, database: Database, queue: Queue, people: People) -> None:
        """Args: where tasks and projects are, what stops tasks, and who knows the hub's users and their servers."""
        self._database = database
        self._queue = queue
        self._people = people

    def list_guests(self, caller: Caller, *, task: str) -> api.GuestList:
        """Who else may open a task's JupyterLab."""
        with self._database.read() as session:
            lab = _lab(_find(session, task))
        return api.GuestList(items=[] if lab is None else self._guests(lab))

    def add_guest(self, caller: Caller, *, task: str, user: str) -> api.GuestList:
        """Let somebody who may write in the project into the caller's own JupyterLab.

        Raises:
            BadRequest: The task is no JupyterLab, or the user may not write in the project.
            Conflict: It has ended, or the hub knows of no such server.
            Forbidden: It is somebody else's.
        """
        lab = self._check(caller, task, user)
        try:
            self._people.let_in(lab.owner, lab.server, user)
        except NotFound as error:
            raise Conflict(f"{user} cannot be let in: {error}") from None
        try:
            # What was true before may have ended meanwhile, when there was nothing yet for that to take back.
            self._check(caller, task, user)
        except (BadRequest, Conflict, NotFound):
            self._people.put_out(lab.owner, lab.server, user)
            raise
        return api.GuestList(items=self._guests(lab))

    def remove_guest(self, caller: Caller, *, task: str, user: str) -> None:
        """Let a guest in no more; guests may take themselves off.

        Raises:
            BadRequest: The task is no JupyterLab.
            Conflict: It has ended.
            Forbidden: Neither the JupyterLab nor the guest is the caller's own.
            NotFound: There is no such guest.
        """
        with self._database.read() as session:
            lab = _running(_find(session, task))
        if caller.name not in (lab.owner, user):
            raise Forbidden(f"Only {lab.owner}, whose JupyterLab it is, says who may open it.")
        if user not in self._people.guests(lab.owner, lab.server):
            raise NotFound(f"{user!r} is no guest of this JupyterLab.")
        self._people.put_out(lab.owner, lab.server, user)

    def expel(self, project: str, user: str) -> None:
        """Let a user into no JupyterLab of a project any more.

        Called before their role there ends, so that it does not end while the hub cannot be told, and once it has
        ended: until then `add_guest` lets them in.
        """
        with self._database.read() as session:
            labs = [_lab(row) for row in session.scalars(store.active_of(project))]
        for lab in labs:
            if lab is not None and lab.owner != user:
                self._people.put_out(lab.owner, lab.server, user)

    def end_tasks(self, session: Session, project: str, user: str) -> None:
        """End a user's tasks of a project, in the transaction that ends their role: each is a way into it.

        Also those that run, and at once: an agent of their own need not do as it is asked. It loses its leases, and
        nothing that comes later is taken.

        Args:
            session: The transaction. What was changed in it of the role, new tasks wait for.
            project: Its id.
            user: Whose.
        """
        session.flush()
        rows = session.scalars(store.active_by(project, user)).all()
        self._queue.transitions.end_without_backing(session, rows)

    def _guests(self, lab: Lab) -> list[api.Guest]:
        return [api.Guest(user=name) for name in self._people.guests(lab.owner, lab.server)]

    def _check(self, caller: Caller, task: str, user: str) -> Lab:
        with self._database.read() as session:
            lab = _running(_find(session, task))
            if caller.name != lab.owner:
                raise Forbidden(f"Only {lab.owner}, whose JupyterLab it is, says who may open it.")
            if user == lab.owner:
                raise BadRequest("This JupyterLab is yours already.")
            _check_writer(session, lab.project, user)
            return lab


def _find(session: Session, task: str) -> store.TaskRow:
    row = session.get(store.TaskRow, task)
    if row is None:
        raise NotFound(NO_TASK)
    return row


def _lab(row: store.TaskRow) -> Lab | None:
    if not isinstance(row.workload, api.JupyterWorkload) or row.status in store.TERMINAL:
        return None
    return Lab(row.project_id, row.creator, row.workload.server)


def _running(row: store.TaskRow) -> Lab:
    if not isinstance(row.workload, api.JupyterWorkload):
        raise BadRequest("This task is no JupyterLab; only a JupyterLab has guests.", code="no_jupyterlab")
    lab = _lab(row)
    if lab is None:
        raise Conflict("This JupyterLab has ended; start it again first.", code="task_ended")
    return lab


def _check_writer(session: Session, project: str, user: str) -> None:
    row = session.get(ProjectRow, project)
    if row is None:
        raise NotFound(NO_PROJECT)
    role = None if "\0" in user else role_of(session, row, user)
    if role is None or not role.includes(Role.WRITER):
        raise BadRequest(
            f"{user!r} may not write in the project, and who opens a JupyterLab of it can; make them a writer first "
            "(`ds project share`).",
            code="no_writer",
        )
