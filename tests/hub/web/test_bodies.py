"""Bodies that are no single JSON value: uploads, downloads and streams, and what happens when one side goes away."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from typing import Any

import pytest
from dotscience_hub.services.download import Download, of_bytes
from dotscience_hub.web import streaming, uploads

from jupyter_dotscience.api.logs import LogEntry, LogStream
from jupyter_dotscience.api.problems import BadRequest, NotFound
from tests.hub.web.conftest import Serve, Server

MEGABYTE = 2**20
CONTENT = bytes(range(256)) * 8


def connect(server: Server, text: str) -> socket.socket:
    """A raw connection with a request on it."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(text.replace("\n", "\r\n").replace("API", "/services/dotscience/api").encode())
    return connection


def send_until_stuck(connection: socket.socket, size: int) -> int:
    """How many bytes the other side took."""
    sent = 0
    with contextlib.suppress(TimeoutError):
        while sent < size:
            sent += connection.send(b"x" * MEGABYTE)
    return sent


class Uploads:
    """Takes bytes."""

    def __init__(self) -> None:
        self.received = 0
        self.go_on = threading.Event()
        self.error: BaseException | None = None
        self.ended = threading.Event()

    async def put_object(self, caller: Any, *, project: str, sha256: str, body: AsyncIterator[bytes]) -> None:
        if sha256 == "refuse":
            raise BadRequest("No.")
        try:
            if sha256 == "slow":
                await asyncio.to_thread(self.go_on.wait, 20)
            async for piece in body:
                self.received += len(piece)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.ended.set()


def test_an_upload_arrives_whole(serve: Serve) -> None:
    """More than fits in any buffer, with and without a length."""
    service = Uploads()
    with serve(service, "put_object") as server:
        assert server.request("PUT", "/projects/p/objects/x", body=b"x" * (5 * MEGABYTE)).status == 204
        assert service.received == 5 * MEGABYTE
        pieces = (b"y" * MEGABYTE for _ in range(5))
        assert server.request("PUT", "/projects/p/objects/x", body=pieces, chunked=True).status == 204
        assert service.received == 10 * MEGABYTE


def test_a_slow_reader_slows_the_sender_down(serve: Serve) -> None:
    """While the service does not read, the sender cannot send on: nothing piles up in the hub."""
    service = Uploads()
    size = 200 * MEGABYTE
    with serve(service, "put_object") as server:
        connection = connect(server, f"PUT API/projects/p/objects/slow HTTP/1.1\nHost: x\nContent-Length: {size}\n\n")
        connection.settimeout(0.5)
        sent = send_until_stuck(connection, size)
        assert sent < 32 * MEGABYTE
        connection.settimeout(60)
        service.go_on.set()
        while sent < size:
            sent += connection.send(b"x" * min(MEGABYTE, size - sent))
        assert b"204 No Content" in connection.recv(4096)
        connection.close()
    assert service.received == size


def test_a_refused_upload_gets_its_answer(serve: Serve) -> None:
    """The sender is heard to the end, then told why; the connection goes on."""
    with serve(Uploads(), "put_object") as server:
        for _ in range(2):
            answer = server.request("PUT", "/projects/p/objects/refuse", body=b"x" * (20 * MEGABYTE))
            assert answer.status == 400
            assert answer.json()["message"] == "No."


def test_an_upload_whose_sender_is_gone_fails_in_the_service(serve: Serve) -> None:
    """A part is never taken for the whole."""
    service = Uploads()
    with serve(service, "put_object") as server:
        connection = connect(server, "PUT API/projects/p/objects/x HTTP/1.1\nHost: x\nContent-Length: 100\n\nabc")
        connection.close()
        assert service.ended.wait(20)
    assert service.error is not None
    assert "StreamClosedError" in type(service.error).__name__


class Downloads:
    """Gives bytes."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    async def get_object(self, caller: Any, *, project: str, sha256: str) -> Download:
        if sha256 == "none":
            raise NotFound("No such object.")
        if sha256 == "plain":
            return of_bytes(CONTENT, 'größe ".bin')
        return Download(size=None if sha256 == "unknown" else 10_000 * MEGABYTE, chunks=self._chunks)

    async def _chunks(self, start: int, length: int | None) -> AsyncIterator[bytes]:
        try:
            for _ in range(10_000 if length is not None else 3):
                yield b"x" * MEGABYTE
        finally:
            self.closed.set()


def test_a_download_is_an_attachment(serve: Serve) -> None:
    """What people made is never shown in the hub's origin."""
    with serve(Downloads(), "get_object") as server:
        answer = server.request("GET", "/projects/p/objects/plain")
        head = server.request("HEAD", "/projects/p/objects/plain")
        unknown = server.request("GET", "/projects/p/objects/unknown")
    assert (answer.status, answer.data) == (200, CONTENT)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''gr%C3%B6%C3%9Fe%20%22.bin"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert (head.data, head.headers["Content-Length"]) == (b"", str(len(CONTENT)))
    assert len(unknown.data) == 3 * MEGABYTE


