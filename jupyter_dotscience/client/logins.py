"""Logins that ``ds login`` stored, one file per hub, for programs that speak to a hub in their user's name."""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jupyter_dotscience.api.problems import NotLoggedIn


@dataclass(frozen=True)
class Login:
    """A token for one hub.

    Attributes:
        url: The hub's address.
        username: As the hub writes it.
        token: Never printed.
        expires: Seconds since 1970, or None when it is not known.
        id: The token's name on the hub's token page, or empty.
    """

    url: str
    username: str
    token: str
    expires: float | None = None
    id: str = ""

    def __repr__(self) -> str:
        return f"Login({self.url!r}, {self.username!r})"

    @property
    def expired(self) -> bool:
        """Whether its time is over."""
        return self.expires is not None and self.expires <= time.time()


def folder() -> Path:
    """Where the files are: DOTSCIENCE_CONFIG_DIR, or ``dotscience`` in the user's own place for configuration."""
    import click

    return Path(os.environ.get("DOTSCIENCE_CONFIG_DIR") or click.get_app_dir("dotscience"))


def file_of(url: str) -> Path:
    """The file of a hub's login: one per hub, so that two logins at once do not undo each other."""
    return folder() / "logins" / f"{quote(url, safe='')}.json"


def load(url: str) -> Login | None:
    """The login for a hub, if there is one.

    Raises:
        ValueError: the file does not hold JSON.
    """
    try:
        found: Any = json.loads(file_of(url).read_bytes())
    except FileNotFoundError:
        return None
    if not isinstance(found, dict):
        return None
    if not isinstance(found.get("token"), str) or not isinstance(found.get("username"), str):
        return None
    expires = found.get("expires")
    return Login(
        url=url,
        username=found["username"],
        token=found["token"],
        expires=float(expires) if isinstance(expires, int | float) else None,
        id=str(found.get("id") or ""),
    )


def chosen_hub() -> str | None:
    """The hub that ``ds set server-url`` chose, if there is one."""
    try:
        found: Any = json.loads((folder() / "config.json").read_bytes())
    except (OSError, ValueError):
        return None
    url = found.get("server_url") if isinstance(found, dict) else None
    return url if isinstance(url, str) else None


def token_for(url: str) -> str:
    """A token for a hub: DOTSCIENCE_TOKEN where DOTSCIENCE_URL names this hub, else the stored login's.

    Raises:
        NotLoggedIn: there is none, or its time is over.
    """
    from .address import normalize

    given, hub = os.environ.get("DOTSCIENCE_TOKEN"), os.environ.get("DOTSCIENCE_URL")
    if given and hub and normalize(hub) == url:
        return given.strip()
    try:
        login = load(url)
    except (OSError, ValueError):
        login = None
    if login is None:
        raise NotLoggedIn(f"You are not logged in to {url}. Log in with `ds login USERNAME`.")
    if login.expired:
        raise NotLoggedIn(f"Your login at {url} has expired. Log in again with `ds login {login.username}`.")
    return login.token
