"""The hub records what programs outside of any task send by `connect`: of our library, and of the published one."""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
import threading
from pathlib import Path
from typing import Any

import pytest
import urllib3

from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.projects import CollaboratorSet, ProjectCreate, Role
from jupyter_dotscience.api.runs import Authority, Run, RunQuery
from jupyter_dotscience.client import Client
from tests.hubprocess import RunningHub
from tests.library.python import Python

SCRIPT = """
import os, sys
import dotscience as ds
ds.connect(os.environ["ME"], os.environ["KEY"], "digits", os.environ["HUB"])
ds.start("from outside")
ds.add_parameters(rate=0.1)
ds.add_labels(kind="test")
ds.add_metric("accuracy", 0.9)
with open("model.txt", "w") as file:
    file.write(sys.version)
ds.output("model.txt")
ds.publish()
"""
SEVERAL = """
import os
import dotscience as ds
ds.connect(os.environ["ME"], os.environ["KEY"], "digits", os.environ["HUB"])
os.makedirs("out/deep", exist_ok=True)
for name, size in (("small", 10), ("middle", 300_000), ("deep/large file \\u00e9", 12_000_000), ("empty", 0)):
    with open("out/" + name, "wb") as file:
        file.write(b"x" * size)
ds.start()
ds.output("out")
ds.publish()
"""


class Person:
    """Somebody with a login, and what their project has."""

    def __init__(self, hub: RunningHub, name: str) -> None:
        self.hub, self.name, self.token = hub, name, hub.make_user(name)
        self.client = Client(hub.url, self.token)

    @property
    def environment(self) -> dict[str, str]:
        return {"ME": self.name, "KEY": self.token, "HUB": self.hub.url}

    def project(self) -> str:
        [project] = [item.id for item in self.client.list_projects().items if item.name == "digits"]
        return project

    def runs(self) -> list[Run]:
        project = self.project()
        rows = self.client.list_runs(project=project, query=RunQuery(sort="created")).items
        return [self.client.get_run(project=project, run=row.id) for row in rows]

    def read(self, path: str) -> bytes:
        with self.client.get_file(project=self.project(), query=FileQuery(path=path)) as reader:
            return bytes(reader.read())

    def send(self, method: str, path: str, body: bytes, **headers: str) -> urllib3.BaseHTTPResponse:
        """A request as the library makes it."""
        login = base64.b64encode(f"{self.name}:{self.token}".encode()).decode()
        sent = {"Authorization": f"Basic {login}", **headers}
        return urllib3.request(method, f"{self.hub.url}/v2/{path}", body=body, headers=sent, redirect=False, timeout=60)

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """A call of a method."""
        request = {"jsonrpc": "2.0", "method": f"DotmeshRPC.{method}", "id": 1, "params": params}
        answer = self.send("POST", "dotmesh/rpc", json.dumps(request).encode())
        assert answer.status == 200, answer.data
        return dict(answer.json())

    def commit(self, workspace: str, run: str, outputs: list[str]) -> dict[str, Any]:
        """Say what a run did."""
        metadata = {"runs": json.dumps([run]), f"run.{run}.output-files": json.dumps(outputs)}
        return self.call("Commit", Namespace=self.name, Name=workspace, Message="m", Metadata=metadata)


@pytest.fixture
def ann(running_hub: RunningHub, request: pytest.FixtureRequest) -> Person:
    """A new person."""
    return Person(running_hub, f"ann{abs(hash(request.node.nodeid)):x}"[:20])


def workspace(person: Person) -> str:
    """What the library calls the workspace of the person's project, made if there is none."""
    [project] = json.loads(person.send("GET", "projects", b"").data) or [
        json.loads(person.send("POST", "projects", b'{"name": "digits"}').data)
    ]
    return f"project-{project['id'][:8]}-default-workspace"


