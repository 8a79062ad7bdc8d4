"""What the client sends."""

from __future__ import annotations

import io
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_dotscience.api.commits import PackResult
from jupyter_dotscience.api.logs import LogQuery
from jupyter_dotscience.api.projects import ProjectCreate
from jupyter_dotscience.api.routes import PREFIX, ROUTES
from jupyter_dotscience.api.runs import Columns, ColumnsQuery
from jupyter_dotscience.api.tasks import CommandWorkload, TaskCreate, TaskList, TaskListQuery, TaskStatus
from jupyter_dotscience.client import Client, generate

from . import script
from .samples import PROJECT_ID, TASK_ID, project, task
from .script import Answer, Script


def test_the_generated_methods_are_those_of_the_contract() -> None:
    """The committed module is what ROUTES says now, and each route has its method."""
    assert generate.main(["--check"]) == 0
    assert all(callable(getattr(Client, route.name)) for route in ROUTES)


def test_a_request_carries_token_body_and_key(hub: Script, client: Client) -> None:
    """A POST has the caller's token, its JSON body and an idempotency key of its own."""
    hub.play(script.json(project(), 201))
    made = client.create_project(ProjectCreate(name="p"))
    client.create_project(ProjectCreate(name="p"), idempotency_key="mine")
    first, second = hub.seen
    assert made.id == PROJECT_ID
    assert (first.method, first.target) == ("POST", PREFIX + "/projects")
    assert first.headers["Authorization"] == "Bearer secret-token"
    assert first.body == b'{"name":"p","description":""}'
    assert len(first.headers["Idempotency-Key"]) == 36
    assert second.headers["Idempotency-Key"] == "mine"


@pytest.mark.parametrize("name", ["a/b", "ü?#", "..%2f", "a b"])
def test_a_path_parameter_is_one_segment(hub: Script, client: Client, name: str) -> None:
    """Whatever a name holds, it cannot reach another endpoint."""
    hub.play(Answer(204))
    client.remove_collaborator(project=PROJECT_ID, user=name)
    path = urlsplit(hub.seen[0].target).path
    assert path.startswith(f"{PREFIX}/projects/{PROJECT_ID}/collaborators/")
    assert path.count("/") == PREFIX.count("/") + 4


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_a_path_parameter_that_means_another_path_is_refused(client: Client, name: str) -> None:
    """Dots would be resolved by proxies on the way."""
    with pytest.raises(ValueError, match="cannot be part"):
        client.remove_collaborator(project=PROJECT_ID, user=name)


def test_query_structs_become_query_strings(hub: Script, client: Client) -> None:
    """None is left out, lists repeat, booleans and enums are words."""
    hub.play(script.json(TaskList(items=[])), script.json(Columns(runs=[], columns={})), script.lines())
    client.list_tasks(query=TaskListQuery(status=TaskStatus.RUNNING))
    client.get_run_columns(project=PROJECT_ID, query=ColumnsQuery(columns=["summary.a b", "labels.ü"]))
    list(client.read_logs(task=TASK_ID, query=LogQuery(follow=True)))
    first, second, third = (parse_qs(urlsplit(seen.target).query) for seen in hub.seen)
    assert first == {"status": ["running"], "limit": ["200"]}
    assert second == {"columns": ["summary.a b", "labels.ü"]}
    assert third == {"after": ["-1"], "follow": ["true"], "all": ["false"]}


@pytest.mark.parametrize(
    "content",
    [b"PACK", io.BytesIO(b"PACK"), [b"PA", b"", b"CK"], iter([b"PA", b"", b"CK"])],
    ids=["bytes", "file", "list", "iterator"],
)
def test_raw_bodies_come_from_bytes_files_and_pieces(hub: Script, client: Client, content: script.Any) -> None:
    """Each kind of content arrives whole, also when a piece is empty."""
    hub.play(script.json(PackResult(objects=1)))
    client.put_pack(content, project=PROJECT_ID)
    assert hub.seen[0].body == b"PACK"
    assert hub.seen[0].headers["Content-Type"] == "application/octet-stream"


def test_a_growing_file_sends_what_was_announced(hub: Script, client: Client) -> None:
    """Bytes beyond the announced length are not sent, or the next request would begin in the middle of them."""
    hub.play(Answer(204))
    client.put_object(io.BytesIO(b"12345678"), project=PROJECT_ID, sha256="0" * 64, length=4)
    client.put_object(b"next", project=PROJECT_ID, sha256="0" * 64)
    assert [seen.body for seen in hub.seen] == [b"1234", b"next"]
    assert hub.seen[0].headers["Content-Length"] == "4"


def test_the_token_is_not_shown(hub: Script) -> None:
    """Neither repr nor an error quotes a token, also not one that cannot be sent."""
    made = Client(hub.url, "secret-token", retry_for=0)
    assert "secret" not in repr(made) + repr(vars(made).get("_timeout"))
    with pytest.raises(Exception, match="malformed") as caught:
        Client(hub.url, "secret\ntoken")
    assert "secret" not in str(caught.value)


def test_a_derived_client_has_its_own_token(hub: Script, client: Client) -> None:
    """Clients of one agent share connections, not tokens."""
    hub.play(script.json(task()))
    client.derive(token="other").get_task(task=TASK_ID)
    client.get_task(task=TASK_ID)
    assert [seen.headers["Authorization"] for seen in hub.seen] == ["Bearer other", "Bearer secret-token"]


def test_a_task_is_sent_with_its_kind(hub: Script, client: Client) -> None:
    """The workload's tag travels, so that the hub knows a command from a JupyterLab."""
    hub.play(script.json(task(), 201))
    client.create_task(TaskCreate(workload=CommandWorkload(command=["true"])), project=PROJECT_ID)
    assert b'"kind":"command"' in hub.seen[0].body
