"""Trying keys and a bucket before a dataset is made: what works, what does not, and which servers are not asked."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import msgspec
import pytest
from dotscience_hub.datasets.endpoint import is_forbidden, parse
from dotscience_hub.datasets.errors import SyncError, Transient
from dotscience_hub.datasets.listing import parse_page, parse_refusal
from dotscience_hub.datasets.place import Place
from dotscience_hub.datasets.syncs import Syncs
from dotscience_hub.store.database import Database

from jupyter_dotscience.api.datasets import S3Create
from jupyter_dotscience.api.problems import BadRequest
from tests.services.process import free_port
from tests.services.s3 import S3Server

pytestmark = pytest.mark.s3


@pytest.fixture
def syncs(sqlite_database: Database, tmp_path: Path) -> Syncs:
    """One that was not started."""
    place = Place(data_dir=str(tmp_path), db_url="sqlite://", key_file=str(tmp_path / "keys"))
    return Syncs(sqlite_database, place, lambda _: None)


def _source(server: S3Server, endpoint: str | None = None) -> S3Create:
    return S3Create(
        bucket=server.bucket, access_key_id=server.key, secret_access_key=server.secret,
        endpoint_url=endpoint or server.endpoint,
    )  # fmt: skip


def _refusal(syncs: Syncs, source: S3Create) -> str:
    with pytest.raises(BadRequest) as caught:
        syncs.check(source)
    assert source.secret_access_key not in str(caught.value)
    return str(caught.value)


@pytest.fixture(params=["s3_server", "swift"])
def server(request: pytest.FixtureRequest) -> S3Server:
    """Either kind of server, with an empty bucket."""
    found: S3Server = request.getfixturevalue(request.param)
    return found


def test_what_works_is_accepted(syncs: Syncs, server: S3Server) -> None:
    """Right keys to a bucket that is there raise nothing."""
    syncs.check(_source(server))


def test_wrong_keys(syncs: Syncs, server: S3Server) -> None:
    """A wrong secret is told in a sentence."""
    said = _refusal(syncs, _source(replace(server, secret="wrong-secret")))
    assert said == f"The secret access key is not the one that belongs to the access key {server.key}."


def test_an_unknown_access_key(syncs: Syncs, s3_server: S3Server) -> None:
    """An access key that the server does not know is told as such."""
    said = _refusal(syncs, _source(replace(s3_server, key="unknown-key")))
    assert said == f"{s3_server.endpoint} does not know the access key unknown-key."


def test_no_such_bucket(syncs: Syncs, server: S3Server) -> None:
    """A bucket that is not there is told."""
    said = _refusal(syncs, _source(replace(server, bucket="no-such-bucket")))
    assert said == f"There is no bucket no-such-bucket at {server.endpoint}."


def test_access_denied(syncs: Syncs, swift: S3Server) -> None:
    """A key that may not read the bucket is told, whatever else it may."""
    with _answering(403, b"<Error><Code>AccessDenied</Code><Message>x</Message></Error>") as endpoint:
        said = _refusal(syncs, _source(swift, endpoint))
    assert said == f"The access key {swift.key} may not read s3://{swift.bucket}/."


@pytest.mark.parametrize("bucket", ["../x", "a/b", "..", "a b", "ü", "a?b", "-x"])
def test_impossible_names_of_buckets(syncs: Syncs, s3_server: S3Server, bucket: str) -> None:
    """What is no name of a bucket is never asked for."""
    assert _refusal(syncs, _source(replace(s3_server, bucket=bucket))) == f"{bucket!r} is no name of a bucket."


def test_what_would_change_a_header_or_an_address_is_refused(syncs: Syncs, s3_server: S3Server) -> None:
    """Keys, regions and prefixes that could be anything else are never sent."""
    source = _source(s3_server)
    for changes in (
        {"access_key_id": "a\r\nX-Other: y"},
        {"access_key_id": "\u00fc"},
        {"region": "x.example.com/"},
        {"region": "", "endpoint_url": None},
        {"prefix": "a\0b"},
    ):
        said = _refusal(syncs, msgspec.structs.replace(source, **changes))
        assert "does not answer" not in said


def test_a_server_that_is_not_there(syncs: Syncs, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that refuses connections, and a name that does not exist, are told after a few tries."""
    monkeypatch.setattr("dotscience_hub.datasets.syncs._CHECK_PATIENCE", 0.5)
    endpoint = f"http://127.0.0.1:{free_port()}"
    assert _refusal(syncs, _source(s3_server, endpoint)).startswith(f"{endpoint} does not answer as it should: ")
    assert "Connection refused" in _refusal(syncs, _source(s3_server, endpoint))
    unknown = _refusal(syncs, _source(s3_server, "http://no-such-host.invalid"))
    assert unknown.startswith("http://no-such-host.invalid does not answer as it should: ")
    assert "0x" not in unknown


