"""Files of the pages' build, as browsers ask for them."""

from __future__ import annotations

import asyncio
import gzip
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3
from dotscience_hub.web.application import make_application
from dotscience_hub.web.asset import Asset
from dotscience_hub.web.metrics import Metrics
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

SCRIPT = b"export const answer = 42; // " + b"long " * 10_000


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """Where a folder with a script and a picture is served."""
    (tmp_path / "main.js").write_bytes(SCRIPT)
    (tmp_path / "font.woff2").write_bytes(b"packed already")
    rules = [(r"/(.*)", Asset, {"path": str(tmp_path)})]
    sockets = bind_sockets(0, "127.0.0.1")
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        HTTPServer(make_application(rules, cookie_secret=b"0" * 32, metrics=Metrics())).add_sockets(sockets)

    loop.run_until_complete(serve())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield f"http://127.0.0.1:{sockets[0].getsockname()[1]}"
    loop.call_soon_threadsafe(loop.stop)
    thread.join(60)
    loop.close()
    sockets[0].close()


def ask(address: str, name: str, **headers: str) -> urllib3.BaseHTTPResponse:
    return urllib3.request("GET", f"{address}/{name}", headers=headers, decode_content=False, retries=False)


def test_scripts_come_packed(address: str) -> None:
    """A browser gets a script as gzip, an older program as it is, and caches keep the two apart."""
    packed = ask(address, "main.js", **{"Accept-Encoding": "gzip, deflate, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) == int(packed.headers["Content-Length"]) < len(SCRIPT) / 50
    assert gzip.decompress(packed.data) == SCRIPT
    plain = ask(address, "main.js")
    assert plain.data == SCRIPT
    assert "Content-Encoding" not in plain.headers
    assert plain.headers["Vary"] == packed.headers["Vary"] == "Accept-Encoding"
    assert plain.headers["Etag"] != packed.headers["Etag"]


def test_what_is_unchanged_is_not_sent_again(address: str) -> None:
    """The tag of each form is known again."""
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        tag = ask(address, "main.js", **headers).headers["Etag"]
        assert ask(address, "main.js", **headers, **{"If-None-Match": tag}).status == 304


def test_parts_and_packed_types_come_as_they_are(address: str) -> None:
    """A part of a file is one of its own bytes, and what is packed by its nature is not packed twice."""
    part = ask(address, "main.js", **{"Accept-Encoding": "gzip", "Range": "bytes=0-5"})
    assert (part.status, part.data) == (206, b"export")
    assert ask(address, "font.woff2", **{"Accept-Encoding": "gzip"}).data == b"packed already"
    assert ask(address, "gone.js", **{"Accept-Encoding": "gzip"}).status == 404
