"""Secrets: made here, told to who may know them, given to runners for their tasks."""

from __future__ import annotations

import base64
import logging
from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.queue.leases import Leases
from dotscience_hub.store import paging, projects
from dotscience_hub.store import secrets as store
from dotscience_hub.store.database import Database
from dotscience_hub.store.keyring import KeyMissing, Keyring
from dotscience_hub.store.runners import RunnerRow
from dotscience_hub.store.sealing import about, hold_keys
from dotscience_hub.store.tasks import TaskRow
from jupyter_dotscience.api import secrets as api
from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import Conflict, Forbidden, NotFound
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.protocol import SecretsQuery

from .access import NO_PROJECT
from .caller import Caller
from .environments import Environments
from .keypairs import make_key_pair

log = logging.getLogger("dotscience.secrets")
Result = TypeVar("Result")
NO_SECRET = "There is no such secret, or it is not yours to see."  # noqa: S105 - a sentence
MOST = 100
"""Secrets of one project or account; a server for SSH takes far fewer tries."""


class Secrets:
    """Serves the routes about secrets, and the one that gives them to runners.

    An account's secrets are its user's alone. Those of a project are its owners'; its other people see that they are
    there, and their tasks use them. An admin of the hub finds and removes any, but reads the private half of none that
    is not theirs.
    """

    def __init__(self, database: Database, keyring: Keyring, leases: Leases, environments: Environments) -> None:
        """Make the service.

        Args:
            database: Where secrets are.
            keyring: Seals private halves.
            leases: Tells which runner may have a task's.
            environments: Variables of tasks.
        """
        self._database = database
        self._keyring = keyring
        self._leases = leases
        self._environments = environments

    def list_secrets(self, caller: Caller, *, query: api.SecretQuery) -> api.SecretList:
        """Secrets of the caller's account and projects, newest first; by `ref` or `project` an admin finds any."""
        with self._database.read() as session:
            rows, following = _page(session, store.visible_secrets(caller.name), query)
            if not rows and caller.admin and (query.ref is not None or query.project is not None):
                rows, following = _page(session, select(store.SecretRow), query)
            return api.SecretList(items=_views(session, rows), next=following)

    def create_secret(self, caller: Caller, *, body: api.SecretCreate) -> api.Secret:
        """Make a key pair. The answer has its public half.

        Raises:
            NotFound: There is no such project for the caller.
            Forbidden: The caller does not own the project.
            Conflict: The name is taken, or there are too many.
        """
        with self._database.read() as session:
            owner, place = _place(session, caller, body.project)
        # Outside of a transaction where there is none yet: an RSA pair takes half a second.
        pair = make_key_pair(body.type, f"{place}/{body.name}")
        row = store.SecretRow(
            id=new_id(),
            holder=store.holder_of(owner, body.project),
            name=body.name,
            type=body.type.value,
            owner=owner,
            project_id=body.project,
            created=now(),
            public_key=pair.public,
        )
        with self._database.write() as session:
            hold_keys(session)
            _place(session, caller, body.project)  # it may have been deleted meanwhile
            _check_free(session, row)
            row.private_key = self._keyring.seal(pair.private.encode("ascii"), _about(row.id))
            session.add(row)
            session.flush()
            return _views(session, [row])[0]

    def get_secret(self, caller: Caller, *, secret: str) -> api.SecretWithData:
        """A key pair with both halves, for its owner.

        Raises:
            NotFound: It is not the caller's to see.
            Forbidden: The caller may use it, but not read it.
        """
        return _while_keys_rotate(lambda: self._get(caller, secret))

    def _get(self, caller: Caller, secret: str) -> api.SecretWithData:
        with self._database.read() as session:
            row, role = _find(session, caller, secret)
            if role is not Role.OWNER:
                raise Forbidden(f"Only who owns {_whose(row)} may read this secret.")
            private = self._private(row)
            log.info("%r reads the private half of secret %s", caller.name, row.id)
            return api.SecretWithData(secret=_views(session, [row])[0], data=_data(row.public_key, private))

    def delete_secret(self, caller: Caller, *, secret: str) -> None:
        """Remove a key pair.

        Raises:
            NotFound: It is not the caller's to see.
            Forbidden: The caller does not own it.
        """
        with self._database.write() as session:
            row, role = _find(session, caller, secret)
            if role is not Role.OWNER and not caller.admin:
                raise Forbidden(f"Only who owns {_whose(row)} may remove this secret.")
            store.delete_secret(session, row.id)

    def get_task_secrets(self, caller: Caller, *, task: str, body: SecretsQuery) -> api.TaskSecrets:
        """The private keys and sealed variables that a task may use, for the runner that holds its lease.

        Keys of an account leave the hub only for runners of that user and for shared ones: somebody who shares a
        project shall not get the keys of those who work in it by starting a runner.

        Raises:
            LeaseLost: The task is not this runner's any more, or who created it may run none in the project any more.
            NotFound: It never was.
        """
        return _while_keys_rotate(lambda: self._get_for_task(caller, task, body.fence))

    def _get_for_task(self, caller: Caller, task: str, fence: int) -> api.TaskSecrets:
        with self._database.read() as session:
            self._leases.check(caller.name, task, fence, session)
            row, runner = session.get(TaskRow, task), session.get(RunnerRow, caller.name)
            assert row is not None
            trusted = runner is not None and (runner.shared or runner.owner == row.creator)
            found = store.for_task(session, row.project_id, row.creator if trusted else None)
            environment = self._environments.read(session, task)
            return api.TaskSecrets(items=[self._for_task(each) for each in found], environment=environment)

    def _for_task(self, row: store.SecretRow) -> api.TaskSecret:
        return api.TaskSecret(name=row.name, type=api.SecretType(row.type), private_key=self._private(row))

    def _private(self, row: store.SecretRow) -> str:
        return self._keyring.open(row.private_key, _about(row.id)).decode("ascii")


