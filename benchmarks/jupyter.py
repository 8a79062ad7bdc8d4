"""JupyterLab through proxy, gateway and tunnel, beside the same JupyterLab asked on its own socket.

Both ways are measured in turns, request by request, so that what else the machine does hits them alike.
"""

from __future__ import annotations

import http.client
import importlib.util
import json
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotscience_runner.lab import sockets
from dotscience_runner.lab.folders import LAB_SOCKET

from jupyter_dotscience.api.tasks import TaskListQuery
from jupyter_dotscience.client.servers import Servers, new_name

from . import clock, hubs
from .rows import Figure, Options, Row, percentile, skipped

CELLS, REQUESTS, STARTS = 200, 500, 3
FILE_MIB, SENT_MIB = 1024, 96
PIECE = 1 << 20
SECONDS = 120
AGAINST = "the same JupyterLab, on its own socket"
HOW = "through JupyterHub's proxy, the gateway and an agent on this machine; process backend"


@dataclass(frozen=True)
class Way:
    """One of the two ways to a JupyterLab.

    Attributes:
        connect: A connection.
        host: For the Host header.
        base: Path of the server.
        token: The user's.
    """

    connect: Callable[[], socket.socket]
    host: str
    base: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        """What each request carries."""
        return {"Authorization": f"Bearer {self.token}", "Host": self.host}

    def http(self) -> http.client.HTTPConnection:
        """A connection that is kept open."""
        made = http.client.HTTPConnection(self.host, timeout=SECONDS)
        made.sock = self.connect()
        made.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1) if made.sock.family == socket.AF_INET else None
        return made

    def ask(self, connection: http.client.HTTPConnection, method: str, path: str, body: Any = None) -> bytes:
        """One request.

        Raises:
            RuntimeError: It was not successful.
        """
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, self.base + path, body=data, headers=self.headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path} was answered with {answer.status}: {content[:300]!r}")
        return content


def run(options: Options) -> list[Row]:
    """All of it."""
    if any(importlib.util.find_spec(name) is None for name in ("jupyterlab", "websocket")):
        return [skipped("JupyterLab through the tunnel", "the packages jupyterlab and websocket-client are missing")]
    with hubs.start(options, "--backend", "process") as hub:
        project = hub.project()
        starts, name = [], ""
        for _ in range(STARTS):
            _stop_all(hub)
            name, took = _start(hub, project)
            starts.append(took)
        through, direct = _ways(hub, name)
        rows = [*_kernels(options, through, direct), *_requests(options, through, direct)]
        rows += [_download(options, through, direct), _upload(options, through, direct)]
    plain = [_plain_start(options) for _ in range(STARTS)]
    return [*rows, _start_row(starts, plain)]


def _start(hub: hubs.Hub, project: str) -> tuple[str, float]:
    """Name of a new server, and the seconds until it could be used."""
    servers, name = Servers(hub.client, hub.username), new_name()
    begin = time.perf_counter()
    servers.start(name, {"project": project})
    last = list(servers.follow(name))[-1]
    if not last.ready:
        raise RuntimeError(last.message)
    return name, time.perf_counter() - begin


def _stop_all(hub: hubs.Hub) -> bool:
    """End all tasks, so that one server at a time runs."""
    while active := [task for task in hub.client.list_tasks().items if not task.status.terminal]:
        for task in active:
            hub.client.stop_task(task=task.id)
        time.sleep(0.2)
    return True


def _ways(hub: hubs.Hub, name: str) -> tuple[Way, Way]:
    grant = hub.client.credentials["Authorization"].removeprefix("Bearer ")
    token = _full_token(hub) or grant
    task = hub.client.list_tasks(query=TaskListQuery(limit=1)).items[0]
    place = hub.folder / "data" / "runner" / "tasks" / task.id / "server"
    address = urlsplit(hub.url)
    base = f"/user/{hub.username}/{name}/"

    def own_socket() -> socket.socket:
        made = socket.socket(socket.AF_UNIX)
        with sockets.address(place, LAB_SOCKET) as path:
            made.connect(path)
        return made

    through = Way(lambda: socket.create_connection((address.hostname, address.port)), address.netloc, base, token)
    return through, Way(own_socket, address.netloc, base, token)


def _full_token(hub: hubs.Hub) -> str:
    """A token that opens the user's servers; that of `ds` only starts them."""
    body = {"auth": {"username": hub.username, "password": hub.password}, "note": "benchmark"}
    answer = hub.client.pool.request("POST", f"{hub.url}/hub/api/users/{hub.username}/tokens", json=body)
    return str(answer.json()["token"])


def _kernels(options: Options, through: Way, direct: Way) -> list[Row]:
    # A kernel for each: what a kernel says goes to all who listen, and the way beside would carry it, too.
    with _channels(through, _kernel(through)) as ours, _channels(direct, _kernel(direct)) as theirs:
        for warm in (ours, theirs) * 5:
            _execute(warm)
        took: tuple[list[float], list[float]] = ([], [])
        for _ in range(options.scaled(CELLS)):
            for channels, times in zip((ours, theirs), took, strict=True):
                times.append(1000 * clock.seconds(lambda channels=channels: _execute(channels)))  # type: ignore[misc]
    mine, other = (percentile(times, 0.5) for times in took)
    target, met = "direct + 10 %", mine.value <= 1.1 * other.value
    return [Row("kernel round trip, p50", mine, "ms", f"a cell with `1`; {HOW}", other, AGAINST, target, met)]


