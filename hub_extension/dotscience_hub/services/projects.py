"""Projects and who shares them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.domain.names import pick_name
from dotscience_hub.store import paging, tasks
from dotscience_hub.store import projects as store
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database, after_commit
from jupyter_dotscience.api import projects as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.datasets import DatasetLink
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.servers import name_for

from .access import NO_PROJECT
from .caller import Caller
from .dataset_views import links_of_projects
from .guests import Guests
from .ports import People, TaskLogs, Workspaces

GitUrl = Callable[[str], str]
MAX_USER_NAME = 255


class Projects:
    """Serves the routes about projects."""

    def __init__(
        self,
        database: Database,
        workspaces: Workspaces,
        logs: TaskLogs,
        git_url: GitUrl,
        people: People,
        guests: Guests,
    ) -> None:
        """Make the service.

        Args:
            database: Where projects are.
            workspaces: Their files.
            logs: Logs of their tasks.
            git_url: Where `git` finds a project's history, below the hub's address, by the project's id.
            people: Knows the hub's users.
            guests: Ends what people do in tasks and JupyterLabs when their role ends.
        """
        self._database = database
        self._workspaces = workspaces
        self._logs = logs
        self._git_url = git_url
        self._people = people
        self._guests = guests

    def list_projects(self, caller: Caller, *, query: api.ProjectQuery) -> api.ProjectList:
        """Projects of the caller and shared with them; by `ref` an admin finds any."""
        with self._database.read() as session:
            rows, following = self._page(session, store.visible_projects(caller.name), query)
            if not rows and query.ref is not None and caller.admin:
                rows, following = self._page(session, select(store.ProjectRow), query)
            return api.ProjectList(items=self._view(session, caller, rows), next=following)

    def create_project(self, caller: Caller, *, body: api.ProjectCreate) -> api.Project:
        """Create a project; without a name one is picked. Its workspace is made when it is first used."""
        row = store.ProjectRow(
            id=new_id(),
            name=body.name or pick_name(),
            description=clean(body.description),
            owner=caller.name,
            created=now(),
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            return self._view(session, caller, [row])[0]

    def get_project(self, caller: Caller, *, project: str) -> api.Project:
        """A project."""
        with self._database.read() as session:
            return self._view(session, caller, [_find(session, project)])[0]

    def update_project(self, caller: Caller, *, project: str, body: api.ProjectUpdate) -> api.Project:
        """Change name or description; what is absent stays."""
        with self._database.write() as session:
            row = _find(session, project)
            row.name = row.name if body.name is None else body.name
            row.description = row.description if body.description is None else clean(body.description)
            session.flush()
            return self._view(session, caller, [row])[0]

    def delete_project(self, caller: Caller, *, project: str) -> None:
        """Delete a project with its workspace, runs and ended tasks.

        Raises:
            Conflict: Some of its tasks are queued or running.
        """
        with self._database.write() as session:
            active = session.scalar(tasks.count_active(project)) or 0
            if active:
                number = "one task that has" if active == 1 else f"{active} tasks that have"
                raise Conflict(f"The project has {number} not ended; stop them first.", code="tasks_active")
            ended = session.scalars(tasks.ids_of_project(project)).all()
            store.delete_project(session, project)
            after_commit(session, lambda: self._clear(project, ended))

    def _clear(self, project: str, ended: Sequence[str]) -> None:
        self._workspaces.delete_project(project)
        for task in ended:
            self._logs.delete(task)

    def set_collaborator(self, caller: Caller, *, project: str, user: str, body: api.CollaboratorSet) -> api.Project:
        """Share the project with a user of the hub, or change what they may do in it.

        Raises:
            BadRequest: The hub has no such user, or it is the owner.
            Unavailable: The hub does not say whether there is such a user, or cannot be told that they are a guest
                in nobody's JupyterLab any more; to be asked again.
        """
        if not _plausible(user):
            raise BadRequest(f"{user[:80]!r} is no user name: it is empty, too long, or has odd characters.")
        self._check_known(project, user)
        writes = body.role.includes(api.Role.WRITER)
        if not writes:
            self._guests.expel(project, user)
        with self._database.write() as session:
            row = _find(session, project)
            if user == row.owner:
                raise BadRequest(f"{user} owns the project and needs no other role.")
            store.share(session, project, user, body.role)
            if not writes:
                self._guests.end_tasks(session, project, user)
            session.flush()
            changed = self._view(session, caller, [row])[0]
        if not writes:
            self._expel_late(project, user)
        return changed

    def _check_known(self, project: str, user: str) -> None:
        """Whether the hub has a user; a name that nobody has yet could be taken by anybody later."""
        with self._database.read() as session:
            if store.role_of(session, _find(session, project), user) is not None:
                return
        if not self._people.is_known(user):
            raise BadRequest(
                f"The hub has no user {user!r}. It knows people from their first login on; names are as they are shown "
                "there, mostly in lower case.",
                code="unknown_user",
            )

    def remove_collaborator(self, caller: Caller, *, project: str, user: str) -> None:
        """Stop sharing the project with a user; anybody may remove themselves.

        Raises:
            NotFound: The project is not shared with that user.
            BadRequest: The user is the owner.
            Unavailable: They may be a guest in somebody's JupyterLab, and the hub cannot be told; to be asked again.
        """
        with self._database.read() as session:
            if user == _find(session, project).owner:
                raise BadRequest(f"{user} owns the project and cannot be removed from it.")
        self._guests.expel(project, user)
        with self._database.write() as session:
            if "\0" in user or not store.unshare(session, project, user):
                raise NotFound(f"The project is not shared with {user!r}.")
            self._guests.end_tasks(session, project, user)
        self._expel_late(project, user)

    def _expel_late(self, project: str, user: str) -> None:
        """Put out who was let in after the first look for guests: whoever let them in still saw a writer.

        Only the first look may say that nothing has changed, so it is needed as well.
        """
        self._guests.expel(project, user)

    def _page(
        self, session: Session, rows: store.ProjectSelect, query: api.ProjectQuery
    ) -> tuple[Sequence[store.ProjectRow], str | None]:
        columns = (store.ProjectRow.id, store.ProjectRow.name)
        if query.ref is not None:
            rows = paging.by_ref(session, rows, query.ref, *columns)
        return paging.page(session, rows, columns[0], query.limit, query.cursor)

    def _view(self, session: Session, caller: Caller, rows: Sequence[store.ProjectRow]) -> list[api.Project]:
        ids = [row.id for row in rows]
        shared, links = store.collaborators_of(session, ids), links_of_projects(session, ids)
        return [self._one(row, shared[row.id], links[row.id], caller) for row in rows]

    def _one(
        self, row: store.ProjectRow, shared: Sequence[store.CollaboratorRow], links: list[DatasetLink], caller: Caller
    ) -> api.Project:
        people = [api.Collaborator(user=person.user_name, role=api.Role(person.role)) for person in shared]
        return api.Project(
            id=row.id,
            name=row.name,
            description=row.description,
            owner=row.owner,
            role=_role(row, people, caller),
            collaborators=people,
            created=row.created,
            head=self._workspaces.head(row.id),
            git_url=self._git_url(row.id),
            datasets=links,
            server=name_for(row.id),
        )


def _role(row: store.ProjectRow, people: Sequence[api.Collaborator], caller: Caller) -> api.Role:
    if caller.role is not None:
        return caller.role
    if caller.admin or row.owner == caller.name:
        return api.Role.OWNER
    return next((person.role for person in people if person.user == caller.name), api.Role.READER)


def _find(session: Session, project: str) -> store.ProjectRow:
    row = session.get(store.ProjectRow, project)
    if row is None:
        raise NotFound(NO_PROJECT)
    return row


def _plausible(user: str) -> bool:
    if user in (".", ".."):
        return False
    return 0 < len(user) <= MAX_USER_NAME and user.isprintable() and user == user.strip() and "/" not in user
