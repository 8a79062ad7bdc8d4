"""How a runner executes: docker, process, dummy."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from .base import Backend, BackendError


def choose(name: str, spool: Path, gpus: int = 0) -> Backend:
    """The backend of this name.

    Args:
        name: ``docker``, ``process``, ``dummy``, or ``auto``: Docker if an engine answers, else processes.
        spool: The agent's spool, which tasks see parts of.
        gpus: How many GPUs tasks may use.

    Raises:
        BackendError: it cannot be used here.
    """
    if name == "dummy":
        from .dummy import DummyBackend

        return DummyBackend()
    if name in ("docker", "auto"):
        try:
            return _docker(spool, gpus)
        except BackendError:
            if name == "docker":
                raise
    from .process import ProcessBackend
    from .sandbox import Sandbox

    return ProcessBackend(Sandbox.find(), range(gpus))


def _docker(spool: Path, gpus: int) -> Backend:
    if importlib.util.find_spec("docker") is None:
        raise BackendError("The Docker backend needs the Python package `docker`, which the extra `runner` brings.")
    from .docker import DockerBackend

    return DockerBackend(spool, gpus=range(gpus))