def _while_keys_rotate(read: Callable[[], Result]) -> Result:
    """What was read; a second time if a rotation changed keys and values between our look at these and at those."""
    try:
        return read()
    except KeyMissing:
        return read()


def _about(secret: str) -> str:
    return about(store.SecretRow.__tablename__, secret, "private_key")


def _place(session: Session, caller: Caller, project: str | None) -> tuple[str, str]:
    """Whose a new secret is, and the name of the project or account that it belongs to."""
    if project is None:
        return caller.name, caller.name
    row = session.get(projects.ProjectRow, project)
    role = None if row is None else projects.role_of(session, row, caller.name)
    if row is None or (role is None and not caller.admin):
        raise NotFound(NO_PROJECT)
    if role is not Role.OWNER and not caller.admin:
        raise Forbidden("Only who owns the project may make secrets for it.")
    return row.owner, row.name


def _check_free(session: Session, row: store.SecretRow) -> None:
    if store.is_taken(session, row.holder, row.name):
        raise Conflict(
            f"{_whose(row).capitalize()} has a secret {row.name!r} already; choose another name, or remove that one.",
            code="name_taken",
        )
    if store.count_of(session, row.holder) >= MOST:
        raise Conflict(f"{_whose(row).capitalize()} has {MOST} secrets, which is the most; remove one first.")


def _find(session: Session, caller: Caller, secret: str) -> tuple[store.SecretRow, Role | None]:
    """A secret that the caller may see, and their role there; an admin who has none may see it still."""
    row = None if "\0" in secret else session.get(store.SecretRow, secret)
    if row is None:
        raise NotFound(NO_SECRET)
    role = _role(session, row, caller.name)
    if role is None and not caller.admin:
        raise NotFound(NO_SECRET)
    return row, role


def _role(session: Session, row: store.SecretRow, user: str) -> Role | None:
    if row.project_id is None:
        return Role.OWNER if row.owner == user else None
    project = session.get(projects.ProjectRow, row.project_id)
    return None if project is None else projects.role_of(session, project, user)


def _whose(row: store.SecretRow) -> str:
    return "the account" if row.project_id is None else "the project"


def _page(
    session: Session, rows: store.SecretSelect, query: api.SecretQuery
) -> tuple[Sequence[store.SecretRow], str | None]:
    columns = (store.SecretRow.id, store.SecretRow.name)
    if query.project is not None:
        rows = rows.where(store.SecretRow.project_id == query.project)
    if query.ref is not None:
        rows = paging.by_ref(session, rows, query.ref, *columns)
    return paging.page(session, rows, columns[0], query.limit, query.cursor)


def _views(session: Session, rows: Sequence[store.SecretRow]) -> list[api.Secret]:
    names = projects.names_of(session, [row.project_id for row in rows if row.project_id is not None])
    return [_view(row, names) for row in rows]


def _view(row: store.SecretRow, names: dict[str, str]) -> api.Secret:
    return api.Secret(
        id=row.id,
        name=row.name,
        type=api.SecretType(row.type),
        project=row.project_id,
        project_name=None if row.project_id is None else names.get(row.project_id),
        owner=row.owner,
        created=row.created,
        public_key=row.public_key,
    )


def _data(public: str, private: str) -> str:
    """Both halves in the original's form, which `jq` and `base64` take apart."""
    halves = {"public_key": f"{public}\n", "private_key": private}
    return _base64(msgspec.json.encode({name: _base64(text.encode()) for name, text in halves.items()}))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")
