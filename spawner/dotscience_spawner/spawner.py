"""The spawner: a server of a user is a jupyter task of a project, on some runner."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from functools import partial
from typing import Any, TypeVar

from jupyterhub.spawner import Spawner, SpawnException
from traitlets import Bool, Float, Unicode, default

from jupyter_dotscience.api.problems import (
    DotscienceError,
    NotFound,
    ServerError,
    Unavailable,
    Unreachable,
)
from jupyter_dotscience.api.projects import ProjectQuery
from jupyter_dotscience.api.tasks import (
    DEFAULT_LAB_IMAGE,
    JupyterWorkload,
    Task,
    TaskCreate,
    TaskListQuery,
    TaskQuery,
    TaskStatus,
)
from jupyter_dotscience.client import Client

from . import form, options
from .options import BadOptions, Options
from .service import SCOPES, TOKEN_SECONDS, Service

T = TypeVar("T")
PASSING = (Unreachable, Unavailable, ServerError)
POLL_SECONDS = 10.0
RETRY_SECONDS = 1.0
_SHARE = {
    TaskStatus.QUEUED: 10,
    TaskStatus.ASSIGNED: 20,
    TaskStatus.PREPARING: 40,
    TaskStatus.RUNNING: 90,
}
"""How far a start is, in percent."""
_abandoned: set[asyncio.Future[None]] = set()
"""Kept, for the event loop holds only weak references."""


def _forget(done: asyncio.Future[None]) -> None:
    _abandoned.discard(done)
    if not done.cancelled():
        done.exception()


class DotscienceSpawner(Spawner):  # type: ignore[misc]  # JupyterHub has no types
    """Starts JupyterLab as a task.

    What must survive the hub (which task a server is) is written into the hub's database before the service is asked,
    so that a hub that is killed at any instant finds the task again, or ends it.
    """

    service_url = Unicode(help="The Dotscience service's address, e.g. http://127.0.0.1:10101.").tag(config=True)
    image = Unicode(DEFAULT_LAB_IMAGE, help="What JupyterLab runs in when nobody says otherwise.").tag(config=True)
    stop_seconds = Float(600.0, help="How long to wait for a stopped server's files to be saved.").tag(config=True)

    task = Unicode("", help="Id of the server's task.")
    project = Unicode("", help="Id of its project.")
    begun = Bool(False, help="Whether its start is through.")
    port = 8888

    @default("start_timeout")
    def _start_timeout_default(self) -> int:
        # A task may wait for a runner, and a runner for an image.
        return 1800

    @default("http_timeout")
    def _http_timeout_default(self) -> int:
        # After a restart of the hub the gateway and the agent have to find each other again.
        return 120

    @default("env_keep")
    def _env_keep_default(self) -> list[str]:
        # The hub's PATH and the like mean nothing on a runner.
        return []

    @default("default_url")
    def _default_url_default(self) -> str:
        return "/lab"

    @default("options_form")
    def _options_form_default(self) -> Any:
        return self._form

    @default("options_from_form")
    def _options_from_form_default(self) -> Any:
        return self._read_form

    @default("apply_user_options")
    def _apply_user_options_default(self) -> Any:
        # They are checked and used in `start`, whether they come from the form, a query or the API.
        return lambda _spawner, _options: None

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._told: list[dict[str, Any]] = []
        self._news = asyncio.Event()
        self._starting = False
        self._service: Service | None = None

    # Options

    @staticmethod
    def _read_form(formdata: dict[str, list[str]]) -> dict[str, Any]:
        try:
            return options.from_form(formdata)
        except BadOptions as error:
            raise SpawnException(str(error), reason="bad options") from None

    @staticmethod
    async def _form(spawner: DotscienceSpawner) -> str:
        chosen = str((spawner.user_options or {}).get("project", ""))
        try:
            found = await spawner.service.call(lambda client: client.list_projects(query=ProjectQuery(limit=1000)))
        except DotscienceError as error:
            spawner.log.warning("%s: the projects are not known: %s", spawner._log_name, error)
            problem = "Dotscience does not answer at the moment; type your project's name or id."
            return form.render([], image=spawner.image, chosen=chosen, problem=problem)
        # The project's page leads to the server with this name.
        named = next((project.id for project in found.items if project.server == spawner.name), chosen)
        return form.render(found.items, image=spawner.image, chosen=named)

    # The service

    @property
    def service(self) -> Service:
        """The service, as this server's owner may use it."""
        if self._service is None:
            base = self.hub.base_url.rstrip("/").removesuffix("/hub")
            self._service = Service(self.service_url.rstrip("/") + base, self._new_token)
        return self._service

    def _new_token(self) -> str:
        note = "Dotscience: starts and stops this user's JupyterLab"
        token = self.user.orm_user.new_api_token(note=note, scopes=list(SCOPES), expires_in=TOKEN_SECONDS)
        return str(token)

    # State

    def load_state(self, state: dict[str, Any]) -> None:
        """What an earlier hub knew."""
        super().load_state(state)
        self.task, self.project = state.get("task", ""), state.get("project", "")
        self.begun = state.get("begun", False)

    def get_state(self) -> dict[str, Any]:
        """What a later hub must know."""
        state: dict[str, Any] = super().get_state()
        ours = {"task": self.task, "project": self.project, "begun": self.begun}
        return state | ours if self.project else state

    def clear_state(self) -> None:
        """The server is no more."""
        super().clear_state()
        self.task, self.project, self.begun = "", "", False

    def _remember(self) -> None:
        """Write the state now; the hub itself does so only when the start is through."""
        self.orm_spawner.state = self.get_state()
        self.user.db.commit()

    def _end_shares(self) -> None:
        """Whoever was let in was let into what ran before: this time the server may be of another project."""
        for share in (*self.orm_spawner.shares, *self.orm_spawner.share_codes):
            self.log.info("%s: %r ends with the server that it was for", self._log_name, share)
            self.user.db.delete(share)
        self.user.db.commit()

    # Start

    async def start(self) -> str:
        """Queue a task, and wait until browsers can reach its JupyterLab.

        Raises:
            SpawnException: it cannot be; with one sentence for the person.
        """
        self._told, self._starting = [], True
        try:
            wanted = options.check(self.user_options or {})
            return await self._start(wanted)
        except (BadOptions, DotscienceError) as error:
            raise SpawnException(str(error), reason="dotscience") from None
        finally:
            self._starting = False

    async def _start(self, wanted: Options) -> str:
        project = await self._find_project(wanted.project)
        if self.project:
            await self._stop_left(self.project)
        self._end_shares()
        self.task, self.project, self.begun = "", project, False
        self._remember()
        await self._stop_left(project)
        created = await self._create(wanted)
        self.task = created.id
        self._remember()
        task = await self._follow(created)
        if task.status is not TaskStatus.RUNNING:
            self.task = self.project = ""
            raise SpawnException(f"JupyterLab did not start: {task.message}", reason=task.status.value)
        address = await self._address()
        self.begun = True
        return address

    async def _find_project(self, ref: str) -> str:
        query = ProjectQuery(ref=ref, limit=2)
        found = (await self._insist(lambda client: client.list_projects(query=query))).items
        if not found:
            raise NotFound(f"You have no project {ref!r}.")
        if len(found) > 1:
            raise BadOptions(f"You have more than one project {ref!r}; say its id.")
        return str(found[0].id)

    async def _stop_left(self, project: str) -> None:
        """Stop tasks that a hub left, which died while it started this server: nobody has their tokens any more."""
        query = TaskListQuery(project=project)
        listed = await self._insist(lambda client: client.list_tasks(query=query))
        for task in listed.items:
            workload = task.workload
            mine = isinstance(workload, JupyterWorkload) and workload.server == self.name
            if mine and task.creator == self.user.name and not task.status.terminal:
                await self._ask_to_stop(task.id)

    async def _create(self, wanted: Options) -> Task:
        # One key for all tries of this call: a service that dies after it made the task does not make another.
        key, project = secrets.token_urlsafe(24), self.project
        body = TaskCreate(
            workload=JupyterWorkload(image=wanted.image or self.image, server=self.name),
            labels=wanted.labels,
            resources=wanted.resources,
            sealed_environment=self._environment(),
        )
        return await self._insist(lambda client: client.create_task(body, project=project, idempotency_key=key))

    def _environment(self) -> dict[str, str]:
        """What a single-user server is told. All of it is sealed: its token is among it."""
        return {name: str(value) for name, value in self.get_env().items() if value is not None}

    async def _follow(self, task: Task) -> Task:
        """The task once it runs or has ended; what it says meanwhile is kept for :meth:`progress`."""
        said = 0
        while True:
            said = self._tell(task, said)
            if task.status.terminal or task.status is TaskStatus.RUNNING:
                return task
            query, id_ = TaskQuery(after=task.version, wait=POLL_SECONDS), self.task
            task = await self._insist(partial(Client.get_task, task=id_, query=query))

    async def _insist(self, what: Callable[[Client], T]) -> T:
        """Ask the service until it answers."""
        while True:
            try:
                return await self.service.call(what)
            except PASSING as error:
                self.log.warning("%s: %s", self._log_name, error)
                await asyncio.sleep(RETRY_SECONDS)

    def _tell(self, task: Task, said: int) -> int:
        """Keep what is new: events, and what a queued task waits for."""
        texts = [event.message for event in task.events[said:] if event.message]
        if task.message and (not texts or texts[-1] != task.message):
            texts.append(task.message)
        for text in texts:
            shown = text if self._told else f"{text} (task {task.id})"
            entry = {"progress": _SHARE.get(task.status, 50), "message": shown}
            if not self._told or self._told[-1] != entry:
                self._told.append(entry)
        self._news.set()
        return len(task.events)

    async def _address(self) -> str:
        id_ = self.task
        door = await self.service.call(lambda client: client.get_door(task=id_))
        if door.port is None:
            raise SpawnException("The gateway has lost the task; start JupyterLab again.", reason="no door")
        return f"http://127.0.0.1:{door.port}"

    async def progress(self) -> AsyncIterator[dict[str, Any]]:
        """What the task does, as it happens."""
        seen = 0
        while True:
            for entry in self._told[seen:]:
                yield entry
            seen = len(self._told)
            self._news.clear()
            await self._news.wait()

    async def get_url(self) -> str:
        """Where the server is. The hub asks when it was restarted, perhaps in the middle of a start."""
        if self.task:
            try:
                return await self._address() + str(self.server.base_url)
            except (DotscienceError, SpawnException) as error:
                self.log.warning("%s: its address is what it was: %s", self._log_name, error)
        return str(await super().get_url())

    # Life and end

    async def poll(self) -> int | None:
        """None while the task has not ended; its exit code else, or 1.

        A service that does not answer says nothing about the task: it counts as running.
        """
        if not self.task:
            return None if self._starting else 0
        if not self.begun and not self._starting:
            self._abandon()
            return 1
        id_ = self.task
        try:
            task = await self.service.call(lambda client: client.get_task(task=id_, query=TaskQuery()))
        except NotFound:
            return 1
        except DotscienceError as error:
            self.log.warning("%s: whether it runs is not known: %s", self._log_name, error)
            return None
        if not task.status.terminal:
            return None
        return task.exit_code if task.exit_code is not None else int(task.status is not TaskStatus.SUCCEEDED)

    def _abandon(self) -> None:
        """End what a hub left that was killed while it started this server, as soon as the service can be told."""
        self.log.warning("%s: the hub ended while it started; stopping its task.", self._log_name)
        stopping = asyncio.ensure_future(self._ask_to_stop(self.task))
        _abandoned.add(stopping)
        stopping.add_done_callback(_forget)

    async def stop(self, now: bool = False) -> None:
        """Stop the task, and wait until its files are saved.

        Args:
            now: Do not wait.
        """
        if not self.task:
            if self.project:
                await self._stop_left(self.project)
            return
        try:
            await self._ask_to_stop(self.task)
            if not now:
                await self._saved()
        except NotFound:
            return

    async def _ask_to_stop(self, task: str) -> None:
        await self._insist(lambda client: client.stop_task(task=task))

    async def _saved(self) -> None:
        """Wait for the end of the task. One whose runner is away may be long in ending; the wish to stop stays."""
        id_, version = self.task, -1
        try:
            async with asyncio.timeout(self.stop_seconds):
                while True:
                    query = TaskQuery(after=version, wait=POLL_SECONDS)
                    task = await self._insist(partial(Client.get_task, task=id_, query=query))
                    if task.status.terminal:
                        return
                    version = task.version
        except TimeoutError:
            self.log.warning("%s: its files are still being saved.", self._log_name)
