"""A real Jupyter Server with the extension, as a process of its own, and a person in front of it."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import urllib3

REPOSITORY = Path(__file__).parents[2]
START_SECONDS = 120.0
STOP_SECONDS = 45.0
"""Less than a hub that says nothing is waited for at most, and more than the last version may take."""


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 90.0) -> Any:
    """Wait until something is so, and answer it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.05)
    return found


class Jupyter:
    """A server that runs."""

    def __init__(self, process: subprocess.Popen[bytes], url: str, token: str, root: Path, log: Path) -> None:
        self.process, self.url, self.token, self.root, self.log = process, url, token, root, log
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(60))

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> urllib3.BaseHTTPResponse:
        """Ask it, as its owner."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"token {self.token}", **headers}
        return self._http.request(method, f"{self.url}{path}", body=data, headers=sent)

    def json(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The same for an answer in JSON."""
        answer = self.request(method, path, body)
        assert answer.status == status, (answer.status, answer.data)
        return json.loads(answer.data)

    def status(self) -> dict[str, Any]:
        """How the workspace stands."""
        return dict(self.json("GET", "dotscience/status"))

    def wait_for_state(self, state: str, seconds: float = 90.0) -> dict[str, Any]:
        """Wait until it stands so, the way the panel does."""
        deadline = time.monotonic() + seconds
        status = self.status()
        while status["state"] != state:
            assert time.monotonic() < deadline, f"waited {seconds} s for {state!r}: {status}"
            status = dict(self.json("GET", f"dotscience/status?after={status['version']}&wait=1"))
        return status

    def save(self, path: str, content: str) -> None:
        """Save a text file, as JupyterLab's editor does."""
        model = {"type": "file", "format": "text", "content": content}
        answer = self.request("PUT", f"api/contents/{path}", model)
        assert answer.status in (200, 201), answer.data

    def save_notebook(self, path: str, notebook: dict[str, Any]) -> None:
        """Save a notebook, as JupyterLab does."""
        answer = self.request("PUT", f"api/contents/{path}", {"type": "notebook", "content": notebook})
        assert answer.status in (200, 201), answer.data

    def kill(self) -> None:
        """End it without a word, and its kernels with it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(20)

    def close(self) -> None:
        """End it as a person would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._tell_where()
                raise
            finally:
                self.kill()
        self._http.clear()

    def _tell_where(self) -> None:
        """Let it write into its log what each of its threads does, which ends it (PYTHONFAULTHANDLER)."""
        self.process.send_signal(signal.SIGABRT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(5)


@contextlib.contextmanager
def jupyter(
    root: Path, place: Path, *options: str, python: Path | str = sys.executable, **environment: str
) -> Iterator[Jupyter]:
    """A server on a folder for the time of the block.

    Args:
        root: The folder that it shows.
        place: For its own files.
        options: More of its options.
        python: The interpreter that runs it.
        environment: More variables.
    """
    place.mkdir(exist_ok=True, parents=True)
    log, token = place / f"jupyter-{uuid.uuid4().hex[:6]}.log", secrets.token_hex(16)
    variables = {
        **os.environ,
        "HOME": str(place),
        "JUPYTER_CONFIG_PATH": str(REPOSITORY / "jupyter_config"),
        "JUPYTER_RUNTIME_DIR": str(place / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(place / "ipython"),
        "PYTHONFAULTHANDLER": "1",
        **environment,
    }
    command = [
        str(python), "-m", "jupyter_server", "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1",
        f"--ServerApp.root_dir={root}", f"--IdentityProvider.token={token}", "--DotscienceExtension.quiet=0.2",
        "--DotscienceExtension.watch=1", *options,
    ]  # fmt: skip
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=variables, cwd=root,
            start_new_session=True,
        )  # fmt: skip
    server = Jupyter(process, _url(process, place / "runtime", log), token, root, log)
    try:
        yield server
    finally:
        try:
            server.close()
        finally:
            print(log.read_text(errors="replace")[-20_000:])


def _url(process: subprocess.Popen[bytes], runtime: Path, log: Path) -> str:
    """The server's address, once it answers there."""
    told = runtime / f"jpserver-{process.pid}.json"

    def there() -> str | None:
        assert process.poll() is None, log.read_text()
        with contextlib.suppress(FileNotFoundError, ValueError):
            return str(json.loads(told.read_text())["url"])
        return None

    url = str(wait_for(there, f"the server to start: {log}", START_SECONDS))

    def answers() -> bool:
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            return bool(urllib3.request("GET", f"{url}api", retries=False, timeout=5).status == 200)
        return False

    wait_for(answers, f"the server to answer: {log}", START_SECONDS)
    return url


def notebook(*texts: str) -> dict[str, Any]:
    """A notebook with one executed cell for each text that was printed."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": number + 1,
            "id": f"cell{number}",
            "metadata": {},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text.splitlines(keepends=True)}],
            "source": ["ds.publish()"],
        }
        for number, text in enumerate(texts)
    ]
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def marker(run: str | None = None, **fields: Any) -> str:
    """What the library prints for a run."""
    run = run or str(uuid.uuid4())
    content = {"version": "1", "input": [], "output": [], "labels": {}, "summary": {}, "parameters": {}, **fields}
    return f"[[DOTSCIENCE-RUN:{run}]]{json.dumps(content, indent=4, sort_keys=True)}[[/DOTSCIENCE-RUN:{run}]]\n"
