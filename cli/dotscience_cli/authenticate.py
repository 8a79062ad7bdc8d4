"""From a user name and a secret, which is a password or an API token, to a login."""

from __future__ import annotations

import platform
import re

from . import config
from .guard import Failure
from .text import printable

_TOKEN = re.compile(r"^[A-Za-z0-9_\-]{20,}$")


def authenticate(url: str, username: str, secret: str) -> config.Login:
    """A login for a user.

    A secret that looks like a token is tried as one first, then as a password: nobody has to say which it is.

    Args:
        url: The hub's address.
        username: As the user types it.
        secret: Kept nowhere but, when it is a token, in the login.

    Raises:
        DotscienceError: the hub refuses, or cannot be reached.
        Failure: the token is another user's.
    """
    from jupyter_dotscience.client import login

    if _TOKEN.match(secret) and (found := with_token(url, secret, username)):
        return found
    grant = login.with_password(url, username, secret, note=f"ds on {machine_name()}")
    expires = grant.expires
    return config.Login(url, grant.user, grant.token, expires.timestamp() if expires else None, grant.id)


def with_confirmation(url: str, username: str | None, *, web: bool, open_browser: bool = True) -> config.Login:
    """A login that somebody confirms in a browser.

    Args:
        url: The hub's address.
        username: Whose it must be, or None for whoever confirms.
        web: In a browser on this machine; otherwise on any other.
        open_browser: False to print the address only.

    Raises:
        DotscienceError: the hub refuses, or cannot be reached.
        Failure: it was refused or not confirmed, or another user confirmed.
    """
    from jupyter_dotscience.client import Client

    from . import browserlogin, devicelogin

    with Client(url, retry_for=4) as client:
        if web:
            grant = browserlogin.log_in(client, machine_name(), open_browser=open_browser)
        else:
            grant = devicelogin.log_in(client, machine_name())
    if username is not None and grant.user.lower() != username.lower():
        revoke(url, grant.token)
        raise Failure(f"In the browser you are {grant.user}, not {username}; nothing is stored. Log out there first.")
    return config.Login(url, grant.user, grant.token, grant.expires.timestamp() if grant.expires else None, grant.id)


def machine_name() -> str:
    """What this machine calls itself, as the hub's pages show it."""
    return printable(platform.node())[:100] or "an unnamed machine"


def revoke(url: str, token: str) -> None:
    """End a token at Dotscience.

    Raises:
        DotscienceError: the hub refuses, or cannot be reached.
    """
    from jupyter_dotscience.api.logins import TokenRevoke
    from jupyter_dotscience.client import Client

    with Client(url, retry_for=4) as client:
        client.revoke_token(TokenRevoke(token=token))


def with_token(url: str, token: str, username: str | None = None) -> config.Login | None:
    """The login that a token is, or None when the hub does not take it.

    Args:
        url: The hub's address.
        token: A JupyterHub token that may use Dotscience.
        username: Whose it must be, or None for whoever it is.

    Raises:
        Failure: it is another user's.
    """
    from jupyter_dotscience.api.problems import Forbidden, NotLoggedIn
    from jupyter_dotscience.client import Client

    try:
        with Client(url, token, retry_for=4) as client:
            account = client.get_account()
    except (NotLoggedIn, Forbidden):
        return None
    if username is not None and account.name.lower() != username.lower():
        raise Failure(f"This API token is that of {account.name}, not of {username}.")
    return config.Login(url, account.name, token)


def is_valid(url: str, token: str) -> bool:
    """Whether the hub takes a token."""
    return with_token(url, token) is not None
