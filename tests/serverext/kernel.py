"""A kernel as a notebook in JupyterLab has it: started by a session, spoken to over a websocket."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from typing import Any, Self
from urllib.parse import quote

from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from .server import Jupyter


class Kernel:
    """The kernel of a notebook, for the time of the block."""

    def __init__(self, server: Jupyter, path: str) -> None:
        self._server = server
        wish = {"path": path, "type": "notebook", "name": path, "kernel": {"name": "python3"}}
        self._session = server.json("POST", "api/sessions", wish, 201)
        self.id: str = self._session["kernel"]["id"]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.request("DELETE", f"api/sessions/{self._session['id']}")

    def run(self, code: str) -> str:
        """Run a cell; answers what it printed."""
        found: list[str] = []
        # A loop of its own: the tests have none.
        thread = threading.Thread(target=lambda: found.append(asyncio.run(self._run(code))))
        thread.start()
        thread.join(120)
        return found[0]

    async def _run(self, code: str) -> str:
        url = self._server.url.replace("http", "ws", 1) + f"api/kernels/{quote(self.id)}/channels"
        socket = await websocket_connect(HTTPRequest(url, headers={"Authorization": f"token {self._server.token}"}))
        asked = uuid.uuid4().hex
        await socket.write_message(json.dumps(_execute(asked, code)))
        printed = ""
        while True:
            message: dict[str, Any] = json.loads(await socket.read_message() or "{}")
            if message.get("parent_header", {}).get("msg_id") != asked:
                continue
            content = message["content"]
            assert message["msg_type"] != "error", content
            if message["msg_type"] == "stream" and content["name"] == "stdout":
                printed += content["text"]
            if message["msg_type"] == "status" and content["execution_state"] == "idle":
                socket.close()
                return printed


def _execute(asked: str, code: str) -> dict[str, Any]:
    content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False}
    header = {"msg_id": asked, "msg_type": "execute_request", "username": "", "session": asked, "version": "5.3"}
    return {
        "header": {**header, "date": ""},
        "parent_header": {},
        "metadata": {},
        "content": content,
        "channel": "shell",
        "buffers": [],
    }
