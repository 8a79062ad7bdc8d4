"""Which hub, as whom: the client that a command works with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from . import config
from .guard import Failure, say

if TYPE_CHECKING:
    from jupyter_dotscience.client import Client

RETRY_FOR = 4.0
"""Seconds to bridge a restarting hub before a person is told that it is away."""


def url() -> str:
    """The hub's address: DOTSCIENCE_URL, or what ``ds set server-url`` chose.

    Raises:
        Failure: there is neither.
    """
    found = chosen()
    if found is None:
        raise Failure("No hub is chosen yet. Choose yours with `ds set server-url https://HUB`.")
    return found


def chosen() -> str | None:
    """The hub's address, if one was chosen."""
    from jupyter_dotscience.client.address import normalize

    found = os.environ.get("DOTSCIENCE_URL") or config.server_url()
    return normalize(found) if found else None


def connect(*, retry_for: float = RETRY_FOR) -> Client:
    """A client of the chosen hub with the user's token.

    The token is DOTSCIENCE_TOKEN, or that of DOTSCIENCE_USERNAME with DOTSCIENCE_PASSWORD (which logs in when no login
    of that user is stored), or that of ``ds login``.

    Raises:
        Failure: not logged in, or the login has expired.
    """
    from jupyter_dotscience.client import Client

    hub = url()
    return Client(hub, token(hub), retry_for=retry_for)


def token(hub: str) -> str:
    """The user's token for a hub, as :func:`connect` finds it.

    Raises:
        Failure: not logged in, or the login has expired.
    """
    given = os.environ.get("DOTSCIENCE_TOKEN")
    return given.strip() if given else _login(hub).token


def _login(hub: str) -> config.Login:
    username, password = os.environ.get("DOTSCIENCE_USERNAME"), os.environ.get("DOTSCIENCE_PASSWORD")
    stored = config.load_login(hub)
    if username and password:
        return _login_of_environment(hub, username, password, stored)
    if stored is None:
        raise Failure(f"You are not logged in to {hub}. Log in with `ds login USERNAME`, or `ds login --web`.")
    if username and username.lower() != stored.username.lower():
        raise Failure(
            f"DOTSCIENCE_USERNAME is {username}, but the login for {hub} is that of {stored.username}. "
            f"Log in with `ds login {username}`."
        )
    if stored.expired:
        raise Failure(f"Your login at {hub} has expired. Log in again with `ds login {stored.username}`.")
    return stored


def _login_of_environment(hub: str, username: str, password: str, stored: config.Login | None) -> config.Login:
    """The stored login while it serves, so that a script does not make a new token with each command."""
    from .authenticate import authenticate, is_valid

    if stored and stored.username.lower() == username.lower() and not stored.expired and is_valid(hub, stored.token):
        return stored
    login = authenticate(hub, username, password)
    try:
        config.save_login(login)
    except OSError:
        say("Warning: the login cannot be stored here; each command will log in anew.")
    return login
