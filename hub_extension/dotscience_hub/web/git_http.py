"""Git's smart HTTP protocol (gitprotocol-http(5)): stock git clones, fetches and pushes projects."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler, stream_request_body

from dotscience_hub.services.git_server import GitProcess, GitServer
from jupyter_dotscience.api.problems import ApiError, BadRequest, Forbidden
from jupyter_dotscience.api.projects import Role

from .base import REALM
from .gzip import GzipBody
from .patience import PatientHandler

log = logging.getLogger("dotscience.git")

PREFIX = r"/services/dotscience/git/(?P<project>[^/]+?)(?:\.git)?"
_SERVICES = {"git-upload-pack": Role.READER, "git-receive-pack": Role.WRITER}
_NEGOTIATION = 64 << 20
"""Bytes of a fetch's request: names of commits. A push's are bounded by its pack."""

STALLED_SECONDS = 120.0
"""How long a caller may leave a piece of the answer unread: each answer holds a process, and there are not many."""

_FETCH_SECONDS, _PUSH_SECONDS = 120.0, 6 * 3600.0
"""How long a request's body may take."""


@dataclass(frozen=True)
class GitAccess:
    """Who may use which project.

    Attributes:
        project: The project's id.
        author: The caller's name.
    """

    project: str
    author: str


class Authorize(Protocol):
    """Decides on a request of git or git-lfs."""

    async def __call__(self, handler: RequestHandler, project: str, role: Role) -> GitAccess:
        """Find the caller and the project.

        Args:
            handler: The request; `Basic` with a token as the password, or `Bearer`.
            project: Its id, a unique prefix of it, or its name if that is unique for the caller.
            role: What the caller must be. A task's token may read.

        Raises:
            NotLoggedIn: no token, or a wrong one.
            Forbidden: the caller may not do this.
            NotFound: no such project, or not for the caller to see.
        """
        ...


class GitHandler(PatientHandler):
    """What requests of git have in common: errors as a sentence, and a challenge that makes git ask for a password."""

    challenge = f'Basic realm="{REALM}", charset="UTF-8"'
    route_name = "git"

    def initialize(self, server: GitServer, authorize: Authorize) -> None:
        """Args: what runs git, and who may."""
        self._server = server
        self._authorize = authorize

    def write_error(self, status_code: int, **kwargs: object) -> None:
        """Answer with one sentence as text, which git shows."""
        error = kwargs.get("exc_info", (None, None))[1]  # type: ignore[index]
        if not isinstance(error, ApiError):
            super().write_error(status_code, **kwargs)
            return
        self.set_status(error.status)
        if error.status == 401:
            self.set_header("WWW-Authenticate", self.challenge)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(f"{error}\n")

    def role_for(self, service: str) -> Role:
        """What a caller of this service must be.

        Raises:
            Forbidden: no such service.
        """
        if service not in _SERVICES:
            raise Forbidden("Only git's smart protocol is spoken here.")
        return _SERVICES[service]

    async def relay(self, chunks: AsyncIterator[bytes]) -> None:
        """Send what comes, as fast as the caller takes it; one that takes nothing for long is let go."""
        try:
            async for chunk in chunks:
                self.write(chunk)
                await asyncio.wait_for(self.flush(), STALLED_SECONDS)
        except (StreamClosedError, TimeoutError):
            self.abort()

    def abort(self) -> None:
        """Close the connection in the middle of an answer."""
        self._finished = True
        with contextlib.suppress(StreamClosedError):
            self.request.connection.close()  # type: ignore[union-attr]


class InfoRefs(GitHandler):
    """`GET info/refs?service=…`: which refs there are, and what the server can do."""

    async def get(self, project: str) -> None:
        """Advertise refs, or with protocol version 2 capabilities."""
        service = self.get_query_argument("service", "")
        access = await self._authorize(self, project, self.role_for(service))
        version = self.request.headers.get("Git-Protocol")
        self.set_header("Content-Type", f"application/x-{service}-advertisement")
        process = await self._server.start(access.project, service, version, advertise=True)
        async with process:
            process.end_input()
            if not _speaks_version_2(service, version):
                line = f"# service={service}\n"
                self.write(f"{len(line) + 4:04x}{line}0000")
            await self.relay(process.output())


@stream_request_body
class Service(GitHandler):
    """`POST git-upload-pack` (fetch) and `POST git-receive-pack` (push), streamed both ways."""

    _process: GitProcess | None = None
    _body: GzipBody | None = None

    async def prepare(self) -> None:
        """Before the body: who calls, and git is started."""
        connection = self.request.connection
        connection.set_max_body_size(1 << 62)  # type: ignore[union-attr]  # bounded below, with a sentence
        if self.request.method != "POST":
            return
        with self.refusing():
            await self._begin()

    async def _begin(self) -> None:
        service, connection = self.path_kwargs["service"], self.request.connection
        role = self.role_for(service)
        if self.request.headers.get("Content-Type") != f"application/x-{service}-request":
            raise BadRequest("This is not a request of git.")
        self._access = await self._authorize(self, self.path_kwargs["project"], role)
        limit = _NEGOTIATION if role is Role.READER else self._server.max_pack
        # Who opens a request and sends nothing holds a git process.
        connection.set_body_timeout(_FETCH_SECONDS if role is Role.READER else _PUSH_SECONDS)  # type: ignore[union-attr]
        self._body = GzipBody(self.request.headers.get("Content-Encoding"), limit)
        version = self.request.headers.get("Git-Protocol")
        self._process = await self._server.start(self._access.project, service, version)
        self.set_header("Content-Type", f"application/x-{service}-result")

    async def data_received(self, chunk: bytes) -> None:
        """A piece of the body, to git; the sender waits when git is slower."""
        if self.refusal is not None or self._process is None or self._body is None:
            self.discard(chunk)
            return
        try:
            for piece in self._body.feed(chunk):
                await self._process.write(piece)
        except ApiError as error:
            self.refusal = error
            await self._process.close()

    async def post(self, project: str, service: str) -> None:
        """The body is there: send what git answers."""
        del project
        self.raise_refusal()
        if self._process is None:
            return
        async with self._process as process:
            process.end_input()
            await self.relay(process.output())
        if service == "git-receive-pack":
            await self._server.after_push(self._access.project)

    def on_connection_close(self) -> None:
        """The caller is gone: git is ended, and what it had received goes with its quarantine."""
        super().on_connection_close()
        if self._process is not None:
            self._process.kill()


def _speaks_version_2(service: str, version: str | None) -> bool:
    return service == "git-upload-pack" and version is not None and "version=2" in version.split(":")


def handlers(server: GitServer, authorize: Authorize) -> list[tuple[str, type[RequestHandler], dict[str, object]]]:
    """Tornado's rules for these addresses."""
    shared: dict[str, object] = {"server": server, "authorize": authorize}
    return [
        (PREFIX + r"/info/refs", InfoRefs, shared),
        (PREFIX + r"/(?P<service>git-upload-pack|git-receive-pack)", Service, shared),
    ]
