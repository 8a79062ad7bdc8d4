"""Who may call what: one decision for all routes.

What a caller may not see is answered with 404, what they may see but not do with 403.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeVar

from sqlalchemy.orm import Session

from dotscience_hub.queue.presence import Presence
from dotscience_hub.store import datasets, projects, runners, tasks
from dotscience_hub.store.database import Database
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import Forbidden, NotFound, NotLoggedIn
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.routes import Route

from .caller import Caller

NO_PROJECT = "There is no such project, or it is not shared with you."
NO_TASK = "There is no such task, or it is not yours to see."
NO_DATASET = "There is no such dataset, or it is not yours to see."
NO_RUNNER = "There is no such runner, or it is not yours to see."
# The public length of a token: 52 characters of base32 and the padding, which some tools take away.
_RUNNER_TOKEN = 52
_Row = TypeVar("_Row")


class Access:
    """Finds the project, dataset or runner that a path names, and the caller's role there."""

    def __init__(self, database: Database, presence: Presence | None = None) -> None:
        """Make it.

        Args:
            database: Where projects, tasks and runners are.
            presence: Hears of each runner that calls.
        """
        self._database = database
        self._presence = presence

    def runner_caller(self, token: str, /) -> Caller | None:
        """The runner with this token, or None."""
        with self._database.read() as session:
            row = runners.find_by_token(session, token.rstrip("=").ljust(_RUNNER_TOKEN + 4, "="))
        if row is None:
            return None
        if self._presence is not None:
            self._presence.seen(row.id)
        return Caller(kind=Principal.RUNNER, name=row.id)

    def task_caller(self, token: str, /) -> Caller | None:
        """The task with this token; None also when its lease is not the last one, or it has ended."""
        with self._database.read() as session:
            row = tasks.find_by_token(session, token)
        return None if row is None else Caller(kind=Principal.TASK, name=row.id)

    def check(self, route: Route, caller: Caller | None, parameters: Mapping[str, str], /) -> Caller | None:
        """Let a caller pass, or not.

        Args:
            route: What is called.
            caller: Who calls; None without a token.
            parameters: Of the path.

        Returns:
            The caller with their role in the project that the path names.

        Raises:
            NotLoggedIn: The route is not for everybody.
            Forbidden: The caller may see it, but not do it.
            NotFound: There is no such thing, or the caller may not see it.
        """
        if not route.access.principals:
            return caller
        if caller is None:
            raise NotLoggedIn("Log in first: send a token (`ds login` makes one).")
        if caller.kind not in route.access.principals:
            kinds = " or ".join(sorted(f"a {kind.value}'s" for kind in route.access.principals))
            raise Forbidden(f"This needs {kinds} token, not a {caller.kind.value}'s.", code="wrong_kind_of_token")
        with self._database.read() as session:
            if caller.kind is Principal.USER:
                return _user(session, route, caller, parameters)
            if caller.kind is Principal.TASK:
                return _task(session, caller, parameters)
            return _runner(session, caller, parameters)


def _user(session: Session, route: Route, caller: Caller, parameters: Mapping[str, str]) -> Caller:
    access = route.access
    if access.scope is not None and access.scope.value not in caller.scopes:
        raise Forbidden(f"This token lacks the scope {access.scope.value}.", code="missing_scope")
    if access.admin and not caller.admin:
        raise Forbidden("Only an admin of the hub may do this.")
    if "runner" in parameters:
        _own_runner(session, caller, parameters["runner"])
    if "dataset" in parameters:
        caller = _dataset(session, route, caller, parameters["dataset"])
    if "task" not in parameters and "project" not in parameters:
        return caller
    role = _role(session, caller, parameters)
    if access.role is not None and not role.includes(access.role) and not _leaves(route, caller, parameters):
        raise Forbidden(f"This needs the role {access.role.value} in the project; yours is {role.value}.")
    return dataclasses.replace(caller, role=role)


def _leaves(route: Route, caller: Caller, parameters: Mapping[str, str]) -> bool:
    """Whether somebody takes themselves off a project, which needs no role."""
    return route.name == "remove_collaborator" and parameters["user"] == caller.name


def _role(session: Session, caller: Caller, parameters: Mapping[str, str]) -> Role:
    missing = NO_PROJECT
    project: str | None
    if "task" in parameters:
        missing = NO_TASK
        task = _get(session, tasks.TaskRow, parameters["task"])
        project = None if task is None else task.project_id
    else:
        project = parameters["project"]
    row = None if project is None else _get(session, projects.ProjectRow, project)
    if row is None:
        raise NotFound(missing)
    role = Role.OWNER if caller.admin else projects.role_of(session, row, caller.name)
    if role is None:
        raise NotFound(missing)
    return role


def _dataset(session: Session, route: Route, caller: Caller, dataset: str) -> Caller:
    """The caller, an owner or a reader: who works in a project that links a dataset may read it."""
    row = _get(session, datasets.DatasetRow, dataset)
    mine = row is not None and (caller.admin or row.owner == caller.name)
    if row is None or not (mine or datasets.is_shared_with(session, row.id, caller.name)):
        raise NotFound(NO_DATASET)
    if route.access.owner and not mine:
        raise Forbidden("Only the dataset's owner may do this.")
    return dataclasses.replace(caller, role=Role.OWNER if mine else Role.READER)


def _own_runner(session: Session, caller: Caller, runner: str) -> None:
    row = _get(session, runners.RunnerRow, runner)
    mine = row is not None and (caller.admin or row.owner == caller.name)
    if row is None or not (mine or row.shared):
        raise NotFound(NO_RUNNER)
    if not mine:
        raise Forbidden("Only the runner's owner may do this.")


def _task(session: Session, caller: Caller, parameters: Mapping[str, str]) -> Caller:
    row = session.get(tasks.TaskRow, caller.name)
    if row is None or row.status in tasks.TERMINAL:
        raise NotLoggedIn("The task of this token has ended.")
    if not tasks.has_backing(session, row):
        raise NotLoggedIn(tasks.without_backing(row.creator))
    if parameters.get("task", row.id) != row.id:
        raise NotFound(NO_TASK)
    if parameters.get("project", row.project_id) != row.project_id:
        raise NotFound(NO_PROJECT)
    if "dataset" in parameters:
        if "\0" in parameters["dataset"] or not datasets.is_seen_by(session, parameters["dataset"], row.id):
            raise NotFound(NO_DATASET)
        return dataclasses.replace(caller, role=Role.READER)
    return dataclasses.replace(caller, role=Role.WRITER)


def _runner(session: Session, caller: Caller, parameters: Mapping[str, str]) -> Caller:
    # Whether its lease still holds depends on the fence in the body: the lease check of each service says so.
    task = parameters.get("task")
    if task is not None and ("\0" in task or not tasks.had_lease(session, task, caller.name)):
        raise NotFound("There is no such task, or it never was this runner's.")
    return caller


def _get(session: Session, kind: type[_Row], id_: str) -> _Row | None:
    """A row by its id; PostgreSQL would choke on a NUL."""
    return None if "\0" in id_ else session.get(kind, id_)
