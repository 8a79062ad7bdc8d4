"""The hub's users and the shares of their servers, as JupyterHub's API tells and changes them.

See https://jupyterhub.readthedocs.io/en/stable/reference/sharing.html. The service needs the scopes `read:users:name`,
`list:users` and `shares`, which `add_dotscience` gives it.
"""

from __future__ import annotations

import logging
import os
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import urllib3

from jupyter_dotscience.api.problems import Forbidden, NotFound, Unavailable

log = logging.getLogger("dotscience.people")
_SECONDS = urllib3.Timeout(connect=5.0, read=20.0)
_PAGE = 200
"""JupyterHub's own limit of a page."""


class _Named(msgspec.Struct):
    name: str


class _Users(msgspec.Struct):
    items: list[_Named]


class _Share(msgspec.Struct):
    user: _Named | None = None


class _Next(msgspec.Struct):
    offset: int


class _Pagination(msgspec.Struct):
    next: _Next | None = None


class _Shares(msgspec.Struct):
    items: list[_Share]
    pagination: _Pagination = msgspec.field(name="_pagination", default_factory=_Pagination)


class HubPeople:
    """Asks JupyterHub, on the caller's thread."""

    def __init__(self, api_url: str, token: str) -> None:
        """Args: the address of JupyterHub's API, and the service's own token for it."""
        self._url = api_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/jupyterhub-pagination+json"}
        self._http = urllib3.PoolManager(maxsize=4, timeout=_SECONDS, retries=False)

    @classmethod
    def of_environment(cls) -> HubPeople:
        """As JupyterHub tells the services that it starts."""
        return cls(os.environ["JUPYTERHUB_API_URL"], os.environ["JUPYTERHUB_API_TOKEN"])

    def is_known(self, user: str) -> bool:
        """Whether the hub has a user of this name."""
        return self._ask("GET", f"/users/{quote(user, safe='')}")[0] == 200

    def find(self, text: str, limit: int) -> list[str]:
        """Names of users that hold a text, in alphabetical order; % and _ in it stand for any characters."""
        query = urlencode({"name_filter": text, "sort": "name", "limit": limit, "offset": 0})
        _, body = self._ask("GET", f"/users?{query}")
        return [user.name for user in msgspec.json.decode(body, type=_Users).items]

    def guests(self, owner: str, server: str) -> list[str]:
        """Whom a user's server is shared with; nobody when there is no such server."""
        found: list[str] = []
        offset = 0
        while True:
            status, body = self._ask("GET", f"{_place(owner, server)}?limit={_PAGE}&offset={offset}")
            if status == 404:
                return []
            page = msgspec.json.decode(body, type=_Shares)
            found += [share.user.name for share in page.items if share.user is not None]
            if page.pagination.next is None:
                return sorted(found)
            offset = page.pagination.next.offset

    def let_in(self, owner: str, server: str, user: str) -> None:
        """Let a user open another's server."""
        status, _ = self._ask("POST", _place(owner, server), {"user": user})
        if status == 404:
            raise NotFound(f"the hub has no server {server!r} of {owner}.")
        if status == 400:
            raise NotFound(f"the hub has no user {user!r}.")

    def put_out(self, owner: str, server: str, user: str) -> None:
        """End that. A server or user that is gone has no share any more."""
        self._ask("PATCH", _place(owner, server), {"user": user})

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, bytes]:
        """Status, one of 2xx, 400 and 404, and body."""
        data = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._http.request(method, self._url + path, body=data, headers=self._headers, redirect=False)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            log.warning("JupyterHub does not answer: %s", error)
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.") from None
        if answer.status in (401, 403):
            log.error("JupyterHub refuses %s %s: the service lacks a scope", method, path)
            raise Forbidden(
                "The hub does not let Dotscience share servers or look for users: its configuration lacks the scopes "
                "`shares`, `read:users:name` and `list:users` for the service (add_dotscience sets them)."
            )
        if answer.status >= 500 or 300 <= answer.status < 400:
            log.warning("JupyterHub answers %s %s with %d", method, path, answer.status)
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.")
        return answer.status, answer.data


def _place(owner: str, server: str) -> str:
    return f"/shares/{quote(owner, safe='')}/{quote(server, safe='')}"
