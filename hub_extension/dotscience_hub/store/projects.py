"""Projects and who shares them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from sqlalchemy import ForeignKey, Index, Select, delete, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.projects import Role

from .base import Table


class ProjectRow(Table):
    """A project."""

    __tablename__ = "projects"
    __table_args__ = (Index("ix_projects_owner_id", "owner", "id"), Index("ix_projects_name", "name"))

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    owner: Mapped[str]
    created: Mapped[dt.datetime]


class CollaboratorRow(Table):
    """A person who shares a project. The owner has no row."""

    __tablename__ = "collaborators"
    __table_args__ = (Index("ix_collaborators_user_name_project_id", "user_name", "project_id"),)

    project_id: Mapped[str] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"), primary_key=True)
    user_name: Mapped[str] = mapped_column(primary_key=True)
    role: Mapped[str]


ProjectSelect = Select[ProjectRow]


def visible_projects(user: str) -> ProjectSelect:
    """Projects of a user and shared with them."""
    return select(ProjectRow).where(or_(ProjectRow.owner == user, ProjectRow.id.in_(shared_with(user))))


def writable_projects(user: str) -> ProjectSelect:
    """Projects that a user may write to."""
    roles = [role.value for role in Role if role.includes(Role.WRITER)]
    shared = shared_with(user).where(CollaboratorRow.role.in_(roles))
    return select(ProjectRow).where(or_(ProjectRow.owner == user, ProjectRow.id.in_(shared)))


def shared_with(user: str) -> Select[str]:
    """Ids of the projects shared with a user."""
    return select(CollaboratorRow.project_id).where(CollaboratorRow.user_name == user)


def visible_ids(user: str) -> Select[str]:
    """Ids of the projects of a user and shared with them."""
    return select(ProjectRow.id).where(or_(ProjectRow.owner == user, ProjectRow.id.in_(shared_with(user))))


def seen_by(session: Session, user: str, projects: Iterable[str]) -> set[str]:
    """Those of the projects that are a user's, or shared with them."""
    return set(session.scalars(visible_ids(user).where(ProjectRow.id.in_(set(projects)))))


def exists(session: Session, project: str) -> bool:
    """Whether there is such a project."""
    return session.get(ProjectRow, project) is not None


def role_of(session: Session, row: ProjectRow, user: str) -> Role | None:
    """A user's role in a project, None for a stranger."""
    if row.owner == user:
        return Role.OWNER
    shared = session.get(CollaboratorRow, (row.id, user))
    return None if shared is None else Role(shared.role)


def may_write(session: Session, project: str, user: str) -> bool:
    """Whether a user is a writer or an owner of a project."""
    return _writes(session, project, session.get(CollaboratorRow, (project, user)), user)


def hold_writer(session: Session, project: str, user: str) -> bool:
    """Whether a user is a writer or an owner of a project, which they then stay until the transaction ends.

    What rests on a role is begun under this lock: who takes the role away either waits, and then finds what was begun,
    or was first, and nothing is begun. (On SQLite nobody else writes anyway.)
    """
    return _writes(
        session, project, session.get(CollaboratorRow, (project, user), with_for_update={"read": True}), user
    )


def _writes(session: Session, project: str, shared: CollaboratorRow | None, user: str) -> bool:
    if shared is not None and Role(shared.role).includes(Role.WRITER):
        return True
    row = session.get(ProjectRow, project)
    return row is not None and row.owner == user


def collaborators_of(session: Session, projects: Iterable[str]) -> dict[str, list[CollaboratorRow]]:
    """Who shares each of these projects, by name."""
    found: dict[str, list[CollaboratorRow]] = {project: [] for project in projects}
    query = select(CollaboratorRow).where(CollaboratorRow.project_id.in_(list(found)))
    for row in session.scalars(query.order_by(CollaboratorRow.user_name)):
        found[row.project_id].append(row)
    return found


def names_of(session: Session, projects: Iterable[str]) -> dict[str, str]:
    """Names of projects by id."""
    query = select(ProjectRow.id, ProjectRow.name).where(ProjectRow.id.in_(set(projects)))
    return {id_: name for id_, name in session.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def share(session: Session, project: str, user: str, role: Role) -> None:
    """Give a user a role, or another one."""
    row = session.get(CollaboratorRow, (project, user))
    if row is None:
        session.add(CollaboratorRow(project_id=project, user_name=user, role=role.value))
    else:
        row.role = role.value


def unshare(session: Session, project: str, user: str) -> bool:
    """Take a user's role away; whether they had one."""
    query = delete(CollaboratorRow).where(CollaboratorRow.project_id == project, CollaboratorRow.user_name == user)
    return bool(session.execute(query.returning(CollaboratorRow.user_name)).all())


def delete_project(session: Session, project: str) -> None:
    """Remove a project's row, and by cascade all that hangs on it."""
    session.execute(delete(ProjectRow).where(ProjectRow.id == project))