def _kernel(way: Way) -> str:
    return str(json.loads(way.ask(way.http(), "POST", "api/kernels", {"name": "python3"}))["id"])


@contextmanager
def _channels(way: Way, kernel: str) -> Iterator[Any]:
    import websocket

    path, header = f"{way.base}api/kernels/{kernel}/channels", {"Authorization": f"Bearer {way.token}"}
    made = websocket.WebSocket()
    made.settimeout(SECONDS)
    made.connect(f"ws://{way.host}{path}", socket=way.connect(), header=header, host=way.host)
    yield made
    made.close()


def _execute(channels: Any) -> None:
    wanted = uuid.uuid4().hex
    header = {"msg_id": wanted, "msg_type": "execute_request", "session": "s", "username": "u", "version": "5.3"}
    content = {"code": "1", "silent": False, "store_history": False, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channels.send(json.dumps(message))
    while True:
        got = json.loads(channels.recv())
        if got["parent_header"].get("msg_id") == wanted and got["msg_type"] == "execute_reply":
            return


def _requests(options: Options, through: Way, direct: Way) -> list[Row]:
    ours, theirs = through.http(), direct.http()
    took: tuple[list[float], list[float]] = ([], [])
    for _ in range(options.scaled(REQUESTS)):
        took[0].append(1000 * clock.seconds(lambda: through.ask(ours, "GET", "api/status")))
        took[1].append(1000 * clock.seconds(lambda: direct.ask(theirs, "GET", "api/status")))
    rows = []
    for what, part in (("GET api/status, p50", 0.5), ("  p95", 0.95)):
        mine, other = percentile(took[0], part), percentile(took[1], part)
        target, met = ("25 ms", mine.value < 25) if part > 0.9 else ("", None)
        rows.append(Row(what, mine, "ms", "kept-alive connection", other, AGAINST, target, met))
    return rows


def _download(options: Options, through: Way, direct: Way) -> Row:
    size = options.scaled(FILE_MIB)
    program = f"f = open('large.bin', 'wb'); [f.write(__import__('os').urandom({PIECE})) for _ in range({size})]"
    _in_terminal(direct, program)
    took = []
    for way in (direct, through, direct, through):
        connection = way.http()
        connection.request("GET", way.base + "files/large.bin", headers=way.headers)
        answer, begin, got = connection.getresponse(), time.perf_counter(), 0
        while piece := answer.read(PIECE):
            got += len(piece)
        if got != size * PIECE:
            raise RuntimeError(f"{got} bytes arrived of {size * PIECE}")
        took.append(got / 1e6 / (time.perf_counter() - begin))
    mine, other = Figure.one(max(took[1::2]), 2), Figure.one(max(took[::2]), 2)
    how = f"a file of {size} MiB, the better of two"
    return Row("download", mine, "MB/s", how, other, AGAINST, "100 MB/s", mine.value >= 100)


def _in_terminal(way: Way, program: str) -> None:
    """Run a Python program in the workspace."""
    connection = way.http()
    kernel = _kernel(way)
    with _channels(way, kernel) as channels:
        content = {"code": program, "silent": True, "store_history": False, "allow_stdin": False}
        header = {"msg_id": "p", "msg_type": "execute_request", "session": "s", "username": "u", "version": "5.3"}
        channels.send(
            json.dumps({"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"})
        )
        while True:
            got = json.loads(channels.recv())
            if got["msg_type"] == "execute_reply" and got["parent_header"].get("msg_id") == "p":
                break
    way.ask(connection, "DELETE", f"api/kernels/{kernel}")


def _upload(options: Options, through: Way, direct: Way) -> Row:
    size = options.scaled(SENT_MIB)
    content = os.urandom(PIECE * size * 3 // 4).hex()[: PIECE * size]
    model = {"type": "file", "format": "text", "content": content}
    took = []
    for number, way in enumerate((direct, through, direct, through)):
        connection = way.http()
        path = f"api/contents/sent{number}.txt"
        took.append(size * PIECE / 1e6 / clock.seconds(lambda w=way, c=connection, p=path: w.ask(c, "PUT", p, model)))  # type: ignore[misc]
    mine, other = Figure.one(max(took[1::2]), 2), Figure.one(max(took[::2]), 2)
    how = f"a text of {size} MiB saved by one request, the better of two"
    return Row("upload", mine, "MB/s", how, other, AGAINST, "", None)


def _plain_start(options: Options) -> float:
    """Seconds until a JupyterLab that is started by hand answers."""
    folder = options.scratch / f"plain{time.monotonic_ns()}"
    folder.mkdir()
    place = Path(f"/tmp/{uuid.uuid4().hex}.sock")  # noqa: S108 - a socket's path must be short
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", f"--ServerApp.sock={place}"]
    begin = time.perf_counter()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        while not (place.exists() and sockets.answers(place.parent, place.name)):
            if process.poll() is not None or time.perf_counter() - begin > SECONDS:
                raise RuntimeError((folder / "log").read_text()[-2000:])
            time.sleep(0.02)
        return time.perf_counter() - begin
    finally:
        process.terminate()
        process.wait(30)
        place.unlink(missing_ok=True)


def _start_row(ours: list[float], plain: list[float]) -> Row:
    mine, other = percentile(ours, 0.5), percentile(plain, 0.5)
    how = "from the request to the hub until it says that JupyterLab can be used; warm runner"
    met = mine.value <= other.value + 1.5
    return Row("start", mine, "s", how, other, "`jupyter lab` until its socket answers", "plain + 1.5 s", met)
