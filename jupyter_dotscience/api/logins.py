"""Logging in through a browser: on this machine (RFC 8252 with PKCE, RFC 7636), or on any other (RFC 8628)."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ._base import Model, Request, Time

TOKEN_LIFETIME = 30 * 24 * 3600
"""Seconds that a token made by a login is asked to live; the hub may have a shorter limit."""
AUTHORIZE_PAGE = "/services/dotscience/cli/authorize"
"""Where a browser is sent to confirm a login, below the hub's address."""
OUTCOME_PAGES = {True: "/services/dotscience/cli/done", False: "/services/dotscience/cli/failed"}
"""Where a browser ends, below the hub's address, by whether the login succeeded."""

Machine = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]+$",
        description="What the machine that logs in calls itself; shown to the person who confirms.",
    ),
]
Verifier = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9._~-]{43,128}$", description="PKCE's code_verifier (RFC 7636, section 4.1).")
]
Challenge = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$", description="PKCE's code_challenge, method S256.")]
OneTimeCode = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}$", description="256 random bits; serves once.")]


class CodeRedeem(Request, frozen=True, kw_only=True):
    """A code that the browser brought, and the proof that the login was begun here."""

    code: OneTimeCode
    code_verifier: Verifier

    def __repr__(self) -> str:
        """Without the secrets: what is shown ends up in logs."""
        return f"{type(self).__name__}()"


class DeviceStart(Request, frozen=True, kw_only=True):
    """A machine without a browser wants to log in."""

    machine: Machine


class DeviceLogin(Model, frozen=True, kw_only=True):
    """What to tell the person, and what to ask with (RFC 8628, section 3.2)."""

    device_code: OneTimeCode
    user_code: Annotated[str, Meta(description="To be typed on the page: XXXX-XXXX.")]
    verification_uri: Annotated[
        str, Meta(description="The page; where it has no host, at the address at which the caller knows the hub.")
    ]
    verification_uri_complete: Annotated[str, Meta(description="The same with the code filled in.")]
    interval: Annotated[float, Meta(description="Seconds to wait between two questions, at the least.")]
    expires_in: Annotated[float, Meta(description="Seconds until nobody can confirm it any more.")]

    def __repr__(self) -> str:
        """Without the device code."""
        return f"{type(self).__name__}(user_code={self.user_code!r})"


class DevicePoll(Request, frozen=True, kw_only=True):
    """Has somebody confirmed?"""

    device_code: OneTimeCode

    def __repr__(self) -> str:
        """Without the code."""
        return f"{type(self).__name__}()"


class LoginGrant(Model, frozen=True, kw_only=True):
    """A new token of the hub."""

    token: str
    user: str
    id: Annotated[str, Meta(description="The token's name on the hub's token page.")]
    expires: Time | None

    def __repr__(self) -> str:
        """Without the token."""
        return f"{type(self).__name__}(user={self.user!r}, id={self.id!r})"


class TokenRevoke(Request, frozen=True, kw_only=True):
    """A user's token that Dotscience shall take no more (RFC 7009): who has it may end it."""

    token: Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"^[\x21-\x7e]+$")]

    def __repr__(self) -> str:
        """Without the token."""
        return f"{type(self).__name__}()"
