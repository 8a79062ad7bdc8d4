"""Servers that answer slowly or without an end: a request has failed in the end, whatever they send."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from dotscience_hub.datasets import answers
from dotscience_hub.datasets.bucket import Bucket
from dotscience_hub.datasets.errors import SyncError
from dotscience_hub.datasets.listing import Listed
from dotscience_hub.datasets.location import Location

SIZE = 60
BODY = b"x" * SIZE
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
READ_SECONDS = 0.5
DRIP_SECONDS = 0.02
OBJECT = Listed("a", "", SIZE, 0)
LATE = "its answer did not come within 0.5 seconds"


@pytest.mark.parametrize("whole", [1, len(HEAD % SIZE)])
def test_a_server_that_drips_is_given_up(whole: int) -> None:
    """A byte now and then, in the head or in the body, does not count as an answer that goes on."""
    answer = HEAD % SIZE + BODY
    with _sending(lambda: _drip(answer, whole)) as bucket, pytest.raises(SyncError, match=LATE):
        bucket.get(OBJECT)


def test_a_server_that_stops_within_an_object_is_given_up() -> None:
    """A part of a large object whose rest does not come is given up; what had come was written."""
    written: list[bytes] = []
    with _sending(lambda: [(HEAD % SIZE) + BODY[:-1]]) as bucket, pytest.raises(SyncError, match=LATE):
        bucket.get_range(OBJECT, 0, SIZE, lambda _, data: written.append(data))
    assert b"".join(written) in (b"", BODY[:-1])


def test_a_slow_server_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer may take longer than it may stand still, as long as enough of it comes in that time."""
    monkeypatch.setattr(answers, "LEAST_BYTES", 1)
    answer = HEAD % SIZE + BODY
    with _sending(lambda: _drip(answer, 1)) as bucket:
        assert bucket.get(OBJECT).data == BODY


def test_a_head_without_an_end_is_given_up() -> None:
    """A server that says for ever that its answer is to follow is not listened to for ever."""
    flood = itertools.repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, 1000)
    with _sending(lambda: flood) as bucket, pytest.raises(SyncError, match="the head of an answer has no end"):
        bucket.get(OBJECT)


def test_a_list_without_an_end_is_given_up() -> None:
    """A server that promises more and more, and lists nothing, is not asked for ever."""
    tokens = itertools.count()

    def page() -> list[bytes]:
        text = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{next(tokens)}</NextContinuationToken>"
        body = f"<ListBucketResult>{text}</ListBucketResult>".encode()
        return [HEAD % len(body) + body]

    with _sending(page) as bucket, pytest.raises(SyncError, match="has no end"):
        for _ in itertools.islice(bucket.pages(), 1000):
            pass


@pytest.mark.parametrize(
    ("addresses", "reached"),
    [([*(f"::ffff:127.0.0.{last}" for last in range(1, 9)), "127.0.0.1"], True),
     ([*(f"127.0.0.{last}" for last in range(2, 200)), "127.0.0.1"], False)],
)  # fmt: skip
def test_of_many_addresses_some_are_tried(monkeypatch: pytest.MonkeyPatch, addresses: list[str], reached: bool) -> None:
    """A name's hundreds of addresses are not all waited for; where IPv6 leads nowhere IPv4 has its turn."""
    lookup = socket.getaddrinfo

    def found(host: str, port: int, *args: Any, **options: Any) -> list[Any]:
        names = addresses if host == "many.invalid" else [host]
        return [entry for each in names for entry in lookup(each, port, *args, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    expected = contextlib.nullcontext() if reached else pytest.raises(SyncError, match="Connection refused")
    with _sending(lambda: [HEAD % SIZE + BODY], host="many.invalid") as bucket, expected:
        assert bucket.get(OBJECT).data == BODY


def _drip(answer: bytes, whole: int) -> Iterator[bytes]:
    """An answer's beginning, and then one byte after the other."""
    yield answer[:whole]
    for number in range(whole, len(answer)):
        time.sleep(DRIP_SECONDS)  # what is tested is that time goes by
        yield answer[number : number + 1]


@contextlib.contextmanager
def _sending(answer: Callable[[], Iterable[bytes]], host: str = "127.0.0.1") -> Iterator[Bucket]:
    """A bucket at a server that answers each request with these bytes, and leaves the connection open."""
    with socket.create_server(("127.0.0.1", 0)) as listener, contextlib.ExitStack() as connections:
        thread = threading.Thread(target=_serve, args=(listener, answer, connections))
        thread.start()
        location = Location("data", "", f"http://{host}:{listener.getsockname()[1]}", None, "key", "secret")
        try:
            with contextlib.closing(Bucket(location, patience=0.0, read=READ_SECONDS)) as bucket:
                yield bucket
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _serve(listener: socket.socket, answer: Callable[[], Iterable[bytes]], connections: contextlib.ExitStack) -> None:
    """One connection after the other, until the listener is shut down."""
    with contextlib.suppress(OSError):
        while True:
            connection = connections.enter_context(listener.accept()[0])
            with contextlib.suppress(OSError):
                while connection.recv(1 << 16):
                    for data in answer():
                        connection.sendall(data)
