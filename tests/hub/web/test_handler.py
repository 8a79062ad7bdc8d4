"""What travels over HTTP: bodies, queries, errors, idempotency, headers."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
import urllib3

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import LeaseLost
from jupyter_dotscience.api.projects import Project, ProjectCreate, ProjectList, ProjectQuery, Role

from .conftest import Serve

NAMES = (
    "create_project",
    "list_projects",
    "get_project",
    "remove_collaborator",
    "stop_task",
    "get_health",
    "get_account",
)


def project(name: str) -> Project:
    return Project(
        id=new_id(), name=name, description="", owner="alice", role=Role.OWNER, collaborators=[], created=now(),
        head=None, git_url="",
    )  # fmt: skip


class Service:
    """Small answers."""

    def __init__(self) -> None:
        self.created: list[str] = []
        self.seen: list[Any] = []

    def create_project(self, caller: Any, *, body: ProjectCreate) -> Project:
        self.created.append(body.name or "")
        return project(body.name or "")

    def list_projects(self, caller: Any, *, query: ProjectQuery) -> ProjectList:
        self.seen.append(query)
        return ProjectList(items=[])

    def get_project(self, caller: Any, *, project: str) -> Project:
        if project == "boom":
            raise KeyError("a secret of the inside")
        raise LeaseLost("Gone.", detail={"project": project})

    def remove_collaborator(self, caller: Any, *, project: str, user: str) -> None:
        self.seen.append((project, user))

    async def stop_task(self, caller: Any, *, task: str) -> Any:
        raise ZeroDivisionError

    async def get_health(self, caller: Any) -> dict[str, Any]:
        return {"caller": caller}

    async def get_account(self, caller: Any) -> str:
        return str(caller.name)


def problem(answer: urllib3.BaseHTTPResponse) -> tuple[int, str, str]:
    """Status, code and message; the body's status is the answer's."""
    body = json.loads(answer.data)
    assert body["status"] == answer.status
    assert answer.headers["Content-Type"] == "application/json"
    return answer.status, body["code"], body["message"]


def test_a_body_becomes_a_struct_and_a_struct_an_answer(serve: Serve) -> None:
    """The status is the route's, the body JSON, and nothing may be cached or sniffed."""
    with serve(Service(), *NAMES) as server:
        answer = server.request("POST", "/projects", body=b'{"name": "Gr\xc3\xbc\xc3\x9fe"}')
    assert answer.status == 201
    assert json.loads(answer.data)["name"] == "Grüße"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"nam": "x"}', "unknown field `nam`"),
        (b'{"name": 3}', r"Expected `str | null`, got `int` - at `$.name`"),
        (b'{"name": "a/b"}', "`$.name`"),
        (b'{"name": "x"', "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[]", "Expected `object`"),
        (b"", "needs a JSON body"),
    ],
)
def test_a_bad_body_is_a_400_that_says_what(serve: Serve, body: bytes, words: str) -> None:
    """The field is named, and nothing is created."""
    service = Service()
    with serve(service, *NAMES) as server:
        status, code, message = problem(server.request("POST", "/projects", body=body))
    assert (status, code) == (400, "bad_request")
    assert words in message
    assert service.created == []


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("limt=3", "There is no parameter 'limt'; known are cursor, limit, ref."),
        ("limit=many", "`$.limit`"),
        ("limit=0", "`$.limit`"),
        ("ref=a&ref=b", "'ref' is given 2 times"),
        ("ref=%FF", "'ref' is not UTF-8"),
        ("%FF=1", "There is no parameter"),
    ],
)
def test_a_bad_query_is_a_400_that_names_the_parameter(serve: Serve, query: str, words: str) -> None:
    """Unknown, impossible and doubled parameters are never passed over."""
    with serve(Service(), *NAMES) as server:
        status, code, message = problem(server.request("GET", f"/projects?{query}"))
    assert (status, code) == (400, "bad_request")
    assert words in message


def test_query_parameters_are_converted_and_have_defaults(serve: Serve) -> None:
    """Numbers come as text; what looks like another kind stays text where text is wanted."""
    service = Service()
    with serve(service, *NAMES) as server:
        server.request("GET", "/projects?limit=7&ref=null")
        server.request("GET", "/projects")
    assert service.seen == [ProjectQuery(limit=7, ref="null"), ProjectQuery()]


def test_path_parameters_are_unquoted_once(serve: Serve) -> None:
    """A quoted slash belongs to the name; what was quoted twice stays quoted once."""
    service = Service()
    with serve(service, *NAMES) as server:
        answer = server.request("DELETE", "/projects/p/collaborators/a%2Fb%2520c+d")
    assert (answer.status, answer.data) == (204, b"")
    assert service.seen == [("p", "a/b%20c+d")]


