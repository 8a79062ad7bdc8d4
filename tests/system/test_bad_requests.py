"""Bad input to the API, through the proxy, on both databases: never a 5xx, each answer a Problem, nothing changes."""

from __future__ import annotations

import json
import random
from typing import Any
from urllib.parse import urlencode

import pytest

from jupyter_dotscience.api.routes import ROUTES, Raw, Route
from tests.hubprocess import Answer, RunningHub

from . import hostile
from .raw import Caller, assert_problem, escaped, send
from .scene import MOMENT, SHA256

JSON_ROUTES = [route for route in ROUTES if route.request not in (None, Raw.BYTES)]
NAMED = [route for route in ROUTES if route.parameters]


@pytest.fixture(scope="module")
def user(any_hub: RunningHub) -> Caller:
    """A user of this module."""
    return Caller(any_hub.url, any_hub.make_user())


@pytest.fixture(scope="module")
def runner(user: Caller) -> Caller:
    """A runner of the user's, and what it holds is nothing."""
    return Caller(user.url, user("POST", "/runners", {}).json()["token"])


@pytest.fixture(scope="module")
def ids(user: Caller) -> dict[str, str]:
    """A project of the user with a file, a run, a queued task, and beside it a runner, a secret and a dataset."""
    dataset = user("POST", "/datasets", {"name": "numbers"}).json()["id"]
    project = user("POST", "/projects", {}).json()["id"]
    change = {"path": "a.txt", "size": 1, "data": "YQ=="}
    commit = {"message": "First", "created": MOMENT, "changes": [change]}
    made = {
        "project": project,
        "commit": user("POST", f"/projects/{project}/commits", commit).json()["commit"],
        "task": user("POST", f"/projects/{project}/tasks", WORKLOAD | {"labels": {"never": ""}}).json()["id"],
        "runner": user("POST", "/runners", {}).json()["runner"]["id"],
        "dataset": dataset,
        "secret": user("POST", "/secrets", {"name": "key"}).json()["id"],
        "run": "run-1",
        "user": "nobody",
        "sha256": SHA256,
    }
    recorded = user("POST", f"/projects/{project}/runs", {"runs": [{"id": "run-1", "summary": {"a": "1"}}]})
    assert recorded.status == 201
    said = user("POST", f"/projects/{project}/runs/run-1/comments", {"text": "Good"})
    return made | {"comment": said.json()["id"]}


WORKLOAD: dict[str, Any] = {"workload": {"kind": "command", "command": ["true"]}}


def caller_of(route: Route, user: Caller, runner: Caller) -> Caller:
    return runner if "/runner/" in route.path else user


def head(user: Caller, project: str) -> Any:
    return user("GET", f"/projects/{project}").json()["head"]


@pytest.mark.parametrize("route", NAMED, ids=lambda route: route.name)
def test_ids_that_are_none(user: Caller, runner: Caller, ids: dict[str, str], route: Route) -> None:
    """Whatever stands where an id belongs, it is not found or refused, and the rest of the path is not looked at."""
    body = None if route.request is None else b"x" if route.request is Raw.BYTES else {}
    ask = caller_of(route, user, runner)
    for parameter in route.parameters:
        for kind, text in hostile.NAMES.items():
            if kind == "lone surrogate":
                continue  # configurable-http-proxy itself answers with a 500 where an address is no UTF-8
            if (route.name, parameter, kind) == ("unlink_dataset", "project", "dots"):
                continue  # the proxy makes it the dataset's own address (RFC 3986, 5.2.4); our client refuses it
            path = route.path.format(**{name: escaped(value) for name, value in (ids | {parameter: text}).items()})
            assert_problem(ask(route.method, path, body))


@pytest.mark.parametrize("route", JSON_ROUTES, ids=lambda route: route.name)
def test_bodies_that_are_none(user: Caller, runner: Caller, ids: dict[str, str], route: Route) -> None:
    """What is no JSON, or not the JSON that the route takes, is refused with the reason."""
    ask, path = caller_of(route, user, runner), route.path.format(**ids)
    for body in hostile.BODIES.values():
        assert_problem(ask(route.method, path, body), 400, 404)


