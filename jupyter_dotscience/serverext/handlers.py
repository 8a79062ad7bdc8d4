"""The routes, see docs/reference/serverext.md. What blocks is done on threads."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from urllib.parse import quote

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from msgspec import Meta
from tornado import web

from jupyter_dotscience.api import control
from jupyter_dotscience.api.commits import CommitList
from jupyter_dotscience.api.problems import (
    ApiError,
    BadRequest,
    Conflict,
    DotscienceError,
    NotFound,
    Problem,
    Unreachable,
)
from jupyter_dotscience.api.runs import Run, RunList

from . import diffs, history
from .aside import aside
from .autocommit import AutoCommit
from .standing import UNBOUND
from .workspaces import Workspace

if TYPE_CHECKING:
    from .extension import DotscienceExtension

T = TypeVar("T")
LONGEST_WAIT = 50.0
_COPIES = 1000


class _Message(msgspec.Struct, forbid_unknown_fields=True):
    message: Annotated[str, Meta(max_length=10_000)] = ""


class _Version(msgspec.Struct, forbid_unknown_fields=True):
    path: str
    at: str


class _Choice(msgspec.Struct, forbid_unknown_fields=True):
    keep: Literal["mine", "theirs"]


class _Unsaved(msgspec.Struct, forbid_unknown_fields=True):
    unsaved: Annotated[list[str], Meta(max_length=10_000)] = []


class Handler(APIHandler):
    """What all routes have in common: the server's own login and permissions, and one form of errors."""

    auth_resource = "dotscience"

    @property
    def extension(self) -> DotscienceExtension:
        """The extension."""
        found: DotscienceExtension = self.settings["dotscience"]
        return found

    @property
    def workspace(self) -> Workspace:
        """The workspace.

        Raises:
            Conflict: the folder belongs to no project.
        """
        if self.extension.workspace is None:
            raise Conflict(UNBOUND, code="unbound")
        return self.extension.workspace

    @property
    def auto(self) -> AutoCommit:
        """Who makes versions."""
        if self.extension.auto is None:
            raise Conflict(UNBOUND, code="unbound")
        return self.extension.auto

    async def ask(self, order: control.Order, kind: type[T]) -> T:
        """Give an order, on a thread."""
        return await aside(self.workspace.committer.ask, order, kind)

    async def reply(self, work: Callable[[], Awaitable[Any]], status: int = 200) -> None:
        """Answer what some work comes to, or the problem that it had."""
        try:
            value = await work()
        except DotscienceError as error:
            problem = _problem(error)
            self.set_status(problem.status)
            value = problem
        else:
            self.set_status(status)
        self.finish(msgspec.json.encode(value))

    def taken(self, kind: type[T]) -> T:
        """The request's body.

        Raises:
            BadRequest: it is not as it should be.
        """
        try:
            return msgspec.json.decode(self.request.body or b"{}", type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRequest(f"The request cannot be read: {error}.") from None

    def asked(self, kind: type[T], **given: Any) -> T:
        """An order made of the request's parameters.

        Raises:
            BadRequest: one of them is not as it should be.
        """
        try:
            return msgspec.convert({k: v for k, v in given.items() if v is not None}, kind, strict=False)
        except msgspec.ValidationError as error:
            raise BadRequest(f"The request cannot be read: {error}.") from None

    def number(self, name: str, default: float) -> float:
        """A parameter that is a number."""
        try:
            return float(self.get_query_argument(name, str(default)))
        except ValueError:
            raise BadRequest(f"{name!r} must be a number.") from None

    def parameter(self, name: str) -> str | None:
        """A parameter; None when it is absent or empty."""
        return self.get_query_argument(name, "", strip=False) or None

    def needed(self, name: str) -> str:
        """A parameter that must be there."""
        found = self.parameter(name)
        if found is None:
            raise BadRequest(f"{name!r} is missing.")
        return found


class StatusHandler(Handler):
    """How the workspace stands."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer it, once it has changed."""

        async def work() -> Any:
            wait = min(max(self.number("wait", 0), 0), LONGEST_WAIT)
            return await self.extension.standing.after(int(self.number("after", -1)), wait)

        await self.reply(work)


class CommitHandler(Handler):
    """Versions on demand."""

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Make one now."""

        async def work() -> Any:
            made = await self.auto.commit(self.taken(_Message).message)
            return {"made": made.made, "status": self.extension.standing.tell()}

        await self.reply(work)


class CommitsHandler(Handler):
    """The history."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of it."""

        async def work() -> Any:
            order = self.asked(
                control.History,
                path=self.parameter("path"),
                limit=self.parameter("limit"),
                cursor=self.parameter("cursor"),
            )
            return history.of_commits(await self.ask(order, CommitList))

        await self.reply(work)


class RunsHandler(Handler):
    """The project's runs."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """A page of them."""

        async def work() -> Any:
            order = self.asked(control.ListRuns, limit=self.parameter("limit"), cursor=self.parameter("cursor"))
            return await self.ask(order, RunList)

        await self.reply(work)


class RunHandler(Handler):
    """One run."""

    @web.authenticated
    @authorized
    async def get(self, run: str) -> None:
        """All of it."""

        async def work() -> Any:
            return await self.ask(self.asked(control.ReadRun, run=run), Run)

        await self.reply(work)


class DiffHandler(Handler):
    """What changed in a notebook."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """From one version to another, or to the file as it is."""

        async def work() -> Any:
            path, base, to = self.needed("path"), self.needed("base"), self.parameter("to")
            old = await self.ask(self.asked(control.ReadFile, path=path, at=base), bytes)
            if to is None:
                new = await aside(self.workspace.places.read, path, control.MAX_FILE)
            else:
                new = await self.ask(self.asked(control.ReadFile, path=path, at=to), bytes)
            return await aside(diffs.of_notebooks, old, new, path)

        await self.reply(work)


class FileHandler(Handler):
    """Files as they were."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """One file's bytes. Never shown as a page: a version may hold a script of anybody's."""
        try:
            path, at = self.needed("path"), self.needed("at")
            data = await self.ask(self.asked(control.ReadFile, path=path, at=at), bytes)
        except DotscienceError as error:
            problem = _problem(error)
            self.set_status(problem.status)
            self.finish(msgspec.json.encode(problem))
            return
        name = quote(PurePosixPath(path).name.encode("utf-8", "replace"), safe="")
        self.set_header("Content-Type", "application/octet-stream")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{name}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.finish(data, set_content_type="application/octet-stream")


class RestoreHandler(Handler):
    """Old versions as new files."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Put one beside the file."""

        async def work() -> Any:
            wish = self.taken(_Version)
            data = await self.ask(self.asked(control.ReadFile, path=wish.path, at=wish.at), bytes)
            path = await aside(_put_beside, self.workspace, wish, data)
            self.auto.note(path)
            return {"path": path}

        await self.reply(work, 201)


class ResolveHandler(Handler):
    """The end of a conflict."""

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Keep this folder's version, or take main's."""

        async def work() -> Any:
            choice = self.taken(_Choice)
            conflicts = self._conflicts()
            if choice.keep == "theirs":
                # What stands here now is in a version before anything is written over it.
                await self.auto.commit("")
                conflicts = self._conflicts()
                await aside(_take_theirs, self.workspace, conflicts)
            kept = conflicts if choice.keep == "mine" else None
            made = await self.auto.commit("Settle a conflict", kept)
            return {"made": made.made, "status": self.extension.standing.tell()}

        await self.reply(work)

    def _conflicts(self) -> list[str]:
        if not (conflicts := self.extension.standing.conflicts):
            raise Conflict("There is no conflict.", code="no_conflict")
        return conflicts


class IncomingHandler(Handler):
    """What others have changed."""

    @web.authenticated
    @authorized
    async def put(self) -> None:
        """Bring it into the folder."""

        async def work() -> Any:
            places = self.workspace.places
            unsaved = [places.of_contents(path) for path in self.taken(_Unsaved).unsaved]
            taken = await self.auto.take_in([path for path in unsaved if path])
            shown = [(change, places.to_contents(change.path)) for change in taken.files]
            return {
                "files": [{"path": path, "kind": change.kind} for change, path in shown if path is not None],
                "total": len(taken.files) + taken.more_files,
                "status": self.extension.standing.tell(),
            }

        await self.reply(work)


def _put_beside(workspace: Workspace, wish: _Version, data: bytes) -> str:
    """Write an old version under a name that is not taken; answers it."""
    path = PurePosixPath(wish.path)
    said = wish.at[:8] if len(wish.at) == 40 else PurePosixPath(wish.at).name
    for number in range(1, _COPIES):
        again = f" {number}" if number > 1 else ""
        fresh = path.with_name(f"{path.stem} (version {said}{again}){path.suffix}").as_posix()
        try:
            workspace.places.write(fresh, data, replace=False)
        except FileExistsError:
            continue
        return fresh
    raise Conflict(f"There are {_COPIES} copies of {wish.path} already.")


def _take_theirs(workspace: Workspace, paths: list[str]) -> None:
    """Write main's version of files over ours, which the history of our branch has; all of them, or none."""
    for path in paths:
        _theirs(workspace, path)
    for path in paths:
        data = _theirs(workspace, path)
        if data is None:
            workspace.places.remove(path)
        else:
            workspace.places.write(path, data, replace=True)


def _theirs(workspace: Workspace, path: str) -> bytes | None:
    """A file as main has it; None when it has none. Read twice, for all of them together may be large."""
    try:
        return workspace.committer.ask(control.ReadFile(path=path, at="main"), bytes)
    except NotFound:
        return None


def _problem(error: DotscienceError) -> Problem:
    if isinstance(error, ApiError):
        # 401 and 403 are the hub's word about its own login; the browser would take them for this server's.
        status = error.status if error.status not in (401, 403) else 502
        return Problem(status=status, code=error.code, message=str(error), detail=error.detail)
    unreachable = isinstance(error, Unreachable)
    return Problem(
        status=503 if unreachable else 500, code="unreachable" if unreachable else "failed", message=str(error)
    )


HANDLERS: list[tuple[str, type[Handler]]] = [
    (r"/dotscience/status", StatusHandler),
    (r"/dotscience/commit", CommitHandler),
    (r"/dotscience/commits", CommitsHandler),
    (r"/dotscience/runs", RunsHandler),
    (r"/dotscience/runs/([^/]+)", RunHandler),
    (r"/dotscience/diff", DiffHandler),
    (r"/dotscience/file", FileHandler),
    (r"/dotscience/restore", RestoreHandler),
    (r"/dotscience/resolve", ResolveHandler),
    (r"/dotscience/incoming", IncomingHandler),
]
