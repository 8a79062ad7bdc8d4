"""HTTP as it is written: no client of ours or anybody's tidies addresses, headers or bodies on the way."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from jupyter_dotscience.api.routes import PREFIX
from tests.hubprocess import Answer


def send(
    url: str, method: str, target: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
) -> Answer:
    """One request of the hub at ``url``, with the target as it stands."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=60)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        if body is not None and "Transfer-Encoding" not in (headers or {}):
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return Answer(answer.status, dict(answer.getheaders()), answer.read())
    finally:
        connection.close()


class Caller:
    """Asks the API with one token, byte for byte."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.token = token

    def __call__(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send bytes as they are, anything else as JSON."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.token}", **{name.replace("_", "-"): v for name, v in headers.items()}}
        return send(self.url, method, PREFIX + path, data, sent)


def escaped(text: str) -> str:
    """As one segment of a path or one value of a query, whatever it holds."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def assert_problem(answer: Answer, *statuses: int) -> None:
    """The caller is at fault, and is told so in one sentence and the one form."""
    assert 400 <= answer.status < 500, (answer.status, answer.body[:500])
    if statuses:
        assert answer.status in statuses, (answer.status, answer.body[:500])
    problem = json.loads(answer.body)
    assert set(problem) == {"status", "code", "message", "detail"}
    assert problem["status"] == answer.status
    assert problem["code"].replace("_", "").isalnum()
    assert problem["message"].endswith((".", ")", "?")), problem
    assert not any(word in problem["message"] for word in ("Traceback", "Error(", "sqlalchemy", "/site-packages/"))
