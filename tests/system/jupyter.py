"""A JupyterLab that the hub started, used as a browser does."""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
import websocket

from jupyter_dotscience.api.tasks import JupyterWorkload, Task, TaskListQuery
from jupyter_dotscience.client import Client
from jupyter_dotscience.client.servers import Servers, new_name
from tests.hubprocess import Answer
from tests.system.lab import wait_for

SECONDS = 120
PIECE = 24 << 20


@dataclass
class JupyterServer:
    """One server of a user, and a kernel in it."""

    client: Client
    token: str
    user: str
    project: str
    name: str
    kernel: str = ""

    @classmethod
    def start(cls, client: Client, token: str, project: str, name: str | None = None, **options: Any) -> JupyterServer:
        """A server that is ready."""
        server = cls(client, token, client.get_account().name, project, new_name() if name is None else name)
        server.begin(**options)
        last = server.await_end_of_start()
        assert last.ready, last.message
        return server

    def begin(self, **options: Any) -> None:
        """Ask the hub for it."""
        Servers(self.client, self.user).start(self.name, {"project": self.project, **options})

    def await_end_of_start(self) -> Any:
        """What the hub said last of the start."""
        said = list(Servers(self.client, self.user).follow(self.name))
        print(*(one.message for one in said), sep="\n")
        return said[-1]

    @property
    def path(self) -> str:
        return f"/user/{self.user}/{self.name}/" if self.name else f"/user/{self.user}/"

    @property
    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def request(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask JupyterLab, through the hub's proxy and the tunnel."""
        data = None if body is None else json.dumps(body).encode()
        answer = self.client.pool.request(
            method,
            self.client.url + self.path + path,
            body=data,
            headers={**self._headers, **(headers or {})},
            redirect=False,
            retries=False,
            timeout=SECONDS,
        )
        return Answer(answer.status, answer.headers, answer.data)

    def answers(self) -> bool:
        """Whether JupyterLab can be used now."""
        try:
            return self.request("GET", "api/status").status == 200
        except urllib3.exceptions.HTTPError:
            return False

    def await_answer(self) -> None:
        wait_for(self.answers, "JupyterLab to answer", SECONDS)

    def connect(self, path: str) -> websocket.WebSocket:
        """A websocket to JupyterLab."""
        url = "ws" + self.client.url.removeprefix("http") + self.path + path
        return websocket.create_connection(url, header=self._headers, timeout=SECONDS)

    def execute(self, code: str) -> str:
        """What a program prints in the server's kernel, which is started when there is none."""
        if not self.kernel:
            self.kernel = self.request("POST", "api/kernels", {"name": "python3"}).json()["id"]
        channels = self.connect(f"api/kernels/{self.kernel}/channels")
        try:
            return execute(channels, code)
        finally:
            channels.close()

    def upload(self, path: str, data: bytes) -> None:
        """Send a file in pieces, as JupyterLab does."""
        pieces = [data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        for number, piece in enumerate(pieces, 1):
            content = base64.b64encode(piece).decode()
            model = {"type": "file", "format": "base64", "content": content, "path": path, "name": path}
            if len(pieces) > 1:
                model["chunk"] = -1 if number == len(pieces) else number
            answer = self.request("PUT", f"api/contents/{path}", model)
            assert answer.status in (200, 201), answer.body[:1000]

    @property
    def task(self) -> Task:
        """The newest task of the server."""
        return self.tasks[0]

    @property
    def tasks(self) -> list[Task]:
        """All tasks of the server, newest first."""
        tasks = self.client.list_tasks(query=TaskListQuery(project=self.project)).items
        return [
            task for task in tasks if isinstance(task.workload, JupyterWorkload) and task.workload.server == self.name
        ]

    def stop(self) -> None:
        """Have the hub stop it, and wait until it has."""
        path = f"/hub/api/users/{self.user}/" + (f"servers/{self.name}" if self.name else "server")
        answer = self.client.pool.request("DELETE", self.client.url + path, headers=self._headers, retries=False)
        assert answer.status in (202, 204, 404), answer.data
        wait_for(lambda: not self.is_known(), "the hub to have stopped the server", 90)

    def is_known(self) -> bool:
        """Whether the hub counts it as a server that runs, starts or stops."""
        answer = self.client.pool.request(
            "GET", f"{self.client.url}/hub/api/users/{self.user}", headers=self._headers, retries=False
        )
        server = json.loads(answer.data)["servers"].get(self.name)
        return server is not None and (server["ready"] or server["pending"] is not None)


def execute(channels: websocket.WebSocket, code: str) -> str:
    """Run code by Jupyter's messages (https://jupyter-client.readthedocs.io/en/stable/messaging.html)."""
    wanted = uuid.uuid4().hex
    header = {"msg_id": wanted, "msg_type": "execute_request", "session": "s", "username": "u", "version": "5.3"}
    content = {"code": code, "silent": False, "store_history": False, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    channels.send(json.dumps(message))
    printed = ""
    while True:
        got = json.loads(channels.recv())
        if got["parent_header"].get("msg_id") != wanted:
            continue
        if got["msg_type"] == "stream":
            printed += got["content"]["text"]
        if got["msg_type"] == "error":
            raise AssertionError("\n".join(got["content"]["traceback"]))
        if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
            return printed
