"""Accounts from the command line, whether the hub runs or not."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from dotscience_hub.auth.accounts import Accounts

from .errors import LauncherError
from .folder import DataFolder
from .hubapi import HubApi
from .settings import HubSettings


def open_accounts(data_dir: Path) -> tuple[DataFolder, Accounts]:
    """The folder of a hub and its accounts.

    Raises:
        LauncherError: There is no hub's folder, or it is not for this user.
    """
    folder = DataFolder(data_dir.absolute())
    if not folder.accounts.exists():
        raise LauncherError(f"There is no hub in {folder.root}; `dotscience-hub up` makes one, --data-dir names one.")
    if not os.access(folder.accounts, os.W_OK):
        raise LauncherError(f"{folder.accounts} cannot be written to; run this as the user who runs the hub.")
    return folder, Accounts(folder.accounts, folder.initial_password)


def announce_user(folder: DataFolder, name: str) -> bool:
    """Make a running hub know a new user at once, so that projects can be shared with them before their first login.

    Args:
        folder: The hub's folder.
        name: The user.

    Returns:
        Whether a hub answered; otherwise the next start does it.
    """
    try:
        settings = msgspec.json.decode((folder.state / "settings.json").read_bytes(), type=HubSettings)
    except (OSError, msgspec.MsgspecError):
        return False
    return HubApi(f"http://127.0.0.1:{settings.ports.hub}", settings.launcher_token).add_user(name)
