"""Whether an image has the command of a task.

Containers run under an init, so an engine starts them whether or not there is such a command; init would then say so in
the workload's standard error. Looking before the start gives one clear sentence instead.
"""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

from dotscience_runner.backends.base import WORKSPACE, BackendError, Spec

from .engine import Engine

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Bits of Go's os.FileMode, in which the engine describes files.
FOLDER, LINK, EXECUTABLE = 1 << 31, 1 << 27, 0o111


def check_command(engine: Engine, container: dict[str, Any], spec: Spec) -> None:
    """Look the command up as ``execvp`` will inside of the created container.

    An image with an entrypoint decides itself what it makes of a command, as with ``docker run``.

    Raises:
        BackendError: there is no such command (127), or none that can be executed (126).
    """
    if container["Config"].get("Entrypoint"):
        return
    command = spec.command[0]
    seen = False
    for path in _candidates(command, _variable(container, "PATH") or DEFAULT_PATH):
        mode = _mode(engine, container["Id"], path)
        if mode is None:
            continue
        # A link may lead anywhere, and its own mode says nothing: let it try.
        if mode & LINK or (mode & EXECUTABLE and not mode & FOLDER):
            return
        seen = True
    if seen:
        raise BackendError(f"command cannot be executed: {command} in image {spec.image} (permission denied)", 126)
    raise BackendError(f"command not found: {command} in image {spec.image}", 127)


def _candidates(command: str, path: str) -> list[str]:
    if not command:
        return []
    if "/" in command:
        return [command if command.startswith("/") else f"{WORKSPACE}/{command}"]
    return [f"{folder or WORKSPACE}/{command}" for folder in path.split(":")]


def _variable(container: dict[str, Any], name: str) -> str | None:
    """A variable of the container: the task's own, or else the image's."""
    for entry in container["Config"].get("Env") or []:
        key, _, value = entry.partition("=")
        if key == name:
            return str(value)
    return None


def _mode(engine: Engine, container: str, path: str) -> int | None:
    """A file's Go mode, None when it is not there."""
    url = f"{engine.api.base_url}/v{engine.api.api_version}/containers/{container}/archive?path={quote(path, safe='')}"
    response = engine.patiently(lambda: engine.api.head(url, timeout=engine.api.timeout))
    header = response.headers.get("X-Docker-Container-Path-Stat")
    if response.status_code != 200 or not header:
        return None
    return int(json.loads(base64.b64decode(header))["mode"])
