"""With real-time collaboration the server saves notebooks by itself, every second while people type."""

from __future__ import annotations

import importlib
import json
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import websocket

from tests.require import missing

from . import collaboration
from .conftest import Study
from .server import Jupyter, marker, notebook, wait_for

pytestmark = [pytest.mark.thorough, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def python() -> Path:
    """An interpreter with real-time collaboration; the packages that speak its language can be imported here, too."""
    try:
        return collaboration.python()
    except collaboration.NotInstallable as reason:
        missing(f"{collaboration.PACKAGE} from the package index ({reason})")
        raise


class Editor:
    """A browser in which somebody has a notebook open, as the server sees it (the protocol of y-websocket)."""

    def __init__(self, server: Jupyter, path: str) -> None:
        self._crdt: Any = importlib.import_module("pycrdt")
        wish = {"format": "json", "type": "notebook"}
        answer = server.request("PUT", f"api/collaboration/session/{quote(path)}", wish)
        session: dict[str, Any] = json.loads(answer.data)
        room = f"json:notebook:{session['fileId']}?sessionId={session['sessionId']}"
        url = server.url.replace("http", "ws", 1) + f"api/collaboration/room/{room}"
        self._socket = websocket.create_connection(url, header=[f"Authorization: token {server.token}"], timeout=60)
        self.document = self._crdt.Doc()
        self.notebook = importlib.import_module("jupyter_ydoc").YNotebook(self.document)
        self._closed = False
        self._lock = threading.Lock()
        self._socket.send_binary(self._crdt.create_sync_message(self.document))
        self._thread = threading.Thread(target=self._receive)
        self._thread.start()
        wait_for(lambda: self.notebook.cell_number, "the notebook to be opened")

    def write(self, number: int, text: str) -> None:
        """Somebody types into a new cell; its output is that of a kernel."""
        with self._lock:
            before = self.document.get_state()
            cell = notebook(text)["cells"][0] | {"id": f"typed{number}"}
            self.notebook.append_cell(cell)
            update = self.document.get_update(before)
        self._socket.send_binary(self._crdt.create_update_message(update))

    def _receive(self) -> None:
        while not self._closed:
            try:
                message = self._socket.recv()
            except (websocket.WebSocketException, OSError):
                return
            if isinstance(message, bytes) and message and message[0] == self._crdt.YMessageType.SYNC:
                with self._lock:
                    reply = self._crdt.handle_sync_message(message[1:], self.document)
                if reply is not None:
                    self._socket.send_binary(reply)

    def close(self) -> None:
        """Close the browser."""
        self._closed = True
        self._socket.close()
        self._thread.join(30)


def test_what_two_people_type_is_saved_and_its_run_recorded_once(study: Study, python: Path) -> None:
    """Nobody presses save: the document is on the hub, with its run, and nothing was written under their hands."""
    with study.jupyter(study.clone(study.project), python=python, **collaboration.settings(python)) as server:
        server.save_notebook("n.ipynb", notebook("first\n"))
        wait_for(lambda: "n.ipynb" in study.files(), "the notebook on the hub")
        editors = [Editor(server, "n.ipynb") for _ in range(2)]
        try:
            for number, editor in enumerate(editors * 3):
                editor.write(number, marker("r1") if number == 2 else f"text {number}\n")
            wait_for(lambda: b"text 5" in study.read("n.ipynb"), "what was typed on the hub")
            wait_for(lambda: [run.id for run in study.runs()] == ["r1"], "the run")
            assert study.runs()[0].workload_file == "n.ipynb"
            wait_for(lambda: editors[0].notebook.cell_number == editors[1].notebook.cell_number == 7, "both to see all")
        finally:
            for editor in editors:
                editor.close()
        assert "Out-of-band changes" not in server.log.read_text(errors="replace")
