"""Tokens for confirmed logins, made with the OAuth token of the user who confirmed.

The service could be given JupyterHub's scope `tokens`, and then anyone who takes over the service could be any user of
the hub. So it has none, and asks as the user (`tokens!user` among the service's `oauth_client_allowed_scopes`).
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from jupyterhub.httpclient import fetch

from jupyter_dotscience.api.logins import TOKEN_LIFETIME, LoginGrant
from jupyter_dotscience.api.problems import BadRequest, Forbidden, Unavailable
from jupyter_dotscience.api.routes import TOKEN_SCOPES

from .approval import Approval

_SECONDS = aiohttp.ClientTimeout(total=30)


class _Made(msgspec.Struct):
    token: str
    user: str
    id: str
    expires_at: dt.datetime | None = None


class Mint:
    """Makes tokens."""

    def __init__(self, api_url: str) -> None:
        """Args: the address of JupyterHub's API."""
        self._api_url = api_url.rstrip("/")

    async def make(self, approval: Approval) -> LoginGrant:
        """A token like the one that a password gets.

        Raises:
            Forbidden: The confirming user may make none.
            BadRequest: Not with what Dotscience needs.
            Unavailable: JupyterHub does not answer.
        """
        wish: dict[str, Any] = {"note": f"ds on {approval.machine}", "scopes": list(TOKEN_SCOPES)}
        status, body = await self._ask(approval, wish | {"expires_in": TOKEN_LIFETIME})
        if status == 400 and b"expires_in" in body:
            # The hub has a shorter limit for tokens; without a wish it takes that one.
            status, body = await self._ask(approval, wish)
        if status == 201:
            return _grant(msgspec.json.decode(body, type=_Made))
        if status in (401, 403, 404):
            raise Forbidden(
                f"The hub lets no token be made for {approval.user}: the login in the browser has ended, or the hub's "
                "configuration lacks `tokens!user` for the service (add_dotscience sets it)."
            )
        if status == 400:
            raise BadRequest(f"The hub does not let {approval.user} use all of Dotscience; ask its administrator.")
        raise Unavailable("JupyterHub does not answer the service; try again in a moment.")

    async def _ask(self, approval: Approval, wish: dict[str, Any]) -> tuple[int, bytes]:
        try:
            answer = await fetch(
                f"{self._api_url}/users/{quote(approval.user, safe='')}/tokens",
                method="POST",
                headers={"Authorization": f"Bearer {approval.session}"},
                json=wish,
                timeout=_SECONDS,
                raise_for_status=False,
            )
            async with answer:
                return answer.status, await answer.read()
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.") from None


def _grant(made: _Made) -> LoginGrant:
    expires = made.expires_at
    if expires is not None and expires.tzinfo is None:
        expires = expires.replace(tzinfo=dt.UTC)
    return LoginGrant(token=made.token, user=made.user, id=made.id, expires=expires)
