"""The data folder of the all-in-one hub."""

from __future__ import annotations

import base64
import fcntl
import os
import secrets
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from dotscience_hub.privatefile import write_private

from .errors import LauncherError


def default_data_dir() -> Path:
    """Where a person's data belongs on this platform."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "dotscience-hub"
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "dotscience-hub"


@dataclass(frozen=True)
class DataFolder:
    """Names of all that is in it.

    Attributes:
        root: The folder itself, absolute.
    """

    root: Path

    @property
    def hub_database(self) -> Path:
        """JupyterHub's own database."""
        return self.root / "hub.sqlite"

    @property
    def accounts(self) -> Path:
        """Names and password hashes."""
        return self.root / "accounts.sqlite"

    @property
    def initial_password(self) -> Path:
        """The generated admin password, until it is changed."""
        return self.root / "admin-password"

    @property
    def secrets(self) -> Path:
        """Folder of secrets that the parts share."""
        return self.root / "secrets"

    @property
    def cookie_secret(self) -> Path:
        """Signs JupyterHub's cookies."""
        return self.secrets / "hub-cookie"

    @property
    def runner_token(self) -> Path:
        """The local runner's token; the service writes it."""
        return self.secrets / "local-runner"

    @property
    def runner(self) -> Path:
        """The local runner's spool."""
        return self.root / "runner"

    @property
    def logs(self) -> Path:
        """What the parts print."""
        return self.root / "logs"

    @property
    def state(self) -> Path:
        """What concerns the present start only: process ids, settings, ports."""
        return self.root / "state"

    def make(self) -> None:
        """Make the folders that are missing.

        Raises:
            LauncherError: It cannot be made or written to, or belongs to someone else.
        """
        try:
            for path in (self.root, self.secrets, self.runner, self.logs, self.state):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self.root.stat().st_uid != os.getuid():
                raise LauncherError(f"The data folder {self.root} belongs to another user; choose one with --data-dir.")
            self.root.chmod(0o700)
        except OSError as error:
            raise LauncherError(f"The data folder {self.root} cannot be used: {error.strerror}.") from None
        if not os.access(self.root, os.W_OK):
            raise LauncherError(f"The data folder {self.root} cannot be written to.")

    def lock(self) -> IO[str]:
        """Take the folder for this process; the lock ends with the file or the process.

        Raises:
            LauncherError: Another launcher has it.
        """
        file = (self.state / "lock").open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            owner = file.read().strip() or "another process"
            file.close()
            raise LauncherError(f"A hub runs already on {self.root} (process {owner}).") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        return file

    def secret(self, name: str) -> str:
        """A secret of 32 random bytes by name, in URL-safe base64; made when it is first asked for."""
        path = self.secrets / name
        if not path.exists():
            write_private(path, base64.urlsafe_b64encode(secrets.token_bytes(32)).decode().rstrip("="))
        return path.read_text().strip()
