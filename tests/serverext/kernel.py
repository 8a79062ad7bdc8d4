"""A kernel as a notebook in JupyterLab has it: started by a session, spoken to over a websocket."""

from __future__ import annotations

from typing import Self
from urllib.parse import quote

import websocket

from tests.system.jupyter import execute

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
        url = self._server.url.replace("http", "ws", 1) + f"api/kernels/{quote(self.id)}/channels"
        channels = websocket.create_connection(url, header=[f"Authorization: token {self._server.token}"], timeout=120)
        try:
            return execute(channels, code)
        finally:
            channels.close()
