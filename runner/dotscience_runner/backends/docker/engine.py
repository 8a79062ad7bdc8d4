"""The connection to a Docker engine."""

from __future__ import annotations

import re
import socket
import time
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

import docker
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from dotscience_runner.backends.base import BackendError

T = TypeVar("T")
DEFAULT_URL = "unix:///var/run/docker.sock"
# Device requests came with 1.40, which is engine 19.03.
OLDEST_API = (1, 40)
CALL_SECONDS = 120
PATIENCE_SECONDS = 60
RETRY_SECONDS = 0.25
# Each task holds up to three connections (output, stop, a call); the SDK's default of ten would open and close more.
CONNECTIONS = 96


class Engine:
    """An engine that answers.

    Args:
        url: Its address; None for what DOCKER_HOST and its companions say, or else the usual socket.

    Attributes:
        api: The SDK's low-level client, which has no types.
        info: What the engine said of itself when we connected.

    Raises:
        BackendError: no engine answers, or it is no Docker engine that we can use.
    """

    def __init__(self, url: str | None = None) -> None:
        settings: dict[str, Any] = kwargs_from_env()
        self.url: str = url or settings.get("base_url") or DEFAULT_URL
        settings["base_url"] = self.url
        _probe(self.url)
        try:
            self.api: Any = docker.APIClient(
                version="auto", timeout=CALL_SECONDS, num_pools=4, max_pool_size=CONNECTIONS, **settings
            )
            version: dict[str, Any] = self.api.version()
            self.info: dict[str, Any] = self.api.info()
        except (DockerException, OSError) as error:
            raise BackendError(f"No Docker engine answers at {self.url} ({error}).") from error
        # Backends are made and dropped without ceremony; connections shall not wait for the end of the process.
        weakref.finalize(self, self.api.close)
        self.api_version = _numbers(self.api.api_version)
        _refuse_others(version, self.info, self.api_version)

    @property
    def socket_path(self) -> str | None:
        """The engine's socket on this machine, if it is one."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else None

    def close(self) -> None:
        """Close all connections."""
        self.api.close()

    def patiently(self, call: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
        """Make a call that may be repeated, and repeat it while the engine does not answer: it may be restarting.

        Raises:
            BackendError: it did not answer for ``seconds``.
            docker.errors.APIError: it answered with an error.
        """
        end = time.monotonic() + seconds
        while True:
            try:
                return call()
            except APIError:  # which is an OSError too
                raise
            except OSError as error:
                if time.monotonic() >= end:
                    raise BackendError(f"The Docker engine at {self.url} does not answer ({error}).") from error
            time.sleep(RETRY_SECONDS)

    def inspect(self, container: str) -> dict[str, Any] | None:
        """All about a container, None when there is none.

        Raises:
            OSError: the engine does not answer.
        """
        try:
            found: dict[str, Any] = self.api.inspect_container(container)
        except NotFound:
            return None
        return found

    def stream(self, method: str, path: str, **options: Any) -> Any:
        """A call whose answer is read as it comes, without a limit of time.

        Raises:
            docker.errors.APIError: the engine answered with an error.
            OSError: it does not answer.
        """
        url = f"{self.api.base_url}/v{self.api.api_version}{path}"
        response = self.api.request(method, url, stream=True, timeout=None, **options)
        if response.status_code >= 400:
            with response:
                kind = NotFound if response.status_code == 404 else APIError
                raise kind(_message(response), response, _message(response))
        return response


def explain(error: APIError) -> str:
    """What the engine said, on one line and without its closing full stop."""
    return " ".join(str(error.explanation or error).split()).rstrip(".")


def _message(response: Any) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return str(response.reason)


def _probe(url: str) -> None:
    """Find out whether somebody listens: the SDK leaks its own socket when nobody does."""
    if not url.startswith("unix://"):
        return
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect(url.removeprefix("unix://"))
    except PermissionError as error:
        raise BackendError(f"No permission to use the Docker engine at {url}; is the user in group docker?") from error
    except OSError as error:
        raise BackendError(f"No Docker engine answers at {url} ({error.strerror or error}).") from error


def _refuse_others(version: dict[str, Any], info: dict[str, Any], api: tuple[int, ...]) -> None:
    """Refuse what speaks Docker's API without being Docker.

    Podman, for one, ignores a request for a GPU and has no usable times in its logs: tasks would seem to work.
    """
    names = [str(part.get("Name")) for part in version.get("Components") or []]
    if "Engine" not in names:
        other = names[0] if names else "something unknown"
        raise BackendError(f"What answers is {other}, not a Docker engine; runners need Docker.")
    if api < OLDEST_API:
        raise BackendError(f"Docker {version['Version']} is too old; runners need 19.03 or newer.")
    if info.get("OSType") != "linux":
        raise BackendError(f"The Docker engine runs {info.get('OSType')} containers; runners need linux ones.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version.partition("+")[0].partition("-")[0])) or (0,)
