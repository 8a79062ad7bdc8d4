"""`make demo`: a hub, a runner, and three recorded training runs on real data. Leaves nothing running.

It does what a person would do, through the programs that a person would use: starts `dotscience-hub up`, logs in with
`ds login`, and trains with `ds run -u` in a project of its own. What it made stays in `.demo/` until the next time.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DATA = ROOT / ".demo"
BIN = Path(sys.executable).parent
IMAGE = "dotscience-demo"
SETTINGS = (("0.001", "8"), ("0.01", "32"), ("0.03", "64"))
READY_SECONDS = 120
STOP_SECONDS = 20
BOLD, PLAIN = ("\033[1m", "\033[0m") if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ("", "")


def main() -> int:
    """Run the demonstration.

    Returns:
        The exit status: 0 when all three runs were recorded.
    """
    shutil.rmtree(DATA, ignore_errors=True)
    DATA.mkdir()
    backend = _backend()
    _say(f"Starting a hub with a runner (backend: {backend})")
    with _hub(backend) as hub:
        _demonstrate(hub, backend)
    _say("Done; nothing is left running. `make up` starts a hub that stays.")
    return 0


def _demonstrate(hub: dict[str, str], backend: str) -> None:
    ds = _Ds(hub)
    ds("set", "server-url", hub["url"])
    ds("login", hub["username"], secret=hub["password"])
    ds("project", "create", "digits")
    image = ("-I", IMAGE) if backend == "docker" else ()
    for rate, hidden in SETTINGS:
        ds(
            "run",
            "-p",
            "digits",
            "-u",
            "examples/digits",
            *image,
            "--",
            "python",
            "train.py",
            "--rate",
            rate,
            "--hidden",
            hidden,
        )
    ds("runs", "ls", "digits")
    recorded = json.loads(ds("runs", "ls", "--output", "json", "digits", quiet=True))
    ds("runs", "inspect", "--project", "digits", recorded[0]["id"])
    _show_commits(ds, hub)
    if len(recorded) != len(SETTINGS):
        sys.exit(f"Expected {len(SETTINGS)} runs, found {len(recorded)}.")


def _show_commits(ds: _Ds, hub: dict[str, str]) -> None:
    """Where the workspace's versions are: an ordinary git repository that anybody in the project can clone."""
    project = json.loads(ds("project", "inspect", "digits", quiet=True))[0]
    url = hub["url"].rstrip("/") + project["git_url"]
    _say("The workspace's history is a git repository; each run's results are a commit:")
    print(f"    git clone {url}\n", flush=True)
    ds.git("clone", "--quiet", url, str(DATA / "clone"))
    ds.git("-C", str(DATA / "clone"), "log", "--format=%h %an: %s", "--stat")


class _Ds:
    """`ds` with a configuration of its own, so that the demonstration leaves the person's login alone."""

    def __init__(self, hub: dict[str, str]) -> None:
        self._hub = hub
        self._environment = {**os.environ, "DOTSCIENCE_CONFIG_DIR": str(DATA / "ds")}

    def __call__(self, *arguments: str, secret: str | None = None, quiet: bool = False) -> str:
        """Run one command, shown as a person would type it, and answer what it printed if ``quiet``."""
        if not quiet:
            _say(f"$ ds {shlex.join(arguments)}")
        capture = subprocess.PIPE if quiet else None
        done = subprocess.run(
            [BIN / "ds", *arguments],
            cwd=ROOT,
            env=self._environment,
            input=secret,
            stdout=capture,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"`ds {shlex.join(arguments)}` ended with {done.returncode}.")
        return done.stdout or ""

    def git(self, *arguments: str) -> None:
        """Run git, which asks `ds` for the token: in an argument it would show in the list of processes."""
        helper = f"credential.helper=!{shlex.quote(str(BIN / 'ds'))} git-credential"
        subprocess.run(["git", "-c", "credential.helper=", "-c", helper, *arguments], env=self._environment, check=True)


def _backend() -> str:
    """Docker where an engine answers and the image with scikit-learn can be had, else plain processes."""
    if shutil.which("docker") is None or _quiet("docker", "info"):
        print("No Docker engine answers here; tasks run as processes of this machine.")
        return "process"
    dockerfile = "FROM python:3\nRUN pip install --quiet --no-cache-dir scikit-learn\n"
    _say(f"Building the image {IMAGE}: python:3 with scikit-learn")
    if _quiet("docker", "build", "--quiet", "--tag", IMAGE, "-", feed=dockerfile):
        print(
            "The image cannot be built here (no python:3, or no package index); tasks run as processes of this machine."
        )
        return "process"
    return "docker"


def _quiet(*command: str, feed: str = "") -> int:
    """The exit status of a command whose output nobody needs."""
    return subprocess.run(command, input=feed.encode(), capture_output=True, check=False).returncode


@contextmanager
def _hub(backend: str) -> Iterator[dict[str, str]]:
    """A hub with a runner, ended at the end of the block whatever happens in it."""
    ready, log = DATA / "ready.json", DATA / "hub.log"
    command = [BIN / "dotscience-hub", "up", "--data-dir", DATA / "hub", "--port", "0", "--backend", backend]
    with log.open("wb") as output:
        hub = subprocess.Popen([*command, "--ready-file", ready], stdout=output, stderr=output, start_new_session=True)
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not ready.exists():
            if hub.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"The hub did not start:\n{log.read_text()}")
            time.sleep(0.1)
        yield json.loads(ready.read_text())
    finally:
        hub.send_signal(signal.SIGTERM)
        hub.wait(STOP_SECONDS)


def _say(text: str) -> None:
    print(f"\n{BOLD}{text}{PLAIN}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
