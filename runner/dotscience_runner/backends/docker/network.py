"""The network that all tasks of an engine share, in which they do not see each other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from docker.errors import APIError

from dotscience_runner.backends.base import BackendError

from .engine import Engine, explain

NAME = "dotscience-tasks"
HOST_NAME = "host.docker.internal"
ICC = "com.docker.network.bridge.enable_icc"


def ensure(engine: Engine, name: str, labels: Mapping[str, str]) -> str:
    """Make the network unless it is there, and answer its id.

    One network without communication between containers: a network for each task costs a third of a second, and an
    engine's address pools hold about thirty.

    Raises:
        BackendError: it cannot be made, or one of this name lets containers reach each other.
    """
    found = _find(engine, name)
    if found is None:
        try:
            engine.patiently(lambda: _create(engine, name, labels))
        except APIError as error:
            # 409: another task's thread or another runner was faster.
            if error.response is None or error.response.status_code != 409:
                raise BackendError(f"The network of the tasks cannot be made: {explain(error)}.") from error
        found = _find(engine, name)
    if found is None:
        raise BackendError(f"The network {name} vanished as soon as it was made.")
    if found.get("Options", {}).get(ICC) != "false":
        raise BackendError(
            f"In the Docker network {name} tasks could reach each other; remove it: docker network rm {name}"
        )
    return str(found["Id"])


def _create(engine: Engine, name: str, labels: Mapping[str, str]) -> Any:
    return engine.api.create_network(
        name, driver="bridge", check_duplicate=True, options={ICC: "false"}, labels=dict(labels)
    )


def _find(engine: Engine, name: str) -> dict[str, Any] | None:
    """The oldest of that name: engines do not quite prevent two when two ask at once, so ids are what counts."""
    listed = engine.patiently(lambda: engine.api.networks(names=[name]))
    same = sorted((one["Created"], one["Id"], one) for one in listed if one["Name"] == name)
    return same[0][2] if same else None
