"""What programs outside of any task ask, by the library's `connect`: the requests of `dotscience` 0.8.7, and of ours.

JSON-RPC at ``v2/dotmesh/rpc`` (``Ping``, ``Lookup``, ``Commit``), projects at ``v2/projects``, files at
``v2/dotmesh/s3/USER:WORKSPACE/PATH``; found by watching the published library. It is served below the service's address
and, where the hub's proxy leads it here, at the hub's own root, which that library needs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from msgspec import Meta
from tornado.web import stream_request_body

from dotscience_hub.services.caller import Caller
from dotscience_hub.services.remote import RemoteRuns
from jupyter_dotscience.api._base import Name
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import ApiError, BadRequest, Forbidden, NotLoggedIn
from jupyter_dotscience.api.routes import BY_NAME, Route

from .application import Rule
from .authentication import Authentication
from .base import REALM, BaseHandler
from .dispatch import Access, Dispatcher
from .lifecycle import Lifecycle
from .patience import PatientHandler
from .receiving import ReceivingHandler

_READ, _MAKE, _WRITE = BY_NAME["list_projects"], BY_NAME["create_project"], BY_NAME["create_commit"]
_REFUSED = -32000
_NO_METHOD = -32601


class _Call(msgspec.Struct):
    method: Annotated[str, Meta(max_length=100)]
    id: int | str | None = None
    params: dict[str, Any] = {}


class _Place(msgspec.Struct, rename="pascal"):
    name: str
    message: Annotated[str, Meta(max_length=100_000)] = ""
    metadata: dict[str, str] = {}


class _NewProject(msgspec.Struct):
    name: Name


class RemoteHandler(PatientHandler):
    """What these requests have in common: HTTP Basic with a token as the password, or any other form of a token."""

    challenge = f'Basic realm="{REALM}", charset="UTF-8"'
    route_name = "remote"

    def initialize(
        self, remote: RemoteRuns, authentication: Authentication, access: Access, dispatcher: Dispatcher,
        lifecycle: Lifecycle,
    ) -> None:  # fmt: skip
        """Args: what does the work, who calls, what they may, where blocking work is done, and how a stop waits."""
        self._lifecycle = lifecycle
        lifecycle.begin(self)
        self._remote, self._authentication = remote, authentication
        self._access, self._dispatcher = access, dispatcher

    def on_finish(self) -> None:
        """It was answered, whether or not anybody was there to hear it."""
        self._lifecycle.end(self)

    async def admit(self, route: Route) -> Caller:
        """The user who calls, who may do what the route does.

        Raises:
            ApiError: they may not.
        """
        if "Authorization" not in self.request.headers:
            # Never the cookie: a page elsewhere must not record runs in a visitor's name.
            raise NotLoggedIn("Name a user and a token: `ds.connect(USER, TOKEN, PROJECT, HUB)`.")
        if self.request.headers.get("Sec-Fetch-Site", "none") != "none":
            raise Forbidden("This is for programs, not for pages.")
        caller = self.caller = await self._authentication.identify(self)
        if caller.kind is not Principal.USER:
            raise Forbidden("Runs from outside are recorded with a user's token.", code="wrong_kind_of_token")
        if route is not _WRITE:
            await self._dispatcher.in_thread(lambda: self._access.check(route, caller, {}))
        return caller

    async def find(self, caller: Caller, workspace: str) -> str:
        """The project that a workspace belongs to, which the caller may write to.

        Raises:
            ApiError: there is none.
        """
        return await self._dispatcher.in_thread(lambda: self._find(caller, workspace))

    def _find(self, caller: Caller, workspace: str) -> str:
        project = self._remote.find(caller, workspace)
        self._access.check(_WRITE, caller, {"project": project})
        return project

    def decode(self, kind: Callable[..., Any], data: bytes | None = None) -> Any:
        """The body.

        Raises:
            BadRequest: it does not have the right form.
        """
        try:
            return msgspec.json.decode(_whole(self.request.body if data is None else data), type=kind)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise BadRequest(f"This is no request of the library: {error}.") from None


def _whole(body: bytes) -> bytes:
    """The same JSON; halves of characters, which Python may have and UTF-8 has not, are replaced, as in markers."""
    if b"\\ud" not in body.lower():
        return body
    return json.dumps(json.loads(body), ensure_ascii=False).encode("utf-8", "replace")


class Projects(RemoteHandler):
    """`v2/projects`: those that may be written to, and a new one."""

    async def get(self) -> None:
        """List them."""
        caller = await self.admit(_READ)
        found = await self._dispatcher.in_thread(lambda: self._remote.list_projects(caller))
        self.send_json(msgspec.json.encode(found))

    async def post(self) -> None:
        """Make one."""
        caller = await self.admit(_MAKE)
        name = self.decode(_NewProject).name
        made = await self._dispatcher.in_thread(lambda: self._remote.create_project(caller, name))
        self.send_json(msgspec.json.encode(made))


class Calls(RemoteHandler):
    """`v2/dotmesh/rpc`: JSON-RPC 2.0 (https://www.jsonrpc.org/specification)."""

    async def post(self) -> None:
        """Do what is asked; a refusal is an error of the call, so that the library shows the sentence."""
        caller = await self.admit(_READ)
        call = self.decode(_Call)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": call.id}
        try:
            answer["result"] = await self._answer(caller, call)
        except ApiError as error:
            code = _NO_METHOD if error.code == "no_method" else _REFUSED
            answer["error"] = {"code": code, "message": str(error)}
        self.send_json(msgspec.json.encode(answer))

    async def _answer(self, caller: Caller, call: _Call) -> Any:
        if call.method == "DotmeshRPC.Ping":
            return True
        if call.method not in ("DotmeshRPC.Lookup", "DotmeshRPC.Commit"):
            raise BadRequest(f"There is no method {call.method!r}.", code="no_method")
        place = self.decode(_Place, msgspec.json.encode(call.params))
        project = await self.find(caller, place.name)
        if call.method == "DotmeshRPC.Lookup":
            return project
        return await self._remote.record(caller, project, place.message or "A run from outside", place.metadata)


@stream_request_body
class File(ReceivingHandler, RemoteHandler):
    """`PUT v2/dotmesh/s3/USER:WORKSPACE/PATH`: a file that a run wrote; with `Extract: true`, a tar file of some."""

    async def begin(self) -> None:
        """It is kept for whoever may write to the project."""
        caller = await self.admit(_WRITE)
        project = await self.find(caller, self.path_kwargs["workspace"])
        archive = self.request.headers.get("Extract", "").lower() == "true"
        path = self.path_kwargs["path"].strip("/")
        self.receive(lambda body: self._remote.receive(caller, project, path, body, archive=archive))

    async def put(self, workspace: str, path: str) -> None:
        """The body is there, whether or not its sender still waits: the published library does not."""
        del workspace, path
        await self.received()
        self.send_json(b"{}")

    def on_connection_close(self) -> None:
        """The caller is gone, perhaps before there was anything to answer."""
        super().on_connection_close()
        self._lifecycle.end(self)


class RunLink(BaseHandler):
    """The address of a run that the library prints: leads to the run's page."""

    route_name = "remote"

    def initialize(self, prefix: str) -> None:
        """Args: where the pages are."""
        self._prefix = prefix

    def get(self, project: str, run: str) -> None:
        """Lead there."""
        self.redirect(f"{self._prefix}project/{project}/runs/metric/{quote(run, safe='')}")


def rules(
    remote: RemoteRuns, authentication: Authentication, access: Access, dispatcher: Dispatcher, lifecycle: Lifecycle,
    prefix: str,
) -> list[Rule]:  # fmt: skip
    """Tornado's rules for these addresses, below the service's and at the root.

    Args:
        remote: Does the work.
        authentication: Who calls.
        access: What they may.
        dispatcher: Where blocking work is done.
        lifecycle: Waits for them when the service stops.
        prefix: The service's address, with a slash at its end.
    """
    shared = {
        "remote": remote, "authentication": authentication, "access": access, "dispatcher": dispatcher,
        "lifecycle": lifecycle,
    }  # fmt: skip
    # The published library names the whole address when it sends a file, and two slashes where the hub's ends in one.
    own = prefix.rstrip("/")
    base = own.removesuffix("/services/dotscience")
    root = rf"(?:https?://[^/]+)?(?:{re.escape(own)}|{re.escape(base)})/+"
    return [
        (root + r"v2/projects", Projects, shared),
        (root + r"v2/dotmesh/rpc", Calls, shared),
        (root + r"v2/dotmesh/s3/(?:[^/:%]|%(?!3A))*(?::|%3A)(?P<workspace>[^/:%]+)/(?P<path>.+)", File, shared),
        (root + r"project/[0-9a-f]{8}\.(?P<project>[0-9a-f-]{36})/runs/metric/(?P<run>[^/]+)", RunLink,
         {"prefix": prefix}),
    ]  # fmt: skip