def test_an_expected_error_is_its_problem(serve: Serve) -> None:
    """Status, code, message and detail are those of the exception."""
    with serve(Service(), *NAMES) as server:
        answer = server.request("GET", "/projects/p")
    assert problem(answer) == (409, "lease_lost", "Gone.")
    assert json.loads(answer.data)["detail"] == {"project": "p"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/projects/boom"), ("POST", "/tasks/t/stop")])
def test_a_defect_is_a_500_that_leaks_nothing(
    serve: Serve, method: str, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The answer holds a request id by which the log has the traceback."""
    caplog.set_level(logging.ERROR, "dotscience.web")
    with serve(Service(), *NAMES) as server:
        answer = server.request(method, path)
    status, code, message = problem(answer)
    assert (status, code) == (500, "server_error")
    assert b"secret" not in answer.data
    assert b"Zero" not in answer.data
    record = next(record for record in caplog.records if record.exc_info)
    assert json.loads(answer.data)["detail"]["request"] in record.getMessage()
    assert json.loads(answer.data)["detail"]["request"] in message


def test_unknown_addresses_and_methods_are_problems(serve: Serve) -> None:
    """404 and 405, the latter with the methods that exist."""
    with serve(Service(), *NAMES) as server:
        assert problem(server.request("GET", "/nowhere"))[:2] == (404, "not_found")
        assert problem(server.request("BREW", "/projects"))[:2] == (405, "method_not_allowed")
        answer = server.request("PUT", "/projects")
        assert problem(answer)[:2] == (405, "method_not_allowed")
        assert answer.headers["Allow"] == "GET, OPTIONS, POST"


def test_head_and_options(serve: Serve) -> None:
    """HEAD is GET without a body; OPTIONS needs no login."""
    with serve(Service(), *NAMES) as server:
        head = server.request("HEAD", "/projects")
        options = server.request("OPTIONS", "/projects", headers={"X-Name": "nobody"})
    assert (head.status, head.data) == (200, b"")
    assert int(head.headers["Content-Length"]) > 2
    assert (options.status, options.headers["Allow"]) == (204, "GET, OPTIONS, POST")


def test_nobody_is_asked_to_log_in_before_their_body_is_read(serve: Serve) -> None:
    """401 with the way to log in; a route for anyone asks nobody."""
    with serve(Service(), *NAMES) as server:
        answer = server.request("POST", "/projects", body=b"{" * 1_000_000, headers={"X-Name": "nobody"})
        health = server.request("GET", "/health", headers={"X-Name": "nobody"})
    assert problem(answer)[:2] == (401, "not_logged_in")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert json.loads(health.data) == {"caller": None}


def test_a_body_over_the_limit_is_refused(serve: Serve) -> None:
    """By its announced length, and where there is none while it arrives."""
    with serve(Service(), *NAMES) as server:
        headers = {"Content-Length": str(65 * 2**20), "Expect": "100-continue"}
        announced = server.request("POST", "/projects", body=b"", headers=headers)
        assert problem(announced)[:2] == (413, "too_large")
        chunked = server.request("POST", "/projects", body=(b" " * 2**20 for _ in range(66)), chunked=True)
        assert problem(chunked)[:2] == (413, "too_large")


def test_a_compressed_body_is_refused(serve: Serve) -> None:
    """Nothing is unpacked: a small body cannot become a large one."""
    with serve(Service(), *NAMES) as server:
        answer = server.request("POST", "/projects", body=b"x", headers={"Content-Encoding": "gzip"})
    assert problem(answer)[:2] == (400, "content_encoding")


def test_a_repeated_key_gets_the_first_answer(serve: Serve) -> None:
    """The write happens once; another caller's key, another key and no key are other requests."""
    service = Service()
    body = b'{"name": "x"}'
    with serve(service, *NAMES) as server:

        def create(**headers: str) -> bytes:
            return server.request("POST", "/projects", body=body, headers=headers).data

        first = create(**{"Idempotency-Key": "k"})
        assert create(**{"Idempotency-Key": "k"}) == first
        assert len(service.created) == 1
        others = [create(**{"Idempotency-Key": "k", "X-Name": "bob"}), create(**{"Idempotency-Key": "l"}), create()]
    assert len({first, *others}) == 4


def test_a_key_used_for_another_request_is_a_conflict(serve: Serve) -> None:
    """A wrong answer would be worse than an error."""
    with serve(Service(), *NAMES) as server:
        server.request("POST", "/projects", body=b'{"name": "x"}', headers={"Idempotency-Key": "k"})
        answer = server.request("POST", "/projects", body=b'{"name": "y"}', headers={"Idempotency-Key": "k"})
        bad = server.request("POST", "/projects", body=b'{"name": "y"}', headers={"Idempotency-Key": "k" * 300})
    assert problem(answer)[:2] == (409, "idempotency_key_reused")
    assert problem(bad)[0] == 400


def test_the_access_log_has_no_query(serve: Serve, caplog: pytest.LogCaptureFixture) -> None:
    """An OAuth code or a token in an address is not kept."""
    caplog.set_level(logging.INFO, "dotscience.access")
    with serve(Service(), *NAMES) as server:
        server.request("GET", "/projects?token=hush", headers={"Authorization": "Bearer hush"})
    lines = [record.getMessage() for record in caplog.records if record.name == "dotscience.access"]
    assert len(lines) == 1
    assert "GET /services/dotscience/api/projects 400" in lines[0]
    assert "hush" not in caplog.text
