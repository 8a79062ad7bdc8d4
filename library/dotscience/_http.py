"""HTTP to the hub in remote mode, with nothing but the standard library."""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from typing import IO, Any

from dotscience._errors import RemoteError

TIMEOUT = 60.0
"""Seconds without any byte before a request is given up."""

_ATTEMPTS = 10
_BUSY = (423, 502, 503, 504)
_REDIRECTS = range(300, 400)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not to be followed: urllib would send the password to whatever place it names."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


class Connection:
    """Requests to one hub in the name of one user (HTTP Basic, as version 0.8.7 does).

    Args:
        hostname: the hub's address, ``http://`` or ``https://``, where ``/v2/`` is served.
        username: the user's name.
        apikey: a token of that user.
        pause: seconds before an upload that found the workspace busy is tried again.

    Raises:
        ValueError: ``hostname`` is no such address.
    """

    def __init__(self, hostname: str, username: str, apikey: str, pause: float = 1.0) -> None:
        parts = urllib.parse.urlsplit(hostname)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"The hub's address must look like https://hub.example.org, not {hostname!r}.")
        self.address = hostname.rstrip("/")
        credentials = base64.b64encode(f"{username}:{apikey}".encode()).decode("ascii")
        self._headers = {"Authorization": f"Basic {credentials}"}
        self._opener = urllib.request.build_opener(_NoRedirect)
        self._pause = pause

    def get(self, path: str) -> Any:
        """The JSON answer to a GET.

        Raises:
            RemoteError: no answer, or not a good one.
        """
        return self._json(self._request("GET", path))

    def post(self, path: str, content: object) -> Any:
        """The JSON answer to a POST of JSON. It is sent once: what a lost answer means cannot be known.

        Raises:
            RemoteError: no answer, or not a good one.
        """
        request = self._request("POST", path, {"Content-Type": "application/json"})
        request.data = json.dumps(content).encode("ascii")
        return self._json(request)

    def put(self, path: str, file: str) -> None:
        """Upload a file; while the workspace is busy, or the hub away, it is tried again.

        Raises:
            RemoteError: it did not work in ten attempts, or was refused.
        """
        for attempt in range(1, _ATTEMPTS + 1):
            with open(file, "rb") as body:
                size = str(os.fstat(body.fileno()).st_size)
                request = self._request("PUT", path, {"Content-Length": size}, body)
                try:
                    self._send(request)
                    return
                except _Unavailable:
                    if attempt == _ATTEMPTS:
                        raise
            time.sleep(self._pause)

    def _request(
        self, method: str, path: str, headers: dict[str, str] | None = None, body: IO[bytes] | None = None
    ) -> urllib.request.Request:
        address = self.address + urllib.parse.quote(path, safe="/:@")
        everything = {**self._headers, **(headers or {})}
        return urllib.request.Request(address, body, everything, method=method)  # noqa: S310 - the scheme is checked

    def _json(self, request: urllib.request.Request) -> Any:
        answer = self._send(request)
        try:
            return json.loads(answer)
        except ValueError:
            raise RemoteError(f"{request.full_url} did not answer with JSON. Is that the hub's address?") from None

    def _send(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=TIMEOUT) as response:
                content: bytes = response.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise _refusal(request, error) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", error)
            raise _Unavailable(f"{request.full_url} cannot be reached: {reason}.") from None


class _Unavailable(RemoteError):
    """Worth another attempt."""


def _refusal(request: urllib.request.Request, error: urllib.error.HTTPError) -> RemoteError:
    where = f"{request.get_method()} {request.full_url}"
    if error.code == HTTPStatus.UNAUTHORIZED:
        return RemoteError(f"{where}: wrong user name or API key.")
    if error.code == HTTPStatus.NOT_FOUND:
        return RemoteError(
            f"{where}: not found. This hub may not offer remote publishing; "
            "run the script in a task instead: ds run -p PROJECT python SCRIPT."
        )
    if error.code in _REDIRECTS:
        return RemoteError(f"{where}: the hub is at {error.headers.get('Location')}; give that address.")
    text = error.read(2000).decode("utf-8", "replace").strip()
    kind = _Unavailable if error.code in _BUSY else RemoteError
    return kind(f"{where}: the hub answered {error.code} {error.reason}. {text}".rstrip())
