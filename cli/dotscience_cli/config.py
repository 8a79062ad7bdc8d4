"""What ``ds`` remembers: the hub's address, and one login per hub."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from jupyter_dotscience.client import logins
from jupyter_dotscience.client.logins import Login, folder

from .guard import Failure

__all__ = [
    "Login",
    "cache_folder",
    "folder",
    "forget_login",
    "load_login",
    "save_login",
    "server_url",
    "set_server_url",
]


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
    """The login for a hub, if there is one.

    Raises:
        Failure: its file is damaged.
    """
    try:
        return logins.load(url)
    except ValueError:
        raise _damaged(logins.file_of(url)) from None


def save_login(login: Login) -> None:
    """Remember a login, in a file that only the user can read."""
    known = {"username": login.username, "token": login.token, "expires": login.expires, "id": login.id}
    _write(logins.file_of(login.url), known)


def forget_login(url: str) -> bool:
    """Forget the login for a hub; False when there was none."""
    try:
        logins.file_of(url).unlink()
    except FileNotFoundError:
        return False
    return True


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except ValueError:
        raise _damaged(path) from None
    return found if isinstance(found, dict) else {}


def _damaged(path: Path) -> Failure:
    return Failure(f"{path} is damaged: it does not hold JSON. Remove it, and log in again.")


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
