"""A JupyterLab that versions itself: how long a version takes, and whether a save takes longer for it."""

from __future__ import annotations

import contextlib
import json
import os
import random
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import urllib3

from . import clock
from .hubs import BIN, Hub, start
from .rows import Figure, Options, Row, at_most, percentile

FILES, SIZE = 5_000, 4096
NOTEBOOK = 1 << 20
COMMITS, SAVES = 60, 120
TARGET = 150.0
_START_SECONDS = 60
_SETTINGS = (
    "--DotscienceExtension.quiet=3600",
    "--DotscienceExtension.longest=3600",
    "--DotscienceExtension.watch=3600",
)
"""For commits on order only: what is measured is then one commit, and not what else happens to be due."""


def run(options: Options) -> list[Row]:
    """All rows."""
    folder = options.scratch / "work"
    with start(options, "--no-runner") as hub:
        _bind(hub, folder, options)
        with _jupyter(hub, folder, options.scratch / "a", *_SETTINGS) as server:
            commits = _commits(server, options.scaled(COMMITS))
        with _jupyter(hub, folder, options.scratch / "b") as server:
            ours = _saves(server, options.scaled(SAVES))
        off = "--ServerApp.jpserver_extensions={'jupyter_dotscience.serverext': False}"
        with _jupyter(hub, folder, options.scratch / "c", off) as server:
            without = _saves(server, options.scaled(SAVES))
    p95, limit = percentile(commits, 0.95).scaled(1000), percentile(without, 0.95).scaled(1000)
    where = f"1 MiB of {FILES:,} files, from the order to the hub's answer; n={len(commits)}"
    return [
        Row("version of one changed notebook, p50", Figure.of(commits).scaled(1000), "ms", where),
        Row("… p95", p95, "ms", where, target="150 ms", met=at_most(p95, TARGET)),
        Row("save of the same notebook, p50", Figure.of(ours).scaled(1000), "ms", "4/s, versions made meanwhile",
            Figure.of(without).scaled(1000), "without the extension"),
        Row("… p95", percentile(ours, 0.95).scaled(1000), "ms", "the same", limit, "without the extension"),
    ]  # fmt: skip


def _bind(hub: Hub, folder: Path, options: Options) -> None:
    """A folder of a project, all of it on the hub."""
    chance = random.Random(1)
    for number in range(options.scaled(FILES)):
        place = folder / f"d{number % 50}" / f"f{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(chance.randbytes(SIZE))
    for words in (["init"], ["sync"]):
        subprocess.run(
            [BIN / "ds", *words], cwd=folder, env=_environment(hub, folder.parent), check=True, stdout=sys.stderr
        )


def _environment(hub: Hub, place: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DOTSCIENCE_")}
    own = {"DOTSCIENCE_URL": hub.url, "DOTSCIENCE_TOKEN": hub.token, "DOTSCIENCE_CONFIG_DIR": str(place / "ds")}
    return {**kept, **own, **more}


class _Server:
    """A Jupyter Server."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._headers = url, {"Authorization": f"token {token}"}
        self._http = urllib3.PoolManager(retries=False, timeout=120)

    def put(self, path: str, body: Any) -> None:
        answer = self._http.request("PUT", self._url + path, body=json.dumps(body).encode(), headers=self._headers)
        if answer.status not in (200, 201):
            raise RuntimeError(f"PUT {path}: {answer.status} {answer.data[:500]!r}")

    def close(self) -> None:
        self._http.clear()


def _commits(server: _Server, number: int) -> list[float]:
    """Seconds of versions, each of one changed notebook."""
    chance, took = random.Random(2), []
    for count in range(number + 1):
        server.put("api/contents/n.ipynb", _notebook(chance))
        time.sleep(0.05)  # the times of a file that was just written say nothing yet: it would be read twice
        seconds = clock.seconds(lambda: server.put("dotscience/commit", {"message": "measured"}))
        took += [seconds] if count else []  # the first makes connections
    return took


def _saves(server: _Server, number: int) -> list[float]:
    """Seconds of saves, as many as a person's autosave makes, and a few more."""
    chance, took = random.Random(3), []
    for _ in range(number):
        body = _notebook(chance)
        took.append(clock.seconds(lambda body=body: server.put("api/contents/n.ipynb", body)))
        time.sleep(0.25)
    return took


def _notebook(chance: random.Random) -> dict[str, Any]:
    """A notebook of a megabyte that is another one each time."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": chance.randbytes(NOTEBOOK // 80).hex()}]
    cells = [
        {
            "cell_type": "code",
            "id": f"c{number}",
            "execution_count": 1,
            "metadata": {},
            "source": "x",
            "outputs": outputs,
        }
        for number in range(40)
    ]
    return {"type": "notebook", "content": {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}}


@contextlib.contextmanager
def _jupyter(hub: Hub, folder: Path, place: Path, *options: str) -> Iterator[_Server]:
    place.mkdir()
    token = secrets.token_hex(16)
    own = {"HOME": str(place), "JUPYTER_RUNTIME_DIR": str(place / "runtime")}
    command = [
        sys.executable, "-m", "jupyter", "server", "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1",
        f"--ServerApp.root_dir={folder}", f"--IdentityProvider.token={token}", *options,
    ]  # fmt: skip
    with (place / "log").open("wb") as log:
        process = subprocess.Popen(command, env=_environment(hub, place, **own), stdout=log, stderr=log, cwd=folder)
    try:
        server = _Server(_url(process, place), token)
        yield server
        server.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        shutil.rmtree(place / "runtime", ignore_errors=True)


def _url(process: subprocess.Popen[bytes], place: Path) -> str:
    told, deadline = place / "runtime" / f"jpserver-{process.pid}.json", time.monotonic() + _START_SECONDS
    while True:
        with contextlib.suppress(OSError, ValueError, urllib3.exceptions.HTTPError):
            url = str(json.loads(told.read_bytes())["url"])
            urllib3.request("GET", f"{url}api", retries=False, timeout=5)
            return url
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"Jupyter Server did not start: {(place / 'log').read_text()[-2000:]}")
        time.sleep(0.05)