def test_a_key_that_is_there_twice(user: Caller) -> None:
    """The last one counts, as everywhere with JSON, and is checked like any other."""
    made = user("POST", "/projects", b'{"name": "first", "name": "second"}')
    assert (made.status, made.json()["name"]) == (201, "second")
    assert_problem(user("POST", "/projects", b'{"name": "first", "name": 1}'), 400)


def test_a_body_over_the_limit(user: Caller) -> None:
    """65 MiB of JSON are refused with the limit, whether their length was announced or they came in chunks."""
    body = b'{"name": "' + b"x" * (65 << 20) + b'"}'
    assert_problem(user("POST", "/projects", body), 413)
    chunk = b"%x\r\n%s\r\n" % (1 << 20, b"x" * (1 << 20))
    assert_problem(user("POST", "/projects", chunk * 65 + b"0\r\n\r\n", Transfer_Encoding="chunked"), 413)


def test_bodies_in_another_dress(user: Caller) -> None:
    """A compressed body is refused; the media type of a JSON body does not matter."""
    assert_problem(user("POST", "/projects", b"{}", Content_Encoding="gzip"), 400)
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "\xe9/\xe9"):
        answer = user("POST", "/projects", b"{}", Content_Type=kind)
        assert answer.status == 201, (kind, answer.body)


def test_lengths_that_are_none(user: Caller) -> None:
    """Refused on the way or by the hub, never with a 5xx of the hub's own."""
    headers = {"Authorization": f"Bearer {user.token}"}
    for length in ("-1", "x", "1e3", "9" * 400):
        bad = send(user.url, "POST", "/services/dotscience/api/projects", None, headers | {"Content-Length": length})
        assert 400 <= bad.status < 500, (length, bad.status)


@pytest.mark.parametrize("kind", hostile.NAMES)
def test_names(user: Caller, kind: str) -> None:
    """A name is kept to the letter and found again, alone, or it is refused and nothing is made."""
    name = hostile.NAMES[kind]
    for place in ("projects", "runners", "datasets"):
        made = user("POST", f"/{place}", {"name": name})
        found = user("GET", f"/{place}?ref={escaped(name)}")
        if made.status != 201:
            assert_problem(made, 400)
            assert found.status == 400 or found.json()["items"] == []
            continue
        item = made.json().get("runner", made.json())
        assert item["name"] == name
        assert [each["id"] for each in found.json()["items"]] == [item["id"]]


def test_names_that_say_where_the_limit_is(user: Caller) -> None:
    """200 characters are a name, 201 are not, in whatever script."""
    for letter in ("x", "数", "🧪"):
        assert user("POST", "/projects", {"name": letter * 200}).status == 201
        assert_problem(user("POST", "/projects", {"name": letter * 201}), 400)


@pytest.mark.parametrize("kind", hostile.NAMES)
def test_words_of_a_command(user: Caller, ids: dict[str, str], kind: str) -> None:
    """Arguments and values are kept to the letter or refused; names of variables, labels and images are narrow."""
    word = hostile.NAMES[kind]
    path = f"/projects/{ids['project']}/tasks"

    def queue(**workload: Any) -> Answer:
        told = {"kind": "command", "command": ["true"], **workload}
        return user("POST", path, {"workload": told, "labels": {"never": ""}})

    made = queue(command=["echo", word], environment={"VALUE": word})
    if "\0" in word or kind == "lone surrogate":
        assert_problem(made, 400)
    else:
        assert made.status == 201, made.body
        workload = made.json()["workload"]
        assert (workload["command"][1], workload["environment"]["VALUE"]) == (word, word)
    narrow = [user("POST", path, WORKLOAD | {"labels": {word: "x"}})]
    narrow += [] if kind == "underscore" else [queue(environment={word: "x"})]
    narrow += [] if kind == "300 characters" else [queue(image=word)]
    for refused in narrow:
        assert_problem(refused, 400)


