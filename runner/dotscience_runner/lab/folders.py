"""A jupyter task's folders: what the agent tells it, and where it listens."""

from __future__ import annotations

import json
import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from dotscience_runner.files import write_atomically

START = Path(__file__).with_name("start.py")
SERVING_AT, SERVER_AT = "/dotscience/serving", "/dotscience/server"
LAB_SOCKET = "lab.sock"
_FAILURE = "failure"
_LONGEST_FAILURE = 500
_SETTINGS = {
    # A page that asks each new person about news, and saves so rarely that versions lag behind.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10, "renameUntitledFileOnSave": False},
}


def lay_out(serving: Path, server: Path, environment: Mapping[str, str]) -> None:
    """Make both folders, and fill the first.

    Args:
        serving: What the task only reads.
        server: Where it listens; it may write there.
        environment: What the hub's spawner says. Secret.
    """
    settings = serving / "config" / "labconfig"
    for folder in (serving, server, settings.parent, settings):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    server.chmod(0o777)
    # Any user of the container may read it, and nobody else gets through the task's folder.
    write_atomically(serving / "environment.json", json.dumps(dict(environment)).encode(), 0o644, durable=False)
    write_atomically(serving / "start.py", START.read_bytes(), 0o644, durable=False)
    write_atomically(settings / "default_setting_overrides.json", json.dumps(_SETTINGS).encode(), 0o644, durable=False)


def failure(server: Path) -> str:
    """Why JupyterLab could not be started, in the task's own words; empty when it said nothing.

    The task can put anything there: a link to a file that only the agent can read, a pipe that nobody writes to.
    """
    try:
        descriptor = os.open(server / _FAILURE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        regular = stat.S_ISREG(os.fstat(descriptor).st_mode)
        text = os.read(descriptor, _LONGEST_FAILURE) if regular else b""
    finally:
        os.close(descriptor)
    return " ".join(text.decode(errors="replace").split())


def settle(application: Path) -> None:
    """Say the same to every JupyterLab of this installation, also to those that no agent starts.

    Args:
        application: JupyterLab's application folder (its documentation, "JupyterLab Application Directory").
    """
    place = application / "settings" / "overrides.json"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(json.dumps(_SETTINGS, indent=2) + "\n")


if __name__ == "__main__":
    settle(Path(sys.argv[1]))