@pytest.mark.parametrize(
    "url",
    ["ftp://host", "file:///etc/passwd", "host:9000", "http://", "http://u:p@host", "http://host/?a=b", "http://host#x",
     "http://ho st", "http://host:99999", "http://[::1", "https://host\r\nX: y"],
)  # fmt: skip
def test_endpoints_that_are_none(syncs: Syncs, s3_server: S3Server, url: str) -> None:
    """Only plain http and https addresses are asked."""
    assert "endpoint" in _refusal(syncs, _source(s3_server, url)).lower()


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254", "http://2852039166/", "http://0xa9fea9fe", "http://[::ffff:169.254.169.254]",
     "http://[fe80::1]", "http://[fd00:ec2::254]", "http://0.0.0.0:80", "https://169.254.170.2"],
)  # fmt: skip
def test_metadata_services_are_not_asked(syncs: Syncs, s3_server: S3Server, url: str) -> None:
    """However it is written, an address where clouds give credentials away is not connected to."""
    assert _refusal(syncs, _source(s3_server, url)).startswith("This hub does not connect to the address of ")


def test_forbidden_addresses() -> None:
    """Link-local and impossible addresses are refused, others not."""
    assert all(map(is_forbidden, ["169.254.0.1", "fe80::1%eth0", "::ffff:169.254.169.254", "224.0.0.1", "::"]))
    assert not any(map(is_forbidden, ["127.0.0.1", "10.0.0.1", "::1", "52.216.0.1", "fd12::1"]))


def test_the_administrator_may_allow_some_servers_only() -> None:
    """Only what a pattern fits is asked; a pattern is of the whole of scheme, host and port."""
    allowed = ("https://*.amazonaws.com", "http://store:9000")
    assert parse("https://s3.eu-west-1.amazonaws.com", allowed).port == 443
    assert parse("http://store:9000", allowed).port == 9000
    for url in ("http://store", "https://evil.com", "https://amazonaws.com.evil.com", "http://s3.amazonaws.com"):
        with pytest.raises(SyncError, match="does not allow datasets from"):
            parse(url, allowed)


def test_amazon_is_subject_to_it_too(syncs: Syncs, s3_server: S3Server) -> None:
    """Without an endpoint it is Amazon's, which may be not allowed."""
    syncs._place = msgspec.structs.replace(syncs._place, allowed=("http://store",))
    source = msgspec.structs.replace(_source(s3_server), endpoint_url=None)
    assert "does not allow datasets from https://" in _refusal(syncs, source)


def test_redirects_are_not_followed(syncs: Syncs, s3_server: S3Server) -> None:
    """A server cannot send the hub elsewhere."""
    asked: list[str] = []
    with _answering(200, b"", asked) as elsewhere, _answering(307, b"", location=elsewhere) as endpoint:
        said = _refusal(syncs, _source(s3_server, endpoint))
    assert said == f"The bucket {s3_server.bucket} is in another region than was given, or at another endpoint."
    assert asked == []


def test_what_is_no_list_is_refused(syncs: Syncs, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """A web page in place of a list is no bucket, nor is XML that could grow."""
    monkeypatch.setattr("dotscience_hub.datasets.syncs._CHECK_PATIENCE", 0.3)
    with _answering(200, b"<html><body>Welcome</body></html>") as endpoint:
        assert "cannot be read" in _refusal(syncs, _source(s3_server, endpoint))
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]><ListBucketResult>&a;</ListBucketResult>'
    with pytest.raises(Transient):
        parse_page(bomb)
    assert parse_refusal(bomb).code == ""


def test_a_server_that_never_ends_is_given_up(
    syncs: Syncs, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes is read up to what was to be expected, and not for ever."""
    monkeypatch.setattr("dotscience_hub.datasets.syncs._CHECK_PATIENCE", 0.3)
    monkeypatch.setattr("dotscience_hub.datasets.bucket._PAGE_BYTES", 1 << 16)
    with _answering(200, b"x" * (1 << 20)) as endpoint:
        assert "more than it was asked for" in _refusal(syncs, _source(s3_server, endpoint))


def test_a_server_that_says_nothing_is_given_up(
    syncs: Syncs, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for a dataset does not wait long for a server that takes the request and never answers."""
    monkeypatch.setattr("dotscience_hub.datasets.syncs._CHECK_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = _refusal(syncs, _source(s3_server, f"http://127.0.0.1:{silent.getsockname()[1]}"))
    assert said.endswith(" does not answer as it should: its answer did not come within 0.4 seconds.")


@contextlib.contextmanager
def _answering(status: int, body: bytes, asked: list[str] | None = None, location: str | None = None) -> Iterator[str]:
    """A web server that answers everything alike; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if asked is not None:
                asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            if location is not None:
                self.send_header("Location", location)
            self.end_headers()
            with contextlib.suppress(OSError):
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