QUERIES = {
    "/projects": ["limit=0", "limit=-1", "limit=1001", "limit=x", "limit=" + "9" * 5000, "limit=1.5", "limit=",
                  "cursor=x", "cursor=%00", "cursor=%ff", "cursor=" + "A" * 5000, "nothing=1", "limit=1&limit=2"],
    "/tasks": ["status=asleep", "project=x", "cursor=eyJ4IjoxfQ", "limit=0"],
    "/tasks/{task}": ["wait=-1", "wait=1000000", "wait=x", "wait=NaN", "wait=inf", "after=x"],
    "/tasks/{task}/logs": ["after=-2", "after=x", "follow=maybe", "all=2"],
    "/runners": ["limit=0", "cursor=x"],
    "/datasets": ["limit=0", "limit=1001", "cursor=x", "cursor=%00", "nothing=1"],
    "/datasets/{dataset}/tree": ["at=", "at=HEAD", "at=" + "0" * 40, "at=main%00"],
    "/datasets/{dataset}/file": ["", "path=nothing"],
    "/datasets/{dataset}/commits": ["limit=0", "at=none", "path="],
    "/projects/{project}/runs": [
        "limit=0", "cursor=x", "sort=", "sort=nothing", "sort=-", "sort=parameters.", "filter=x", "filter=a%3Db%3Dc",
        "filter=status+%3D", "filter=" + "a" * 11_000, "filter=summary.a+%3E+", "filter=%27", "filter=status=1+or+1=1",
        "filter=" + "(" * 5000,
    ],
    "/projects/{project}/columns": ["", "columns=", "columns=x", "columns=id", "columns=nothing"],
    "/projects/{project}/runs/run-1/points": ["limit=0", "limit=1000001", "after=x"],
    "/projects/{project}/tree": ["at=", "at=HEAD", "at=HEAD~1", "at=main%3Aa.txt", "at=--all", "at=" + "0" * 40,
                                 "at=main%00", "at=" + "a" * 301, "at=@{0}", "at=refs/heads/main"],
    "/projects/{project}/file": ["", "path=nothing", "path=a.txt&at=" + "1" * 40, "path=a.txt/b"],
    "/projects/{project}/commits": ["limit=0", "cursor=x", "at=none", "path="],
}  # fmt: skip


@pytest.mark.parametrize("path", QUERIES)
def test_queries(user: Caller, ids: dict[str, str], path: str) -> None:
    """Numbers out of bounds, forged cursors, unknown parameters, columns and revisions are named and refused."""
    wrong = []
    for query in QUERIES[path]:
        answer = user("GET", f"{path.format(**ids)}?{query}")
        try:
            assert_problem(answer, 400, 404)
        except (AssertionError, ValueError) as error:
            wrong.append((query[:50], answer.status, answer.body[:200], str(error)[:300]))
    assert wrong == []


def test_words_of_a_search_are_no_program(user: Caller, ids: dict[str, str]) -> None:
    """Quotes and wildcards of SQL mean themselves, wherever a search takes text."""
    for text in hostile.NAMES.values():
        if "\ud800" in text:
            continue
        for query in (
            {"cursor": text or "x"},
            {"summary": text},
            {"filter": f"labels.{json.dumps(text)} = x"},
            {"filter": f"labels.x ~ {json.dumps(text)}"},
            {"ref": text},
        ):
            answer = user("GET", f"/projects/{ids['project']}/runs?{urlencode(query)}")
            assert answer.status in (200, 400), (query, answer.body)
            if answer.status == 200:
                assert answer.json()["items"] == [], query
            else:
                assert_problem(answer)


