"""How a password becomes a token, through JupyterHub's own API.

First the token request that carries the password, which works for authenticators that take a user name and a password
and for users the hub knows (https://jupyterhub.readthedocs.io/en/stable/reference/rest-api.html, POST
/users/{name}/tokens). The hub refuses people who never logged in before in the same way as wrong passwords; for them
the login form is filled in as a browser would, which makes them known.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec

from jupyter_dotscience.api.logins import TOKEN_LIFETIME
from jupyter_dotscience.api.problems import BadRequest, DotscienceError, Forbidden, NotLoggedIn
from jupyter_dotscience.api.routes import TOKEN_SCOPES

from . import address, answers, transport

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse


class WrongPassword(NotLoggedIn):
    """The hub does not accept this user name with this password."""


class NoPasswords(NotLoggedIn):
    """People log in to this hub through another site."""


class Grant(msgspec.Struct, frozen=True):
    """What the hub answers when it makes a token."""

    token: str
    user: str
    id: str = ""
    expires_at: str | None = None

    @property
    def expires(self) -> dt.datetime | None:
        """When the token ends, with its zone."""
        try:
            moment = dt.datetime.fromisoformat(self.expires_at) if self.expires_at else None
        except ValueError:
            return None
        return moment.replace(tzinfo=dt.UTC) if moment and moment.tzinfo is None else moment

    def __repr__(self) -> str:
        return f"Grant(user={self.user!r}, id={self.id!r})"


def with_password(url: str, username: str, password: str, *, note: str) -> Grant:
    """A new token for a user.

    Args:
        url: The hub's address.
        username: As the user types it; the hub may write it otherwise (in lower case).
        password: Sent to the hub and kept nowhere.
        note: What the hub's token page says of the token.

    Raises:
        WrongPassword: refused.
        NoPasswords: the hub has no form that asks for one.
        Unreachable: no hub there.
        BadRequest: the hub does not know Dotscience, or the user may not use it.
    """
    hub = _Hub(address.normalize(url))
    wish = {"note": note, "expires_in": TOKEN_LIFETIME, "scopes": list(TOKEN_SCOPES)}
    for name in dict.fromkeys((username, username.lower())):
        answer = hub.ask_token(name, wish | {"auth": {"username": username, "password": password}})
        if answer is not None:
            return answer
    if not hub.fill_in_form(username, password):
        raise WrongPassword(f"The hub does not accept this password or API token; try `ds login {username}` again.")
    try:
        granted = hub.ask_token(hub.name() or username, wish)
    finally:
        hub.leave()
    if granted is None:
        raise Forbidden(f"The hub let {username} in, but does not give a token; ask its administrator.")
    return granted


@dataclass
class _Hub:
    """Just enough of a browser for JupyterHub's login page."""

    url: str
    cookies: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._pool = transport.make_pool(self.url)

    def ask_token(self, name: str, wish: dict[str, Any]) -> Grant | None:
        """The token, or None when the hub refuses the user."""
        if name in ("", ".", ".."):
            return None
        path = f"/hub/api/users/{quote(name, safe='')}/tokens"
        answer = self._request("POST", path, body=msgspec.json.encode(wish), kind="application/json")
        if answer.status == 400 and b"expires_in" in answer.data and "expires_in" in wish:
            # The hub has a shorter limit for tokens; without a wish it takes that one.
            return self.ask_token(name, {key: value for key, value in wish.items() if key != "expires_in"})
        if answer.status == 201:
            return msgspec.json.decode(answer.data, type=Grant)
        if answer.status in (403, 404) and _is_json(answer):
            return None
        raise self._unexpected(answer)

    def fill_in_form(self, username: str, password: str) -> bool:
        """Log in as a browser does. False when the hub shows the form again."""
        page = self._request("GET", "/hub/login")
        if 300 <= page.status < 400 or (page.status == 200 and b'name="password"' not in page.data):
            raise NoPasswords("This hub takes no passwords; log in with `ds login --web`, or `ds login --device`.")
        fields = {"username": username, "password": password, "_xsrf": self.cookies.get("_xsrf", "")}
        answer = self._request(
            "POST",
            "/hub/login?next=%2Fhub%2Fhome",
            body=urlencode(fields).encode(),
            kind="application/x-www-form-urlencoded",
        )
        if answer.status != 302 or "/login" in answer.headers.get("Location", ""):
            return False
        self._request("GET", "/hub/home")  # binds a new XSRF cookie to the user who is now logged in
        return True

    def name(self) -> str | None:
        """The logged-in user's name as the hub writes it."""
        answer = self._request("GET", "/hub/api/user")
        try:
            found = msgspec.json.decode(answer.data)["name"] if answer.status == 200 else None
        except (msgspec.DecodeError, KeyError, TypeError):
            return None
        return found if isinstance(found, str) else None

    def leave(self) -> None:
        """End the browser's session; the token stays."""
        self._request("GET", "/hub/logout")

    def _request(self, method: str, path: str, *, body: bytes | None = None, kind: str = "") -> BaseHTTPResponse:
        import urllib3

        headers = {"Sec-Fetch-Mode": "navigate" if not path.startswith("/hub/api/") else "cors"}
        if kind:
            headers["Content-Type"] = kind
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers["X-XSRFToken"] = self.cookies.get("_xsrf", "")
        try:
            answer = self._pool.request(
                method, self.url + path, body=body, headers=headers, timeout=60, retries=False, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise answers.unreachable(self.url, error) from error
        self._remember(answer)
        return answer

    def _remember(self, answer: BaseHTTPResponse) -> None:
        for text in answer.headers.getlist("Set-Cookie"):
            try:
                found = SimpleCookie(text)
            except CookieError:
                continue
            for name, morsel in found.items():
                self.cookies.pop(name, None)
                if morsel.value:
                    self.cookies[name] = morsel.coded_value

    def _unexpected(self, answer: BaseHTTPResponse) -> DotscienceError:
        if answer.status == 400 and _is_json(answer):
            reason = msgspec.json.decode(answer.data).get("message", "")
            return BadRequest(
                f"The hub at {self.url} does not give a token for Dotscience: {reason}.".replace("..", ".")
            )
        if answer.status in (200, 404, 405):
            return answers.error_of(self.url, 404, {}, b"")
        return answers.error_of(self.url, answer.status, answer.headers, b"")


def _is_json(answer: BaseHTTPResponse) -> bool:
    try:
        return isinstance(msgspec.json.decode(answer.data), dict)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
