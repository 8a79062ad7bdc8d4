"""Callers of git that stop reading."""

from __future__ import annotations

import base64
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from dotscience_hub.services import git_server
from dotscience_hub.web import git_http

from tests.hub.git.hub import Hub
from tests.hub.git.server import Client, Server

MEGABYTE = 1 << 20


def packet(text: str) -> str:
    """A line as git frames it (gitprotocol-common(5), pkt-line)."""
    return f"{len(text) + 4:04x}{text}"


def fetch_and_stop_reading(hub: Hub, server: Server, commit: str) -> socket.socket:
    """A connection that asks for all of a project, and then reads nothing."""
    body = packet(f"want {commit} no-progress\n") + "0000" + packet("done\n")
    login = base64.b64encode(b"any:reader-token").decode()
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(
        f"POST /services/dotscience/git/{hub.project}/git-upload-pack HTTP/1.1\r\nHost: hub\r\n"
        f"Authorization: Basic {login}\r\nContent-Type: application/x-git-upload-pack-request\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
    )
    return connection


@pytest.fixture
def narrow(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server that runs one git at a time, and waits a second for a caller who does not read."""
    monkeypatch.setattr(git_server, "_PROCESSES", 1)
    monkeypatch.setattr(git_http, "STALLED_SECONDS", 1.0)
    server = Server(hub, tmp_path)
    yield server
    server.close()


def large_commit(hub: Hub) -> str:
    """More than all buffers on the way hold."""
    return hub.commit(None, **{f"f{number}": os.urandom(9 * MEGABYTE) for number in range(4)})


def test_who_stops_reading_does_not_keep_others_from_fetching(hub: Hub, narrow: Server, client: Client) -> None:
    """A fetch whose answer nobody takes is ended, and its place given to the next (F20)."""
    with fetch_and_stop_reading(hub, narrow, large_commit(hub)) as connection:
        assert connection.recv(12) == b"HTTP/1.1 200"
        client.git("clone", "--quiet", narrow.url("reader-token"), "copy")
    assert len(list((client.home / "copy").iterdir())) == 5


def test_who_goes_away_in_the_middle_leaves_nothing_behind(hub: Hub, narrow: Server, client: Client) -> None:
    """A fetch that is interrupted gives its place to the next, however much of the answer was unread (F9)."""
    commit = large_commit(hub)
    for _ in range(2):
        with fetch_and_stop_reading(hub, narrow, commit) as connection:
            assert connection.recv(12) == b"HTTP/1.1 200"
    client.git("clone", "--quiet", narrow.url("reader-token"), "copy")
    assert len(list((client.home / "copy").iterdir())) == 5
