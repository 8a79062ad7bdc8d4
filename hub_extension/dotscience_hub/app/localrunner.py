"""The local runner of the all-in-one hub: the service makes it, the launcher starts its agent."""

from __future__ import annotations

import shutil
from pathlib import Path

from dotscience_hub.privatefile import write_private
from dotscience_hub.services.caller import Caller
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.runners import RunnerCreate

from .wiring import Services

NAME, OWNER = "local", "admin"
LEAST_STORAGE, GIGABYTE = 10, 10**9


def ensure_local_runner(services: Services, path: Path) -> None:
    """Have the file hold the token of a shared runner.

    Args:
        services: Make the runner when the file has no token, or one that no runner has any more.
        path: The file, readable by its owner alone.
    """
    if path.exists() and services.access.runner_caller(path.read_text().strip()) is not None:
        return
    admin = Caller(kind=Principal.USER, name=OWNER, admin=True)
    wish = RunnerCreate(
        name=NAME, description="The runner on the hub's own machine.", shared=True, storage=_storage(path.parent)
    )
    created = services.runners.create_runner(admin, body=wish)
    write_private(path, created.token + "\n")


def _storage(folder: Path) -> int:
    """Gigabytes for the runner: half of what the disk has free, for the hub's own data are on it too."""
    return max(LEAST_STORAGE, shutil.disk_usage(folder).free // (2 * GIGABYTE))
