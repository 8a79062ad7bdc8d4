"""What ``ds`` remembers: the hub's address, and one login per hub."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from .guard import Failure


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


def folder() -> Path:
    """Where the files are: DOTSCIENCE_CONFIG_DIR, or ``dotscience`` in the user's own place for configuration."""
    return Path(os.environ.get("DOTSCIENCE_CONFIG_DIR") or click.get_app_dir("dotscience"))


def cache_folder() -> Path:
    """Where things are kept that can be lost without harm."""
    if own := os.environ.get("DOTSCIENCE_CONFIG_DIR"):
        return Path(own) / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dotscience"


def server_url() -> str | None:
    """The hub that ``ds set server-url`` chose."""
    value = _read(folder() / "config.json").get("server_url")
    return value if isinstance(value, str) else None


def set_server_url(url: str) -> None:
    """Remember the hub's address."""
    path = folder() / "config.json"
    _write(path, _read(path) | {"server_url": url})


def load_login(url: str) -> Login | None:
    """The login for a hub, if there is one."""
    found = _read(_login_file(url))
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


def save_login(login: Login) -> None:
    """Remember a login, in a file that only the user can read."""
    known = {"username": login.username, "token": login.token, "expires": login.expires, "id": login.id}
    _write(_login_file(login.url), known)


def forget_login(url: str) -> bool:
    """Forget the login for a hub; False when there was none."""
    try:
        _login_file(url).unlink()
    except FileNotFoundError:
        return False
    return True


def _login_file(url: str) -> Path:
    """One file per hub, so that two logins at once do not undo each other."""
    from urllib.parse import quote

    return folder() / "logins" / f"{quote(url, safe='')}.json"


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise Failure(f"{path} is damaged: it does not hold JSON. Remove it, and log in again.") from None
    return found if isinstance(found, dict) else {}


def _write(path: Path, content: dict[str, Any]) -> None:
    """Replace a file at once. ``mkstemp`` makes it with mode 0600 whatever the umask, never opening what is there."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".")
    try:
        with os.fdopen(handle, "w") as file:
            json.dump(content, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - both ends are names that mkstemp and we made
    except BaseException:
        os.unlink(temporary)  # noqa: PTH108
        raise
