"""Every route, as everybody: who is let in, who is told what, and that nothing changes for those who are not."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from jupyter_dotscience.api.routes import BY_NAME, ROUTES, Scope
from tests.hubprocess import hub, require_proxy

from .conftest import configuration
from .scene import CONTENT, MOMENT, SHA256, People, Scene

OK = 0
"""Let in: any answer but 401, 403, 404 and 5xx."""

CALLERS = (
    "nobody", "garbage", "stranger", "reader", "writer", "owner", "admin", "narrow",
    "runner", "other runner", "task", "other task", "ended task",
)  # fmt: skip
_ANSWERS = {
    #                nobody garb. stra. read. writ. owner admin narr. runn. oth.r task  oth.t ended
    "anyone":       (OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK),
    "known":        (401,  401,  OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   OK,   401),
    "admin":        (401,  401,  403,  403,  403,  403,  OK,   403,  403,  403,  403,  403,  401),
    "user":         (401,  401,  OK,   OK,   OK,   OK,   OK,   403,  403,  403,  403,  403,  401),
    "reader":       (401,  401,  404,  OK,   OK,   OK,   OK,   403,  403,  403,  403,  403,  401),
    "reader+task":  (401,  401,  404,  OK,   OK,   OK,   OK,   403,  403,  403,  OK,   404,  401),
    "writer":       (401,  401,  404,  403,  OK,   OK,   OK,   403,  403,  403,  403,  403,  401),
    "writer+task":  (401,  401,  404,  403,  OK,   OK,   OK,   403,  403,  403,  OK,   404,  401),
    "owner":        (401,  401,  404,  403,  403,  OK,   OK,   403,  403,  403,  403,  403,  401),
    "secret's":     (401,  401,  404,  403,  403,  OK,   403,  403,  403,  403,  403,  403,  401),
    "runner owner": (401,  401,  404,  404,  404,  OK,   OK,   403,  403,  403,  403,  403,  401),
    "agent":        (401,  401,  403,  403,  403,  403,  403,  403,  OK,   OK,   403,  403,  401),
    "lease holder": (401,  401,  403,  403,  403,  403,  403,  403,  OK,   404,  403,  403,  401),
}  # fmt: skip
ANSWERS = {who: dict(zip(CALLERS, row, strict=True)) for who, row in _ANSWERS.items()}

READ, WRITE, TASKS, RUNNERS, SECRETS = (
    f"narrow:{scope.value}"
    for scope in (
        Scope.PROJECTS_READ,
        Scope.PROJECTS_WRITE,
        Scope.TASKS_WRITE,
        Scope.RUNNERS_WRITE,
        Scope.SECRETS_WRITE,
    )
)
EMPTY_PACK = b"PACK\0\0\0\2\0\0\0\0"
EMPTY_PACK += hashlib.sha1(EMPTY_PACK).digest()


@dataclass(frozen=True)
class Row:
    """How a route is called here, and by whom it may be.

    Attributes:
        who: A line of `ANSWERS`.
        narrow: The owner's token that lacks the route's scope.
        body: JSON, in which ``"{name}"`` is one of the scene's ids, or bytes.
        query: With its question mark.
        spends: What is called can be called once: each caller who is let in gets a scene of their own.
        over: Other names for the ids in the path.
        status: Of the answer to who is let in; the route's own when absent.
    """

    who: str
    narrow: str = READ
    body: Any = None
    query: str = ""
    spends: bool = False
    over: tuple[tuple[str, str], ...] = ()
    status: int | None = None


COMMIT = {"parent": "{commit}", "message": "No changes", "created": MOMENT}
WORKLOAD = {"workload": {"kind": "command", "command": ["true"]}}
FENCE = {"fence": "{fence}"}
ROWS = {
    "get_version": Row("anyone"),
    "get_health": Row("anyone"),
    "get_readiness": Row("anyone"),
    "get_metrics": Row("admin"),
    "get_account": Row("known"),
    "redeem_login_code": Row("anyone", body={"code": "c" * 43, "code_verifier": "v" * 43}, status=400),
    "start_device_login": Row("anyone", body={"machine": "laptop"}),
    "poll_device_login": Row("anyone", body={"device_code": "c" * 43}, status=400),
    "revoke_token": Row("anyone", body={"token": "none-of-the-hub"}),
    "find_users": Row("user", READ, query="?name=perm-"),
    "list_projects": Row("user", READ),
    "create_project": Row("user", WRITE, {}),
    "get_project": Row("reader+task", READ),
    "update_project": Row("owner", WRITE, {"description": "changed"}),
    "delete_project": Row("owner", WRITE, status=409),  # a task is running in it
    "set_collaborator": Row("owner", WRITE, {"role": "writer"}),
    "remove_collaborator": Row("owner", WRITE, spends=True),
    "get_tree": Row("reader+task", READ),
    "get_file": Row("reader+task", READ, query="?path=a.txt"),
    "get_archive": Row("reader", READ),
    "list_commits": Row("reader+task", READ),
    "get_commit": Row("reader+task", READ),
    "list_changes": Row("reader+task", READ),
    "create_commit": Row("writer", WRITE, COMMIT),
    "list_branches": Row("reader", READ),
    "find_missing": Row("writer+task", WRITE, {}),
    "put_object": Row("writer+task", WRITE, CONTENT),
    "begin_upload": Row("writer", WRITE, {"sha256": SHA256, "size": len(CONTENT)}),
    "put_part": Row("writer", WRITE, CONTENT, query=f"?offset=0&size={len(CONTENT)}"),
    "finish_upload": Row("writer", WRITE, {"size": 1 << 20}, status=409),  # nothing was sent
    "get_object": Row("reader+task", READ),
    "put_pack": Row("writer+task", WRITE, EMPTY_PACK),
    "create_task": Row("writer", TASKS, WORKLOAD),
    "list_tasks": Row("user", READ),
    "get_task": Row("reader+task", READ),
    "get_door": Row("writer", TASKS),
    "stop_task": Row("writer", TASKS, spends=True),
    "delete_task": Row("writer", TASKS, spends=True, over=(("task", "ended"),)),
    "list_guests": Row("reader", READ),
    "add_guest": Row("writer", TASKS, status=400),  # the task is no JupyterLab
    "remove_guest": Row("writer", TASKS, status=400),
    "read_logs": Row("reader+task", READ),
    "get_resources": Row("reader", READ),
    "list_runs": Row("reader+task", READ),
    "record_runs": Row("writer", WRITE, {"runs": [{"id": "another"}]}),
    "get_run_columns": Row("reader", READ, query="?columns=summary.a"),
    "list_columns": Row("reader", READ),
    "list_summaries": Row("reader", READ),
    "get_run": Row("reader+task", READ),
    "get_repetition": Row("reader", READ),
    "repeat_run": Row("writer", TASKS, {}, status=409),  # no task made it
    "list_comments": Row("reader", READ),
    "add_comment": Row("reader", WRITE, {"text": "Well done"}),
    "delete_comment": Row("owner", WRITE, spends=True),
    "append_points": Row("writer", WRITE, {"first": 0, "points": [[0, 0, {"loss": 1.0}]]}),
    "get_points": Row("reader+task", READ),
    "get_provenance": Row("reader", READ, query="?path=a.txt"),
    "export_provenance": Row("reader", READ, query="?path=a.txt"),
    "list_datasets": Row("user", READ),
    "create_dataset": Row("user", WRITE, {"name": "of files"}),
    "get_dataset": Row("reader+task", READ),
    "delete_dataset": Row("owner", WRITE, query="?force=true", spends=True),
    "sync_dataset": Row("owner", WRITE, status=409),  # it has no bucket
    "link_dataset": Row("owner", WRITE, {"path": "data"}),
    "unlink_dataset": Row("writer", WRITE, spends=True),
    "get_dataset_tree": Row("reader+task", READ),
    "get_dataset_file": Row("reader+task", READ, query="?path=a.txt"),
    "get_dataset_archive": Row("reader", READ),
    "list_dataset_commits": Row("reader+task", READ),
    "get_dataset_commit": Row("reader+task", READ, over=(("commit", "dataset commit"),)),
    "list_dataset_changes": Row("reader+task", READ, over=(("commit", "dataset commit"),)),
    "create_dataset_commit": Row("owner", WRITE, {**COMMIT, "parent": "{dataset commit}"}),
    "find_dataset_missing": Row("owner", WRITE, {}),
    "put_dataset_object": Row("owner", WRITE, CONTENT),
    "begin_dataset_upload": Row("owner", WRITE, {"sha256": SHA256, "size": len(CONTENT)}),
    "put_dataset_part": Row("owner", WRITE, CONTENT, query=f"?offset=0&size={len(CONTENT)}"),
    "finish_dataset_upload": Row("owner", WRITE, {"size": 1 << 20}, status=409),  # nothing was sent
    "get_dataset_object": Row("reader+task", READ),
    "put_dataset_pack": Row("owner", WRITE, EMPTY_PACK),
    "list_runners": Row("user", READ),
    "create_runner": Row("user", RUNNERS, {}),
    "get_runner": Row("runner owner", READ),
    "delete_runner": Row("runner owner", RUNNERS, spends=True),
    "list_secrets": Row("user", READ),
    "create_secret": Row("user", SECRETS, {"name": "of the account"}),
    "get_secret": Row("secret's", SECRETS),
    "delete_secret": Row("owner", SECRETS, spends=True),
    "get_task_secrets": Row("lease holder", body=FENCE),
    "hello": Row("agent", body={"protocol": 1, "version": "0", "backend": "none", "isolation": ""}),
    "claim": Row("agent", body={}),
    "sync": Row("agent", body={"leases": []}),
    "report": Row("lease holder", body={**FENCE, "status": "running"}),
    "append_logs": Row("lease holder", body={**FENCE, "entries": [[0, "stdout", 0, "YQ=="]]}),
    "append_task_points": Row("lease holder", body={**FENCE, "run": "live", "first": 0, "points": []}),
    "append_resources": Row("lease holder", body={**FENCE, "step": 2, "samples": [[1, 0.5]]}),
    "commit_task": Row("lease holder", body={**FENCE, "commit": {**COMMIT, "branch": "tasks/{task}"}}),
    "finish": Row(
        "lease holder", body={**FENCE, "outcome": "exited", "exit_code": 0, "execution": {}}, spends=True
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """Users of a hub whose leases last: here no agent extends them, and on a loaded machine a minute is soon over."""
    require_proxy()
    folder = tmp_path_factory.mktemp("permissions")
    config = configuration(folder, lease_seconds=3600.0)
    with hub(folder / "data", "--no-runner", "--config", str(config)) as running:
        yield People.of(running, "perm")


@pytest.fixture(scope="module")
def scene(people: People) -> Scene:
    """What all look at, and nobody may spend."""
    return Scene.of(people)


def filled(template: Any, ids: dict[str, Any]) -> Any:
    """The template with ids for names in braces."""
    if isinstance(template, dict):
        return {name: filled(value, ids) for name, value in template.items()}
    if isinstance(template, str) and template.startswith("{"):
        return ids[template[1:-1]]
    return template.format(**ids) if isinstance(template, str) else template


def token(scene: Scene, caller: str, narrow: str) -> str | None:
    """What the caller shows."""
    known = {"nobody": None, "garbage": "garbage", "narrow": scene.people.tokens[narrow]}
    return (known | scene.people.tokens | scene.tokens)[caller]


def call(scene: Scene, name: str, caller: str) -> tuple[int, bytes]:
    """Call a route as somebody."""
    route, row = BY_NAME[name], ROWS[name]
    ids = scene.ids | {name: scene.ids[other] for name, other in row.over}
    body = row.body if isinstance(row.body, bytes) else filled(row.body, ids)
    path = route.path.format(**ids) + row.query
    answer = scene.people.hub.api(route.method, path, body, token=token(scene, caller, row.narrow))
    return answer.status, answer.body


def is_let_in(status: int) -> bool:
    return status < 500 and status not in (401, 403, 404)


def test_every_route_has_a_row() -> None:
    """A route that is added must say here who may call it."""
    assert set(ROWS) == {route.name for route in ROUTES}


@pytest.mark.parametrize("name", sorted(ROWS))
def test_who_is_refused(scene: Scene, name: str) -> None:
    """With exactly the status that tells them what they may know, a sentence, and without changing anything."""
    refused = {caller: status for caller, status in ANSWERS[ROWS[name].who].items() if status != OK}
    before = scene.state()
    answers = {caller: call(scene, name, caller) for caller in refused}
    assert {caller: status for caller, (status, _) in answers.items()} == refused
    for _, body in answers.values():
        assert b'"message":"' in body
    assert scene.state() == before


@pytest.mark.parametrize("name", sorted(ROWS))
def test_who_is_let_in(people: People, scene: Scene, name: str) -> None:
    """Everybody else can do it, or hears what is wrong with it."""
    allowed = [caller for caller, status in ANSWERS[ROWS[name].who].items() if status == OK]
    for caller in allowed:
        status, body = call(Scene.of(people) if ROWS[name].spends else scene, name, caller)
        assert is_let_in(status), (caller, status, body)
        assert status == (ROWS[name].status or BY_NAME[name].status), (caller, status, body)


GIT = "/services/dotscience/git/{project}"
DATA = "/services/dotscience/git/{dataset}"
LFS_BATCH = GIT + "/info/lfs/objects/batch"
BATCH = {"objects": [{"oid": SHA256, "size": len(CONTENT)}]}
FORM = "application/x-www-form-urlencoded"
ADDRESSES = {
    "clone": ("GET", GIT + "/info/refs?service=git-upload-pack", None, "", "reader+task", READ),
    "fetch": ("POST", GIT + "/git-upload-pack", b"0000", "application/x-git-upload-pack-request", "reader+task", READ),
    "before a push": ("GET", GIT + "/info/refs?service=git-receive-pack", None, "", "writer", WRITE),
    "push": ("POST", GIT + "/git-receive-pack", b"0000", "application/x-git-receive-pack-request", "writer", WRITE),
    "lfs download": ("POST", LFS_BATCH, {"operation": "download", **BATCH}, "", "reader+task", READ),
    "lfs upload": ("POST", LFS_BATCH, {"operation": "upload", **BATCH}, "", "batch", WRITE),
    "lfs get": ("GET", GIT + "/info/lfs/objects/" + SHA256, None, "", "reader+task", READ),
    "lfs put": ("PUT", GIT + "/info/lfs/objects/" + SHA256, CONTENT, "application/octet-stream", "writer", WRITE),
    "dataset clone": ("GET", DATA + "/info/refs?service=git-upload-pack", None, "", "reader+task", READ),
    "before a dataset push": ("GET", DATA + "/info/refs?service=git-receive-pack", None, "", "owner", WRITE),
    "dataset lfs get": ("GET", DATA + "/info/lfs/objects/" + SHA256, None, "", "reader+task", READ),
    "dataset lfs verify": ("POST", DATA + "/info/lfs/verify", BATCH["objects"][0], "", "owner", WRITE),
    "lfs verify": ("POST", GIT + "/info/lfs/verify", BATCH["objects"][0], "", "writer", WRITE),
    "page": ("GET", "/services/dotscience/", None, "", "page", READ),
    "device page": ("GET", "/services/dotscience/device", None, "", "page", READ),
    "confirming": ("POST", "/services/dotscience/device", b"decision=allow", FORM, "person", READ),
}  # fmt: skip
# A page leads to the login who is none of the hub's users; it shows nothing but the user's own name.
ANSWERS["page"] = {caller: OK if status == OK else 302 for caller, status in ANSWERS["user"].items()} | {"narrow": OK}
# No token confirms a login: it takes a person who clicks.
ANSWERS["person"] = dict.fromkeys(CALLERS, 403) | {"nobody": 401}

# Who uploads must be able to see the project before anything else is looked at.
ANSWERS["batch"] = ANSWERS["writer"] | {"other task": 404}


@pytest.mark.parametrize("name", ADDRESSES)
def test_git_and_pages(scene: Scene, name: str) -> None:
    """The same holds for git, git-lfs and the page, which are no routes of the API."""
    method, path, body, kind, who, narrow = ADDRESSES[name]
    headers = {"Content-Type": kind} if kind else {}
    before = scene.state()

    def ask(caller: str) -> int:
        answer = scene.people.hub.request(
            method, path.format(**scene.ids), body, token=token(scene, caller, narrow), headers=headers
        )
        return OK if is_let_in(answer.status) and answer.status != 302 else answer.status

    assert {caller: ask(caller) for caller in CALLERS} == ANSWERS[who]
    assert scene.state() == before


@pytest.fixture
def shared(people: People) -> str:
    """A project of the owner that the writer may write."""
    project = str(people.ask("owner", "POST", "/projects", {})["id"])
    place = f"/projects/{project}/collaborators/{people.names['writer']}"
    people.ask("owner", "PUT", place, {"role": "writer"})
    return project


def test_who_is_taken_off_a_project_loses_it_at_once(people: People, shared: str) -> None:
    """Roles are looked up with each request; the same holds for one who becomes a reader."""
    place = f"/projects/{shared}/collaborators/{people.names['writer']}"

    def write() -> int:
        return people.hub.api("POST", f"/projects/{shared}/tasks", WORKLOAD, token=people.tokens["writer"]).status

    def clone() -> int:
        path = f"/services/dotscience/git/{shared}/info/refs?service=git-upload-pack"
        return people.hub.request("GET", path, token=people.tokens["writer"]).status

    assert (write(), clone()) == (201, 200)
    people.ask("owner", "PUT", place, {"role": "reader"})
    assert (write(), clone()) == (403, 200)
    people.ask("owner", "DELETE", place)
    assert (write(), clone()) == (404, 404)


def test_somebody_takes_themselves_off(people: People, shared: str) -> None:
    """Which needs no role, and is the only collaborator that a writer can remove."""
    own, other = (f"/projects/{shared}/collaborators/{people.names[part]}" for part in ("writer", "guest"))
    people.ask("owner", "PUT", other, {"role": "reader"})
    assert people.hub.api("DELETE", other, token=people.tokens["writer"]).status == 403
    assert people.hub.api("DELETE", own, token=people.tokens["writer"]).status == 204
    assert people.hub.api("GET", f"/projects/{shared}", token=people.tokens["writer"]).status == 404


ELSEWHERE = {
    "run": "/projects/{mine}/runs/{run}",
    "points": "/projects/{mine}/runs/{run}/points",
    "commit": "/projects/{mine}/commits/{commit}",
    "version": "/projects/{mine}/file?path=a.txt&at={commit}",
    "object": "/projects/{mine}/objects/{sha256}",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_belongs_to_another_project_is_not_there(people: People, scene: Scene, name: str) -> None:
    """An id of one project opens nothing through the path of another, also for who may see both."""
    mine = people.ask("owner", "POST", "/projects", {})["id"]
    path = ELSEWHERE[name].format(**scene.ids, mine=mine)
    assert people.hub.api("GET", path, token=people.tokens["owner"]).status == 404


def test_a_guessed_content_is_not_given_away(people: People, scene: Scene) -> None:
    """Whoever knows a hash cannot commit the content that another project has under it, nor learn that it is there."""
    mine = people.ask("stranger", "POST", "/projects", {})["id"]
    wanted = {"objects": [{"sha256": SHA256, "size": len(CONTENT)}]}
    missing = people.ask("stranger", "POST", f"/projects/{mine}/missing", wanted)
    assert missing["objects"] == [SHA256]
    change = {"path": "x", "size": len(CONTENT), "sha256": SHA256, "large": True}
    commit = {"message": "Mine", "created": MOMENT, "changes": [change]}
    answer = people.hub.api("POST", f"/projects/{mine}/commits", commit, token=people.tokens["stranger"])
    assert answer.status in (400, 404, 409)
    assert people.ask("stranger", "GET", f"/projects/{mine}")["head"] is None
