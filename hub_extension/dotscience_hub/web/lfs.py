"""Git LFS: the batch API with the basic transfer, so that stock git-lfs reads and writes large files of projects.

https://github.com/git-lfs/git-lfs/blob/main/docs/api/batch.md and basic-transfers.md.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta
from tornado.web import RequestHandler, stream_request_body

from dotscience_hub.services.contents import Contents
from jupyter_dotscience.api.commits import ObjectRef
from jupyter_dotscience.api.problems import BadRequest
from jupyter_dotscience.api.projects import Role

from .answers import send_download
from .base import REALM
from .git_http import PREFIX, Authorize, GitAccess, GitHandler
from .problems import problem_of
from .receiving import ReceivingHandler

CONTENT_TYPE = "application/vnd.git-lfs+json"
MAX_BATCH = 16 << 20
"""Bytes of a list of objects; to be set as the server's limit for bodies that are read as a whole."""
_EXPIRES = 3600


class _Object(msgspec.Struct, frozen=True):
    oid: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Meta(ge=0)]


class _BatchRequest(msgspec.Struct, frozen=True):
    operation: Literal["upload", "download"]
    objects: Annotated[list[_Object], Meta(max_length=10_000)]
    hash_algo: str = "sha256"


class LfsHandler(GitHandler):
    """What requests of git-lfs have in common."""

    route_name = "lfs"

    def initialize(self, contents: Contents, authorize: Authorize) -> None:  # type: ignore[override]
        """Args: objects, and who may have them."""
        self._contents = contents
        self._authorize = authorize

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer as git-lfs wants errors: a JSON object with `message`."""
        error = kwargs.get("exc_info", (None, None))[1]
        problem = problem_of(error, self.request_id) if error is not None else None
        status = status_code if problem is None else problem.status
        self.set_status(status)
        if status == 401:
            self.set_header("LFS-Authenticate", f'Basic realm="{REALM}"')
            self.set_header("WWW-Authenticate", self.challenge)
        self.send_lfs({"message": "The request failed." if problem is None else problem.message})

    def send_lfs(self, body: object) -> None:
        """Finish with a JSON body of git-lfs's own media type."""
        self.set_header("Content-Type", CONTENT_TYPE)
        self.finish(msgspec.json.encode(body))

    def decode(self, kind: type[Any]) -> Any:
        """The body.

        Raises:
            BadRequest: it does not have the right form.
        """
        try:
            return msgspec.json.decode(self.request.body, type=kind)
        except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
            raise BadRequest(f"The request is not one of git-lfs: {error}.") from None


class Batch(LfsHandler):
    """`POST objects/batch`: where to send or get objects."""

    async def post(self, project: str) -> None:
        """Answer with an action per object."""
        # Who asks must be known before anything is said about the request.
        access = await self._authorize(self, project, Role.READER)
        batch = self.decode(_BatchRequest)
        if batch.hash_algo != "sha256":
            raise BadRequest("Objects are named by their SHA-256 here.")
        if batch.operation == "upload":
            access = await self._authorize(self, project, Role.WRITER)
        missing = await asyncio.to_thread(self._missing, access.project, batch)
        answers = [self._answer(access, batch.operation, each, missing) for each in batch.objects]
        self.send_lfs({"transfer": "basic", "objects": answers, "hash_algo": "sha256"})

    def _missing(self, project: str, batch: _BatchRequest) -> set[str]:
        refs = [ObjectRef(sha256=each.oid, size=each.size) for each in batch.objects]
        missing = self._contents.missing_objects(project, refs)
        if batch.operation == "upload":
            self._contents.check_room(project, sum(ref.size for ref in refs if ref.sha256 in missing))
        return missing

    def _answer(self, access: GitAccess, operation: str, each: _Object, missing: set[str]) -> dict[str, Any]:
        answer: dict[str, Any] = {"oid": each.oid, "size": each.size, "authenticated": True}
        if operation == "download":
            if each.oid in missing:
                answer["error"] = {"code": 404, "message": "This project has no such object."}
            else:
                answer["actions"] = {"download": self._action(access, f"objects/{each.oid}")}
        elif each.oid in missing:
            answer["actions"] = {
                "upload": self._action(access, f"objects/{each.oid}"),
                "verify": self._action(access, "verify"),
            }
        return answer

    def _action(self, access: GitAccess, path: str) -> dict[str, Any]:
        """Where to go next; with what the caller showed here, so that it need not be asked again."""
        base = f"{self.request.protocol}://{self.request.host}/services/dotscience/git/{access.project}.git/info/lfs"
        action: dict[str, Any] = {"href": f"{base}/{path}", "expires_in": _EXPIRES}
        authorization = self.request.headers.get("Authorization")
        if authorization is not None:
            action["header"] = {"Authorization": authorization}
        return action


@stream_request_body
class Object(ReceivingHandler, LfsHandler):
    """`PUT` and `GET objects/<oid>`: the content itself."""

    async def begin(self) -> None:
        """The object is stored for whoever may write."""
        access = await self._authorize(self, self.path_kwargs["project"], Role.WRITER)
        length = self.request.headers.get("Content-Length")
        size, oid = None if length is None else int(length), self.path_kwargs["oid"]
        self.receive(lambda body: self._contents.receive_object(access.project, oid, body, size))

    async def put(self, project: str, oid: str) -> None:
        """The body is there: it is stored, or refused."""
        del project, oid
        await self.received()

    async def get(self, project: str, oid: str) -> None:
        """Send the content; honours Range."""
        access = await self._authorize(self, project, Role.READER)
        download = await asyncio.to_thread(self._contents.object, access.project, oid)
        await send_download(self, download)


class Verify(LfsHandler):
    """`POST verify`: whether an upload has arrived."""

    async def post(self, project: str) -> None:
        """Answer 200, or 404."""
        access = await self._authorize(self, project, Role.WRITER)
        each = self.decode(_Object)
        ref = ObjectRef(sha256=each.oid, size=each.size)
        if await asyncio.to_thread(self._contents.missing_objects, access.project, [ref]):
            self.set_status(404)
            self.send_lfs({"message": "The object has not arrived."})
            return
        self.send_lfs({})


class Locks(LfsHandler):
    """The locking API, which is not offered; with 501 git-lfs notes that and stays quiet."""

    async def get(self, project: str) -> None:
        """Say so."""
        await self._authorize(self, project, Role.READER)
        self.set_status(501)
        self.send_lfs({"message": "This hub has no file locks."})

    post = get


def handlers(contents: Contents, authorize: Authorize) -> list[tuple[str, type[RequestHandler], dict[str, object]]]:
    """Tornado's rules for these addresses."""
    shared: dict[str, object] = {"contents": contents, "authorize": authorize}
    lfs = PREFIX + "/info/lfs"
    return [
        (lfs + r"/objects/batch", Batch, shared),
        (lfs + r"/objects/(?P<oid>[0-9a-f]{64})", Object, shared),
        (lfs + r"/verify", Verify, shared),
        (lfs + r"/locks(?:/verify)?", Locks, shared),
    ]
