"""Repositories to clone, and real servers that have them: `git http-backend` and `sshd`."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from tests.require import require
from tests.services.process import end, free_port, wait_until


class Source:
    """A repository with a history: two commits on `trunk`, which is the default; `side` and two tags at the first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=trunk")
        self.first = self.commit({"a.txt": "one\n", "sub/run.sh": "#!/bin/sh\n"})
        self.git("tag", "v1")
        self.git("tag", "--annotate", "--message=second", "v2")
        self.git("branch", "side")
        self.head = self.commit({"a.txt": "two\n", "b.txt": "new\n"})

    @property
    def url(self) -> str:
        return f"file://{self.folder}"

    def git(self, *arguments: str, data: bytes = b"") -> str:
        environment = {
            "PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "ada", "GIT_AUTHOR_EMAIL": "ada@example.org",
            "GIT_COMMITTER_NAME": "ada", "GIT_COMMITTER_EMAIL": "ada@example.org",
        }  # fmt: skip
        done = subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, input=data, capture_output=True, check=True
        )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, str]) -> str:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message=change")
        return self.git("rev-parse", "HEAD")

    def commit_tree(self, entries: list[tuple[str, str, bytes]]) -> None:
        """Make `trunk` a commit with these (mode, name, content), whatever git would say of them."""
        raw = b""
        for mode, name, content in entries:
            blob = self.git("hash-object", "-w", "--stdin", data=content)
            raw += f"{mode} {name}\0".encode() + bytes.fromhex(blob)
        tree = self.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", data=raw)
        self.git("update-ref", "refs/heads/trunk", self.git("commit-tree", "-m", "evil", tree))


@contextmanager
def http_server(root: Path, password: str | None = None) -> Iterator[str]:
    """Serve the repositories below a folder by smart HTTP; with a password only to the user `ada`."""
    wanted = None if password is None else "Basic " + base64.b64encode(f"ada:{password}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

        def _serve(self) -> None:
            if wanted is not None and self.headers.get("Authorization") != wanted:
                self.send_response(401)
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
                self.end_headers()
                return
            serve_git(self, root)

        do_GET = do_POST = _serve  # noqa: N815 - the names of http.server

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def serve_git(request: BaseHTTPRequestHandler, root: Path, prefix: str = "") -> None:
    """Answer one request by `git http-backend` for the repositories below a folder."""
    body = request.rfile.read(int(request.headers.get("Content-Length", "0")))
    path, _, query = request.path.removeprefix(prefix).partition("?")
    environment = {
        **os.environ, "GIT_PROJECT_ROOT": str(root), "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path,
        "QUERY_STRING": query, "REQUEST_METHOD": request.command, "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
    }  # fmt: skip
    done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
    head, _, content = done.stdout.partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
    request.send_response(int(fields.pop("Status", "200").split()[0]))
    for name, value in {**fields, "Content-Length": str(len(content))}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(content)


def new_key(path: Path) -> Path:
    """An SSH key pair without a passphrase."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@contextmanager
def ssh_server(folder: Path, public_key: str) -> Iterator[str]:
    """A real sshd that lets the owner of one key in, as whoever runs the tests; answers USER@HOST:PORT."""
    program = shutil.which("sshd") or "/usr/sbin/sshd"
    require(Path(program).exists(), "sshd is not installed (Debian: apt-get install openssh-server)")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd confines what it does before a login
    folder.mkdir()
    host_key, authorized, port = new_key(folder / "host"), folder / "authorized_keys", free_port()
    authorized.write_text(public_key)
    command = [program, "-D", "-e", "-f", "/dev/null", "-p", str(port), "-h", str(host_key)]
    for option in (
        "ListenAddress=127.0.0.1", f"AuthorizedKeysFile={authorized}", "StrictModes=no", "UsePAM=no",
        "PasswordAuthentication=no", f"PidFile={folder}/pid",
    ):  # fmt: skip
        command += ["-o", option]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait_until(lambda: _listens(port), process, "sshd")
        yield f"{getpass.getuser()}@127.0.0.1:{port}"
    finally:
        end(process, signal.SIGTERM)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
