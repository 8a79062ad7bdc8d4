"""JupyterLab by way of JupyterHub's own API: its servers are Dotscience's jupyter tasks.

See https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html, ``/users/{name}/servers/{server_name}``.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from jupyter_dotscience.api.problems import BadRequest, Conflict, DotscienceError, Forbidden, Unreachable
from jupyter_dotscience.api.servers import LENGTH, LETTERS
from jupyter_dotscience.api.tasks import JupyterWorkload, Task

from . import answers
from .client import Client

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse

_RUNS = "already running"
"""What JupyterHub says then."""
SILENCE_SECONDS = 60.0
"""The hub says something at least every 8 seconds while a server starts."""


class Progress(msgspec.Struct, frozen=True):
    """A word of the hub about a server that starts."""

    progress: int = 0
    message: str = ""
    failed: bool = False
    ready: bool = False
    url: str = ""


def new_name() -> str:
    """A name for a server that no other has. JupyterHub 6 takes 30 of lower case, digits and single hyphens."""
    return "t-" + "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def address_of(url: str, task: Task) -> str:
    """Where a browser finds a task's JupyterLab.

    Args:
        url: The hub's address.
        task: A JupyterLab.
    """
    assert isinstance(task.workload, JupyterWorkload)
    parts = ("user", quote(task.creator, safe="@"), quote(task.workload.server, safe=""), "lab")
    return "/".join((url, *filter(None, parts)))


class Servers:
    """A user's servers.

    Args:
        client: As the user.
        user: Their name on the hub.
    """

    def __init__(self, client: Client, user: str) -> None:
        self._client = client
        self._path = f"/hub/api/users/{quote(user, safe='')}/servers"

    def start(self, name: str, options: Mapping[str, Any]) -> bool:
        """Have the hub start a server. False when it runs already; its options stay.

        Raises:
            Forbidden: the token does not allow it.
            BadRequest: the hub refuses.
            Unreachable: the hub cannot be reached.
        """
        body = msgspec.json.encode({"user_options": dict(options)})
        answer = self._request("POST", name, body=body)
        if answer.status in (201, 202):
            answer.drain_conn()
            return True
        error = self._error(answer)
        if answer.status == 400 and _RUNS in str(error):
            return False
        raise error

    def follow(self, name: str) -> Iterator[Progress]:
        """What the hub says of a server until it is ready or has failed.

        Raises:
            Unreachable: the connection broke; the server may go on starting.
        """
        import urllib3

        answer = self._request("GET", f"{name}/progress", timeout=SILENCE_SECONDS)
        if answer.status != 200:
            raise self._error(answer)
        try:
            for event in _events(answer):
                yield event
                if event.ready or event.failed:
                    return
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise answers.unreachable(self._client.url, error) from error
        finally:
            answer.close()
        raise Unreachable(f"{self._client.url} said no more about the server; is the hub running?")

    def _request(self, method: str, path: str, *, body: bytes | None = None, timeout: float = 30.0) -> BaseHTTPResponse:
        import urllib3

        headers = {**self._client.credentials, "Accept": "application/json, text/event-stream"}
        try:
            return self._client.pool.request(
                method,
                f"{self._client.url}{self._path}/{path}",
                body=body,
                headers=headers,
                timeout=urllib3.Timeout(connect=10.0, read=timeout),
                retries=False,
                redirect=False,
                preload_content=False,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise answers.unreachable(self._client.url, error) from error

    def _error(self, answer: BaseHTTPResponse) -> DotscienceError:
        """The hub's own errors have a ``message``."""
        text = answer.read(answers.MAX_ERROR)
        try:
            said = str(msgspec.json.decode(text)["message"])
        except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError):
            said = ""
        if answer.status == 403:
            return Forbidden("This login may not start JupyterLab; log in again with `ds login USERNAME`.")
        if answer.status in (400, 409) and said:
            kind = Conflict if answer.status == 409 else BadRequest
            return kind(f"The hub does not start JupyterLab: {said.rstrip('.')}.")
        return answers.error_of(self._client.url, answer.status, answer.headers, b"")


def _events(answer: BaseHTTPResponse) -> Iterator[Progress]:
    """The data of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html)."""
    rest = b""
    for piece in answer.stream(1 << 16):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            if line.startswith(b"data:"):
                yield msgspec.json.decode(line[5:], type=Progress)
