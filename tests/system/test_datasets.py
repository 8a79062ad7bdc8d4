"""Datasets through the proxy, on both databases: ids of other kinds, buckets of a real S3 server, git."""

from __future__ import annotations

import subprocess
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.routes import ROUTES, Raw, Route
from tests.hubprocess import Answer, RunningHub
from tests.services.process import wait_until
from tests.services.s3 import S3Server

from . import hostile
from .raw import Caller, assert_problem, escaped
from .scene import MOMENT, SHA256

WORKLOAD = {"workload": {"kind": "command", "command": ["true"]}}
PARAMETERS = {"project", "task", "runner", "secret", "dataset"}


@pytest.fixture(scope="module")
def user(any_hub: RunningHub) -> Caller:
    """A user of this module."""
    return Caller(any_hub.url, any_hub.make_user())


@pytest.fixture(scope="module")
def runner(user: Caller) -> Caller:
    """A runner of the user's."""
    return Caller(user.url, user("POST", "/runners", {}).json()["token"])


@pytest.fixture(scope="module")
def ids(user: Caller) -> dict[str, str]:
    """One of each kind, with the dataset linked to the project."""
    project = user("POST", "/projects", {}).json()["id"]
    dataset = user("POST", "/datasets", {"name": "numbers"}).json()["id"]
    change = {"path": "a.txt", "size": 1, "data": "YQ=="}
    commit = {"message": "First", "created": MOMENT, "changes": [change]}
    made = user("POST", f"/datasets/{dataset}/commits", commit).json()["commit"]
    user("POST", f"/projects/{project}/commits", commit)
    assert user("PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"}).status == 200
    return {
        "project": project,
        "dataset": dataset,
        "commit": made,
        "task": user("POST", f"/projects/{project}/tasks", WORKLOAD | {"labels": {"never": ""}}).json()["id"],
        "runner": user("POST", "/runners", {}).json()["runner"]["id"],
        "secret": user("POST", "/secrets", {"name": "key"}).json()["id"],
        "run": "run-1",
        "comment": str(uuid.uuid4()),
        "user": "nobody",
        "sha256": SHA256,
    }


QUERIES = {
    "get_file": "?path=a.txt",
    "get_dataset_file": "?path=a.txt",
    "get_run_columns": "?columns=summary.a",
    "put_part": "?offset=0&size=1",
    "put_dataset_part": "?offset=0&size=1",
}
OF_PEOPLE = [route for route in ROUTES if PARAMETERS & set(route.parameters) and "/runner/" not in route.path]


@pytest.mark.parametrize("route", OF_PEOPLE, ids=lambda route: route.name)
def test_ids_of_other_kinds(user: Caller, ids: dict[str, str], route: Route) -> None:
    """A project is no dataset, a dataset no project, whatever is asked about it, and nothing else is either."""
    body = None if route.request is None else b"x" if route.request is Raw.BYTES else {}
    for parameter in PARAMETERS & set(route.parameters):
        for kind in PARAMETERS - {parameter}:
            path = route.path.format(**ids | {parameter: ids[kind]}) + QUERIES.get(route.name, "")
            assert_problem(user(route.method, path, body), 404)


def test_git_knows_datasets_from_projects(user: Caller, ids: dict[str, str], any_hub: RunningHub) -> None:
    """Neither a task's id nor a dataset's name opens a repository."""
    for kind in ("dataset", "project", "task", "runner", "secret"):
        path = f"/services/dotscience/git/{ids[kind]}/info/refs?service=git-upload-pack"
        expected = 200 if kind in ("dataset", "project") else 404
        assert any_hub.request("GET", path, token=user.token).status == expected


@pytest.mark.parametrize("kind", [*hostile.PATHS, *hostile.NAMES])
def test_paths_of_links(user: Caller, ids: dict[str, str], kind: str) -> None:
    """A path is kept in one form below the workspace, or it is refused and the link stays where it was."""
    path = (hostile.PATHS | hostile.NAMES)[kind]
    project = user("POST", "/projects", {}).json()["id"]
    answer = user("PUT", f"/projects/{project}/datasets/{ids['dataset']}", {"path": path})
    if answer.status != 200:
        assert_problem(answer, 400)
        assert user("GET", f"/projects/{project}").json()["datasets"] == []
        return
    kept = answer.json()["datasets"][0]["path"]
    assert not {"", ".", "..", ".git"} & set(kept.split("/"))
    assert "\0" not in kept
    assert user("PUT", f"/projects/{project}/datasets/{ids['dataset']}", {"path": kept}).status == 200


def s3(server: S3Server, **changed: Any) -> dict[str, Any]:
    known = {
        "bucket": server.bucket,
        "access_key_id": server.key,
        "secret_access_key": server.secret,
        "endpoint_url": server.endpoint,
        "region": server.region,
    }
    return {**known, **changed}