@pytest.mark.parametrize("kind", hostile.PATHS)
def test_paths(user: Caller, ids: dict[str, str], kind: str) -> None:
    """A path that could lead anywhere but into the workspace is refused wherever it stands, and commits nothing."""
    path, project = hostile.PATHS[kind], ids["project"]
    before = head(user, project)
    commit = {"parent": before, "message": "Bad", "created": MOMENT}
    change = {"path": path, "size": 1, "data": "YQ=="}
    assert_problem(user("POST", f"/projects/{project}/commits", commit | {"changes": [change]}), 400)
    link = {"path": path, "size": 1, "data": "YQ==", "mode": "symlink"}
    assert_problem(user("POST", f"/projects/{project}/commits", commit | {"changes": [link]}), 400)
    assert_problem(user("POST", f"/projects/{project}/commits", commit | {"deletes": [path]}), 400)
    assert_problem(user("GET", f"/projects/{project}/file?path={escaped(path)}"), 400, 404)
    assert head(user, project) == before


def test_commits_that_contradict_themselves(user: Caller, ids: dict[str, str]) -> None:
    """A file and a folder of one name, one path twice, sizes and hashes that are not true, unknown parents."""
    project, before = ids["project"], head(user, ids["project"])

    def change(path: str, **rest: Any) -> dict[str, Any]:
        return {"path": path, "size": 1, "data": "YQ==", **rest}

    wrong: list[dict[str, Any]] = [
        {"changes": [change("x"), change("x/y")]},
        {"changes": [change("x"), change("x")]},
        {"changes": [change("a.txt/inside")]},
        {"changes": [change("x", size=2)]},
        {"changes": [change("x", size=-1)]},
        {"changes": [change("x", size=2**63)]},
        {"changes": [change("x", sha256=SHA256)]},
        {"changes": [change("x", data="not base64!")]},
        {"changes": [{"path": "x", "size": 1}]},
        {"changes": [{"path": "x", "size": 1, "blob": "0" * 40}]},
        {"changes": [{"path": "x", "size": 1, "large": True}]},
        {"changes": [{"path": "x", "size": 1, "large": True, "sha256": "0" * 64}]},
        {"changes": [change("x")], "parent": "0" * 40},
        {"changes": [change("x")], "branch": "../main"},
        {"changes": [change("x")], "branch": "tasks/" + "0" * 36},
        {"changes": [change("x")], "created": "yesterday"},
        {"changes": [change("x")], "created": "2026-01-01T00:00:00"},
        {"changes": [change("x")], "message": ""},
        {"changes": [change("x", mode="device")]},
        {"changes": [change("l", mode="symlink", data="YQBi", size=3)]},
    ]
    accepted = []
    for body in wrong:
        whole = {"parent": before, "message": "Bad", "created": MOMENT, **body}
        answer = user("POST", f"/projects/{project}/commits", whole)
        if answer.status < 400:
            accepted.append(body)
        else:
            assert_problem(answer)
    assert accepted == []
    assert head(user, project) == before


def test_points_and_runs_with_odd_numbers(user: Caller, ids: dict[str, str]) -> None:
    """What no computer of ours can store is refused; what is odd but a number comes back as it was."""
    assert user("POST", f"/projects/{ids['project']}/runs", {"runs": [{"id": "odd"}]}).status == 201
    path = f"/projects/{ids['project']}/runs/odd/points"
    for row in (
        [2**63, 0, {"a": 1}],
        [0, 0, {"a": "x"}],
        [0, 0, {"": 1}],
        [0, 0, {"a" * 501: 1}],
        [0],
        [0, 0, {"a": None}],
    ):
        assert_problem(user("POST", path, {"first": 0, "points": [row]}), 400)
    assert_problem(user("POST", path, {"first": -1, "points": []}), 400)
    assert_problem(user("POST", path, {"first": 7, "points": [[0, 0, {"a": 1}]]}), 425)
    odd = ["NaN", "Infinity", "-Infinity", -0.0, 5e-324, 1.7976931348623157e308, 2**53, -1]
    rows = [[-(2**63), -5, {"a.b/c ü": value}] for value in odd]
    assert user("POST", path, {"first": 0, "points": rows}).status == 200
    assert user("GET", path).json()["curves"]["a.b/c ü"]["values"] == odd
    assert_problem(user("POST", path, b'{"first": 8, "points": [[0, 0, {"a": 1e400}]]}'), 400)