@pytest.mark.parametrize(
    ("header", "start", "stop"), [("bytes=0-99", 0, 100), ("bytes=2000-", 2000, 2048), ("bytes=-7", 2041, 2048)]
)
def test_a_range_of_a_download(serve: Serve, header: str, start: int, stop: int) -> None:
    """The part, where it is, and how much there is."""
    with serve(Downloads(), "get_object") as server:
        answer = server.request("GET", "/projects/p/objects/plain", headers={"Range": header})
    assert (answer.status, answer.data) == (206, CONTENT[start:stop])
    assert answer.headers["Content-Range"] == f"bytes {start}-{stop - 1}/{len(CONTENT)}"


def test_an_impossible_range_and_a_missing_object(serve: Serve) -> None:
    """Problems, like all errors."""
    with serve(Downloads(), "get_object") as server:
        answer = server.request("GET", "/projects/p/objects/plain", headers={"Range": "bytes=5000-"})
        assert (answer.status, answer.json()["code"]) == (416, "range_not_satisfiable")
        assert server.request("GET", "/projects/p/objects/none").json()["message"] == "No such object."


def test_a_download_whose_reader_is_gone_is_closed(serve: Serve) -> None:
    """Nobody goes on reading ten gigabytes for nobody."""
    service = Downloads()
    with serve(service, "get_object") as server:
        connection = connect(server, "GET API/projects/p/objects/endless HTTP/1.1\nHost: x\n\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        connection.close()
        assert service.closed.wait(20)


class Streams:
    """Gives entries."""

    def __init__(self) -> None:
        self.closed = threading.Event()

    async def read_logs(self, caller: Any, *, task: str, query: Any) -> AsyncIterator[Any]:
        try:
            if task == "none":
                raise NotFound("No such task.")
            yield LogEntry(seq=0, stream=LogStream.STDOUT, time=1, data=b"hi\n")
            yield b'[1,"stdout",2,"eA=="]\n[2,"stdout",3,"eA=="]\n'
            if task == "broken":
                raise OSError("the disk is gone")
            if task == "endless":
                await asyncio.sleep(3600)
        finally:
            self.closed.set()


def test_a_stream_is_lines_of_json(serve: Serve) -> None:
    """Structs are encoded; bytes are lines already."""
    with serve(Streams(), "read_logs") as server:
        answer = server.request("GET", "/tasks/t/logs")
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.data == b'[0,"stdout",1,"aGkK"]\n[1,"stdout",2,"eA=="]\n[2,"stdout",3,"eA=="]\n'


def test_an_error_before_the_first_line_is_a_problem(serve: Serve) -> None:
    """The status tells."""
    with serve(Streams(), "read_logs") as server:
        assert server.request("GET", "/tasks/none/logs").status == 404


def test_an_error_in_the_middle_breaks_the_connection(serve: Serve) -> None:
    """The end of the lines must not look like the end of the log."""
    with serve(Streams(), "read_logs") as server:
        connection = connect(server, "GET API/tasks/broken/logs HTTP/1.1\nHost: x\n\n")
        received = b""
        while piece := connection.recv(65536):
            received += piece
        connection.close()
    assert b'[2,"stdout"' in received
    assert not received.endswith(b"0\r\n\r\n")


def test_a_silent_stream_gives_signs_of_life(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blank lines, so that no proxy takes the connection for dead; and a stream nobody hears ends."""
    monkeypatch.setattr(streaming, "LIFE_SECONDS", 0.05)
    service = Streams()
    with serve(service, "read_logs") as server:
        answer = server.request("GET", "/tasks/endless/logs?follow=true", preload_content=False)
        received = b""
        while received.count(b"\n\n") < 1:
            received += answer.read(1)
        answer.close()
        assert service.closed.wait(20)


def test_a_stop_ends_streams_at_once(serve: Serve) -> None:
    """What would wait for an hour does not hold up the end of the service."""
    service = Streams()
    with serve(service, "read_logs") as server:
        connection = connect(server, "GET API/tasks/endless/logs?follow=true HTTP/1.1\nHost: x\n\n")
        while b'[2,"stdout"' not in connection.recv(65536):
            pass
        server.loop.call_soon_threadsafe(server.lifecycle.stop)
        assert service.closed.wait(20)
        connection.close()


def test_a_stopping_service_answers_long_polls_with_503(serve: Serve) -> None:
    """The caller hears that it may try again, and where the waiting is over."""

    class Waits:
        async def get_task(self, caller: Any, *, task: str, query: Any) -> Any:
            await asyncio.sleep(3600)

    with serve(Waits(), "get_task") as server:
        server.loop.call_soon_threadsafe(server.lifecycle.stop)
        answer = server.request("GET", "/tasks/t?wait=60")
    assert (answer.status, answer.json()["code"]) == (503, "unavailable")
    assert "Retry-After" in answer.headers


def test_an_upload_hands_on_pieces_in_order_and_its_end() -> None:
    """What was fed before the reader came is there, and the end is the end."""

    async def read() -> list[bytes]:
        upload = uploads.Upload()
        for piece in (b"a", b"b"):
            upload.feed(piece)
        upload.end()
        return [piece async for piece in upload]

    assert asyncio.run(read()) == [b"a", b"b"]