@pytest.mark.s3
def test_a_bucket_and_a_task(user: Caller, runner: Caller, s3_server: S3Server, any_hub: RunningHub) -> None:
    """Its files are there after a while; a task waits for another look, and then sees what the bucket held."""
    client = s3_server.client()
    client.put_object(Bucket=s3_server.bucket, Key="a.csv", Body=b"1,2\n")
    body = {"name": "bucket", "s3": s3(s3_server)}
    made = user("POST", "/datasets", body, Idempotency_Key="bucket")
    assert made.status == 201, made.body
    assert user("POST", "/datasets", body, Idempotency_Key="bucket").body == made.body
    assert s3_server.secret.encode() not in made.body
    dataset = made.json()["id"]

    def look() -> Any:
        return user("GET", f"/datasets/{dataset}").json()

    wait_until(lambda: look()["sync"]["state"] == "ready", any_hub.process, "the dataset")
    first = look()
    assert (first["files"], first["size"]) == (1, 4)
    project = user("POST", "/projects", {}).json()["id"]
    assert user("PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"}).status == 200
    client.put_object(Bucket=s3_server.bucket, Key="b.csv", Body=b"3,4\n")
    task = user("POST", f"/projects/{project}/tasks", WORKLOAD).json()
    assert task["datasets"][0]["commit"] is None
    assert "synchronisation" in task["message"]
    mounts: list[dict[str, Any]] = []

    def claimed() -> bool:
        assignment = runner("POST", "/runner/claim", {"wait": 5}).json()["assignment"]
        if assignment is not None and assignment["task"] == task["id"]:
            mounts.extend(assignment["datasets"])
        return bool(mounts)

    wait_until(claimed, any_hub.process, "the task's mounts")
    assert mounts[0]["commit"] == look()["head"] != first["head"]
    assert (mounts[0]["files"], mounts[0]["size"], mounts[0]["path"]) == (2, 8, "data")
    refused = user("POST", f"/datasets/{dataset}/missing", {})
    assert_problem(refused, 409)
    assert refused.json()["code"] == "dataset_is_synchronised"


@pytest.mark.s3
@pytest.mark.parametrize("wrong", ["secret_access_key", "access_key_id", "bucket", "endpoint_url"])
def test_a_bucket_that_cannot_be_read(user: Caller, s3_server: S3Server, wrong: str) -> None:
    """Makes no dataset; another try with the same key of idempotency may."""
    name = f"wrong-{wrong}"
    there = user(
        "POST", "/datasets", {"name": name, "s3": s3(s3_server, **{wrong: "http://x\0"})}, Idempotency_Key=name
    )
    assert_problem(there, 400)
    text = "http://127.0.0.1:9" if wrong == "endpoint_url" else "not-this-one"
    answer = user("POST", "/datasets", {"name": name, "s3": s3(s3_server, **{wrong: text})}, Idempotency_Key=name)
    assert_problem(answer, 400)
    assert s3_server.secret.encode() not in answer.body
    assert user("GET", f"/datasets?ref={name}").json()["items"] == []
    assert user("POST", "/datasets", {"name": name}, Idempotency_Key=name).status == 201


def test_one_key_at_the_same_time(user: Caller) -> None:
    """Makes one dataset, whatever is asked for at once."""

    def make(_: int) -> Answer:
        return user("POST", "/datasets", {"name": "at once"}, Idempotency_Key="at once")

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(make, range(6)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(user("GET", f"/datasets?ref={escaped('at once')}").json()["items"]) == 1


def git(*words: str, token: str, home: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_COUNT": "3",
        "GIT_CONFIG_KEY_0": "http.extraHeader",
        "GIT_CONFIG_VALUE_0": f"Authorization: Bearer {token}",
        "GIT_CONFIG_KEY_1": "user.name",
        "GIT_CONFIG_VALUE_1": "A",
        "GIT_CONFIG_KEY_2": "user.email",
        "GIT_CONFIG_VALUE_2": "a@example.org",
    }
    return subprocess.run(["git", *words], env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_stock_git(user: Caller, any_hub: RunningHub, tmp_path: Path) -> None:
    """Clones a dataset for who may read it; only its owner pushes, and that is noted as the newest version."""
    made = user("POST", "/datasets", {"name": "pushed"}).json()
    dataset, url = made["id"], any_hub.url + made["git_url"]
    reader = f"reader-{dataset[-8:]}"
    other = Caller(any_hub.url, any_hub.make_user(reader))
    project = user("POST", "/projects", {}).json()["id"]
    user("PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"})
    user("PUT", f"/projects/{project}/collaborators/{reader}", {"role": "writer"})
    commit = {"message": "First", "created": MOMENT, "changes": [{"path": "a.txt", "size": 1, "data": "YQ=="}]}
    user("POST", f"/datasets/{dataset}/commits", commit)
    clone = tmp_path / "clone"
    assert git("clone", "--quiet", url, str(clone), token=other.token, home=tmp_path).returncode == 0
    assert (clone / "a.txt").read_text() == "a"
    (clone / "b.txt").write_text("bb")
    for words in (("add", "--all"), ("commit", "--quiet", "--message", "Second")):
        assert git("-C", str(clone), *words, token=user.token, home=tmp_path).returncode == 0
    push = ("-C", str(clone), "push", "--quiet", "origin", "HEAD:main")
    assert git(*push, token=other.token, home=tmp_path).returncode != 0
    assert user("GET", f"/datasets/{dataset}").json()["files"] == 1
    pushed = git(*push, token=user.token, home=tmp_path)
    assert pushed.returncode == 0, pushed.stderr
    shown = user("GET", f"/datasets/{dataset}").json()
    assert (shown["files"], shown["size"]) == (2, 3)
    task = user("POST", f"/projects/{project}/tasks", WORKLOAD | {"labels": {"never": ""}}).json()
    assert task["datasets"][0]["commit"] == shown["head"]