@pytest.mark.parametrize("library", ["bare_python", "published_python"])
def test_a_run_from_outside_is_recorded_with_its_file(
    ann: Person, library: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """In a project that is made for it, twice; who ran it where is part of it, and the printed address leads to it."""
    python: Python = request.getfixturevalue(library)
    for _ in range(2):
        said = python.output(SCRIPT, tmp_path, ann.environment)
    runs = ann.runs()
    assert [run.description for run in runs] == ["from outside"] * 2
    run = runs[1]
    assert run.authority is Authority.REMOTE
    assert (run.parameters, run.summary, run.labels) == ({"rate": "0.1"}, {"accuracy": "0.9"}, {"kind": "test"})
    assert run.author == ann.name
    [output] = run.outputs
    assert (output.path, output.commit) == ("model.txt", run.commit)
    assert ann.read("model.txt") == (tmp_path / "model.txt").read_bytes()
    version = ann.client.get_commit(project=ann.project(), commit=run.commit or "")
    assert version.metadata["workload.type"] == "remote"
    assert version.metadata["runner.name"]
    link = re.search(r"http://\S+", said.rpartition("Dotscience run: ")[2])
    assert link is not None, said
    led = urllib3.request("GET", link[0], redirect=False)
    assert led.headers["Location"] == f"/services/dotscience/project/{ann.project()}/runs/metric/{run.id}"


def test_files_of_all_sizes_come_below_the_service_s_address_too(
    ann: Person, bare_python: Python, tmp_path: Path
) -> None:
    """In the repository or as large objects, as a later version of the same files would be."""
    hub = f"{ann.hub.url}/services/dotscience/"
    said = bare_python.output(SEVERAL, tmp_path, {**ann.environment, "HUB": hub})
    large = "out/deep/large file \u00e9"
    assert {path: len(ann.read(path)) for path in ("out/small", "out/middle", large, "out/empty")} == {
        "out/small": 10, "out/middle": 300_000, large: 12_000_000, "out/empty": 0,
    }  # fmt: skip
    [run] = ann.runs()
    assert {output.path for output in run.outputs} == {"out/small", "out/middle", large, "out/empty"}
    assert f"{ann.project()}/runs/metric/{run.id}" in said
    bare_python.output(SEVERAL, tmp_path, {**ann.environment, "HUB": hub})
    tree = ann.client.get_tree(project=ann.project()).items
    assert {item.path: item.large for item in tree}[large] is True
    assert {item.path: item.large for item in tree}["out/middle"] is False


def test_a_folder_comes_as_a_tar_file(ann: Person) -> None:
    """As the published library sends the files of a model."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("a.txt", b"one"), ("./deep/b.txt", b"two")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    name = workspace(ann)
    sent = ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/model", buffer.getvalue(), Extract="true")
    assert sent.status == 200, sent.data
    assert "result" in ann.commit(name, "r1", ["model/a.txt", "model/deep/b.txt"])
    assert (ann.read("model/a.txt"), ann.read("model/deep/b.txt")) == (b"one", b"two")
    assert {item.path for item in ann.client.get_tree(project=ann.project()).items} == {
        "model/a.txt", "model/deep/b.txt",
    }  # fmt: skip


def test_a_file_that_comes_after_what_is_said_of_it_is_waited_for(ann: Person) -> None:
    """The published library waits for no answer, and a proxy may be slower than the next request."""
    name = workspace(ann)
    late = threading.Timer(1.0, lambda: ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x", b"late"))
    late.start()
    assert "result" in ann.commit(name, "r1", ["x"])
    late.join()
    assert ann.read("x") == b"late"
    assert [output.commit for run in ann.runs() for output in run.outputs] == [run.commit for run in ann.runs()]


def test_an_output_that_does_not_come_is_said(ann: Person) -> None:
    """An older file of its path is not taken for it; when it has come, the same run is recorded, and once."""
    name = workspace(ann)
    ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x", b"old")
    first = ann.commit(name, "r1", ["x"])["result"]
    assert "x" in ann.commit(name, "r2", ["x"])["error"]["message"]
    assert [run.id for run in ann.runs()] == ["r1"]
    ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x", b"new")
    second = ann.commit(name, "r2", ["x"])["result"]
    assert ann.commit(name, "r2", ["x"])["result"] == second
    assert [run.commit for run in ann.runs()] == [first, second]
    assert ann.read("x") == b"new"
    assert len(ann.client.list_commits(project=ann.project()).items) == 2


def test_a_folder_where_a_file_would_be_stays(ann: Person) -> None:
    """The run is refused with a sentence; what came stays for another try."""
    name = workspace(ann)
    ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x/y", b"1")
    ann.commit(name, "r1", ["x/y"])
    ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x", b"2")
    assert "x" in ann.commit(name, "r2", ["x"])["error"]["message"]
    assert ann.read("x/y") == b"1"


def test_many_small_files_at_once(ann: Person) -> None:
    """More than fit into one request for a version."""
    name, count = workspace(ann), 300
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(count):
            member = tarfile.TarInfo(f"{number}")
            member.size = 20_000
            archive.addfile(member, io.BytesIO(b"%06d" % number + b"x" * 19_994))
    assert ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/m", buffer.getvalue(), Extract="true").status == 200
    assert "result" in ann.commit(name, "r1", [f"m/{number}" for number in range(count)])
    assert ann.read("m/299")[:6] == b"000299"
    assert len(ann.client.get_tree(project=ann.project()).items) == count


@pytest.mark.parametrize("kind", ["sparse", "header", "none", "escape"])
def test_a_tar_file_that_is_meant_badly(ann: Person, kind: str) -> None:
    """One with a file of 64 GiB in a few bytes, with an endless header, or with a path out of its folder."""
    member = tarfile.TarInfo("../../../escaped" if kind == "escape" else "x")
    if kind == "sparse":
        member.pax_headers = {"GNU.sparse.map": "0,1", "GNU.sparse.size": str(64 << 30)}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        if kind == "header":
            long = tarfile.TarInfo("x")
            long.type, long.size = tarfile.GNUTYPE_LONGNAME, 30 << 20
            archive.addfile(long, io.BytesIO(b"a" * (30 << 20)))
        member.size = 1
        archive.addfile(member, io.BytesIO(b"1"))
    content = b"no tar file" * 100 if kind == "none" else buffer.getvalue()
    name = workspace(ann)
    sent = ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/m", content, Extract="true")
    assert 400 <= sent.status < 500, (sent.status, sent.data)
    assert sent.json()["message"]


def test_two_programs_of_one_person_at_once(ann: Person) -> None:
    """Both runs are recorded, each with a version that has its file."""
    name = workspace(ann)
    answers: list[dict[str, Any]] = []

    def program(number: int) -> None:
        ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/own{number}", b"%d" % number)
        answers.append(ann.commit(name, f"run{number}", [f"own{number}"]))

    threads = [threading.Thread(target=program, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all("result" in answer for answer in answers), answers
    assert {run.id for run in ann.runs()} == {f"run{number}" for number in range(6)}
    assert [ann.read(f"own{number}") for number in range(6)] == [b"%d" % number for number in range(6)]


@pytest.mark.parametrize("path", ["../x", "a/../../x", ".git/config", "a//b", "%2e%2e/x", "x%00y"])
def test_a_path_that_no_file_can_have(ann: Person, path: str) -> None:
    """It is refused with a sentence, and nothing is written anywhere."""
    name = workspace(ann)
    sent = ann.send("PUT", f"dotmesh/s3/{ann.name}:{name}/{path}", b"x")
    assert 400 <= sent.status < 500, sent.data
    assert ann.client.get_tree(project=ann.project()).items == []


def test_metadata_that_describe_no_run(ann: Person) -> None:
    """The call fails with a sentence, and no version is made."""
    name = workspace(ann)
    deep = "[" * 100_000
    for metadata in (
        {}, {"runs": "[]"}, {"runs": "no"}, {"runs": deep}, {"runs": '["r","r"]'},
        {"runs": '["r"]', "run.r.output-files": "{"}, {"runs": '["r"]', "run.r.output-files": deep},
    ):  # fmt: skip
        answer = ann.call("Commit", Namespace=ann.name, Name=name, Message="", Metadata=metadata)
        assert answer["error"]["message"], answer
    assert "error" in ann.call("Nothing")
    assert ann.client.get_tree(project=ann.project()).commit is None


@pytest.mark.parametrize("name", ["", "a/b", "a\nb", "x" * 300, None])
def test_a_name_that_no_project_can_have(ann: Person, name: str | None) -> None:
    """It is refused as everywhere."""
    assert ann.send("POST", "projects", json.dumps({"name": name}).encode()).status in (400, 422)
    assert ann.client.list_projects().items == []


def test_odd_texts_are_recorded_or_refused(ann: Person) -> None:
    """With a NUL, half of a character, or very long: the run is there, or a sentence says why not."""
    name = workspace(ann)
    for number, text in enumerate(("a\0b", "\ud800", "x" * 200_000, "\u202egpj")):
        metadata = {"runs": f'["r{number}"]', f"run.r{number}.label.{text}": text, f"run.r{number}.description": text}
        answer = ann.call("Commit", Name=name, Message=text, Metadata=metadata)
        assert "result" in answer or answer["error"]["message"], answer


def test_who_may_record(running_hub: RunningHub, ann: Person) -> None:
    """Owners and writers; a reader and a stranger do not see the project, and a wrong token is refused."""
    name, project = workspace(ann), ann.project()
    other = Person(running_hub, f"b{ann.name}")
    told = lambda: [item["name"] for item in json.loads(other.send("GET", "projects", b"").data)]  # noqa: E731
    for role in (None, Role.READER):
        if role is not None:
            ann.client.set_collaborator(CollaboratorSet(role=role), project=project, user=other.name)
        assert told() == []
        assert "error" in other.call("Lookup", Name=name)
        assert "error" in other.commit(name, "r0", [])
        assert other.send("PUT", f"dotmesh/s3/{ann.name}:{name}/x", b"x").status == 404
    ann.client.set_collaborator(CollaboratorSet(role=Role.WRITER), project=project, user=other.name)
    assert told() == ["digits"]
    assert other.call("Lookup", Name=name)["result"] == project
    assert "result" in other.commit(name, "r1", [])
    assert [run.author for run in ann.runs()] == [other.name]
    for headers in ({}, {"Authorization": "Basic " + base64.b64encode(b"ann:wrong").decode()}):
        answer = urllib3.request("GET", f"{running_hub.url}/v2/projects", headers=headers)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_projects_of_one_minute_are_told_apart(ann: Person) -> None:
    """Their ids begin alike; the library, which names a workspace by the first digits, is told other ones."""
    ids = [ann.client.create_project(ProjectCreate(name=f"p{number}")).id for number in range(4)]
    told = json.loads(ann.send("GET", "projects", b"").data)
    found = [ann.call("Lookup", Name=f"project-{each['id'][:8]}-default-workspace")["result"] for each in told]
    assert sorted(found) == sorted(ids)


def test_a_token_needs_no_more_than_the_scopes_that_are_told(running_hub: RunningHub, ann: Person) -> None:
    """With them runs are recorded; with one that only reads, the project is made by nobody."""
    password = running_hub.command("user", "add", f"s{ann.name}").strip()
    other = Person.__new__(Person)
    other.hub, other.name = running_hub, f"s{ann.name}"
    access = "access:services!service=dotscience"
    other.token = running_hub.token(other.name, password, ["custom:dotscience:projects:read", access])
    assert other.send("GET", "projects", b"").status == 200
    assert other.send("POST", "projects", b'{"name": "digits"}').status == 403
    other.token = running_hub.token(other.name, password, ["custom:dotscience:projects:write", access])
    assert "result" in other.commit(workspace(other), "r1", [])
