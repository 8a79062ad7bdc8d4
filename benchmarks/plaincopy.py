"""The floor of a transfer over HTTP: the standard library's server, which looks at nothing and makes nothing durable.

``python -m benchmarks.plaincopy FOLDER`` serves a folder and prints its port.
"""

from __future__ import annotations

import http.client
import http.server
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PIECE = 1 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    """PUT and GET of files of one folder."""

    protocol_version = "HTTP/1.1"
    folder = Path()

    def do_PUT(self) -> None:
        """Keep a file."""
        left = int(self.headers["Content-Length"])
        with (self.folder / Path(self.path).name).open("wb") as file:
            while left:
                left -= file.write(self.rfile.read(min(PIECE, left)))
        self._head(0)

    def do_GET(self) -> None:
        """Answer a file."""
        path = self.folder / Path(self.path).name
        self._head(path.stat().st_size)
        with path.open("rb") as file:
            shutil.copyfileobj(file, self.wfile, PIECE)

    def _head(self, length: int) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to such a server in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.plaincopy", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[1]) as process:
        assert process.stdout is not None
        try:
            yield http.client.HTTPConnection("127.0.0.1", int(process.stdout.readline()))
        finally:
            process.terminate()


def put_all(connection: http.client.HTTPConnection, paths: list[Path]) -> None:
    """Send files one after the other."""
    for path in paths:
        _put(connection, path)


def get_all(connection: http.client.HTTPConnection, paths: list[Path], target: Path) -> None:
    """Fetch files of these names into a folder, one after the other."""
    for path in paths:
        _get(connection, path.name, target / path.name)


def _put(connection: http.client.HTTPConnection, path: Path) -> None:
    with path.open("rb") as file:
        connection.request("PUT", f"/{path.name}", body=file, headers={"Content-Length": str(path.stat().st_size)})
        connection.getresponse().read()


def _get(connection: http.client.HTTPConnection, name: str, target: Path) -> None:
    connection.request("GET", f"/{name}")
    with target.open("wb") as file:
        shutil.copyfileobj(connection.getresponse(), file, PIECE)


if __name__ == "__main__":
    Handler.folder = Path(sys.argv[1])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_port, flush=True)
    server.serve_forever()