def test_bytes_of_zero_in_texts(user: Caller, runner: Caller, ids: dict[str, str]) -> None:
    """Free text with a NUL, which PostgreSQL cannot hold, is stored with a sign in its place or refused, never lost."""
    nul, project = "a\0b", ids["project"]
    runs = {"runs": [{"id": "nul", "description": nul, "error": nul, "workload_file": nul,
                      "parameters": {nul: nul}, "summary": {nul: nul}, "labels": {nul: nul}}]}  # fmt: skip
    answers = [
        user("POST", "/projects", {"description": nul}),
        user("PATCH", f"/projects/{project}", {"description": nul}),
        user("POST", "/runners", {"description": nul, "labels": {"x": nul}}),
        user("POST", f"/projects/{project}/tasks", WORKLOAD | {"labels": {"x": nul}}),
        user("POST", f"/projects/{project}/runs", runs),
        user("POST", f"/projects/{project}/runs/run-1/points", {"first": 0, "points": [[0, 0, {nul: 1}]]}),
        user("POST", f"/projects/{project}/commits", {"message": nul, "created": MOMENT, "parent": ids["commit"],
                                                      "skipped": [{"path": "x", "reason": nul}],
                                                      "changes": [{"path": "n", "size": 0, "data": ""}]}),
        runner("POST", "/runner/hello", {"protocol": 1, "version": nul, "backend": nul, "isolation": nul,
                                         "labels": {"x": nul}, "machine": {"hostname": nul, "cpus": [nul]}}),
    ]  # fmt: skip
    for answer in answers:
        if answer.status >= 400:
            assert_problem(answer, 400)
    found = user("GET", f"/projects/{project}/runs/nul")
    assert found.json()["parameters"] == {"a\ufffdb": "a\ufffdb"}


def test_an_idempotency_key_of_another_request(user: Caller) -> None:
    """The same key with the same body gives the first answer; with another body it is refused, and makes nothing."""
    first = user("POST", "/projects", {"name": "once"}, Idempotency_Key="key")
    assert user("POST", "/projects", {"name": "once"}, Idempotency_Key="key").body == first.body
    assert_problem(user("POST", "/projects", {"name": "twice"}, Idempotency_Key="key"), 400, 409, 422)
    assert user("GET", "/projects?ref=twice").json()["items"] == []
    for key in ("x" * 10_000, "\xe9", " ", "a b"):
        answer = user("POST", "/projects", {}, Idempotency_Key=key)
        assert answer.status < 500, (key, answer.body)


def test_addresses_and_methods_that_do_not_exist(user: Caller) -> None:
    """Nothing is guessed: no double slash, other method or method override leads anywhere."""
    for path in ("/nothing", "/projects/", "//projects", "/%2e%2e/x", "/projects;x", "/PROJECTS"):
        assert_problem(user("GET", path), 404, 400)
    for method in ("PUT", "PATCH", "DELETE"):
        assert_problem(user(method, "/projects", b"{}"), 405)
    made = user("POST", "/projects", {"name": "stays"}).json()["id"]
    answer = user("GET", f"/projects/{made}", X_HTTP_Method_Override="DELETE")
    assert answer.json()["name"] == "stays"
    assert user("GET", f"/projects/{made}").status == 200


def test_noise(user: Caller, runner: Caller, ids: dict[str, str]) -> None:
    """Valid bodies with one value replaced by rubbish never make the hub fail, on any route."""
    chance = random.Random(7)
    rubbish = [
        None,
        True,
        -1,
        2**64,
        1e308,
        "",
        "\ud800",
        "x" * 70_000,
        [],
        {},
        [[]],
        {"": ""},
        *hostile.NAMES.values(),
    ]
    fields = sorted({field for route in JSON_ROUTES for field in route.request.__struct_fields__})
    for route in JSON_ROUTES:
        ask, path = caller_of(route, user, runner), route.path.format(**ids)
        for _ in range(20):
            body = {chance.choice(fields): chance.choice(rubbish) for _ in range(chance.randrange(1, 4))}
            answer = ask(route.method, path, body)
            assert answer.status < 500, (route.name, body, answer.body)
