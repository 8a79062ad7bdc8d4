"""The peer for runs: an MLflow 3 tracking server on SQLite, as ``pip install mlflow`` and its manual give it.

One worker and no job runner (``MLFLOW_SERVER_ENABLE_JOB_EXECUTION=false``): its leanest form. It is installed into an
environment of its own on first use. Requests go to its REST API with prepared bodies, which is quicker than its client.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

from . import clock
from .rows import Options

REQUIREMENT = "mlflow>=3,<4"
READY_SECONDS = 90


class NoPeer(Exception):
    """It cannot be installed here; the text says why."""


def program(options: Options) -> Path:
    """The command ``mlflow``, installed if need be and compiled.

    Raises:
        NoPeer: No index, or it does not install.
    """
    environment = options.tools / "mlflow"
    path = environment / "bin" / "mlflow"
    done = environment / "compiled"
    if not done.exists():
        _run(sys.executable, "-m", "venv", str(environment))
        _run(str(environment / "bin" / "pip"), "install", "--quiet", REQUIREMENT)
        _run(str(environment / "bin" / "python"), "-m", "compileall", "-q", str(environment / "lib"), check=False)
        done.touch()
    return path


def _run(*command: str, check: bool = True) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if check and done.returncode:
        last = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise NoPeer(f"MLflow cannot be installed ({last})")


def version(options: Options) -> str:
    """Its version."""
    told = subprocess.run([program(options), "--version"], capture_output=True, text=True, check=True).stdout
    return told.split()[-1]


@dataclass(frozen=True)
class Server:
    """A running server."""

    folder: Path
    pid: int
    url: str
    started: float
    http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=600))

    @property
    def database(self) -> Path:
        """Its SQLite file."""
        return self.folder / "mlflow.db"

    def post(self, path: str, body: dict[str, Any], *, timeout: float | None = None) -> dict[str, Any]:
        """One request of its REST API.

        Raises:
            urllib3.exceptions.HTTPError: No answer in time.
        """
        answer = self.http.request(
            "POST",
            f"{self.url}/api/2.0/mlflow/{path}",
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
            timeout=timeout or 600,
        )
        if answer.status != 200:
            raise RuntimeError(f"MLflow answered {answer.status}: {answer.data[:300]!r}")
        return dict(json.loads(answer.data))

    def cpu(self) -> float:
        """Processor seconds of all its processes."""
        return clock.cpu(clock.family(self.pid))


@contextmanager
def start(options: Options, *, settle: float = 3.0, folder: Path | None = None) -> Iterator[Server]:
    """A server for the time of the block.

    Args:
        options: Where.
        settle: Seconds to wait before it is measured: it goes on working after its first answer.
        folder: Of an earlier server, whose database is used again.

    Raises:
        NoPeer: It cannot be had.
    """
    mlflow = program(options)
    folder = folder or options.scratch / f"mlflow-{time.monotonic_ns()}"
    folder.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    command: list[str | Path] = [
        mlflow,
        "server",
        "--backend-store-uri",
        f"sqlite:///{folder}/mlflow.db",
        "--workers",
        "1",
    ]
    command += ["--artifacts-destination", folder / "artifacts", "--host", "127.0.0.1", "--port", str(port)]
    begin = time.perf_counter()
    with (folder / "log").open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
    try:
        url = f"http://127.0.0.1:{port}"
        _await(process, url)
        server = Server(folder, process.pid, url, time.perf_counter() - begin)
        time.sleep(settle)
        yield server
    finally:
        _end(process)


def _await(process: subprocess.Popen[bytes], url: str) -> None:
    http = urllib3.PoolManager(retries=False, timeout=2)
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if http.request("GET", f"{url}/health").status == 200:
                return
        except urllib3.exceptions.HTTPError:
            time.sleep(0.05)
    raise NoPeer("MLflow's server did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    below = clock.family(process.pid)
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        # Busy with a query that takes minutes: its worker does not hear signals until then.
        for pid in reversed(below):
            if clock.arguments(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait(10)
