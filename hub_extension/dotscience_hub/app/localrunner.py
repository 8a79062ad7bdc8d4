"""The local runner of the all-in-one hub: the service makes it, the launcher starts its agent."""

from __future__ import annotations

from pathlib import Path

from dotscience_hub.privatefile import write_private
from dotscience_hub.services.caller import Caller
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.runners import RunnerCreate

from .wiring import Services

NAME, OWNER = "local", "admin"


def ensure_local_runner(services: Services, path: Path) -> None:
    """Have the file hold the token of a shared runner.

    Args:
        services: Make the runner when the file has no token, or one that no runner has any more.
        path: The file, readable by its owner alone.
    """
    if path.exists() and services.access.runner_caller(path.read_text().strip()) is not None:
        return
    admin = Caller(kind=Principal.USER, name=OWNER, admin=True)
    created = services.runners.create_runner(
        admin, body=RunnerCreate(name=NAME, description="The runner on the hub's own machine.", shared=True)
    )
    write_private(path, created.token + "\n")
