"""Stock git-lfs as a client."""

from __future__ import annotations

import hashlib
import json
import os
import urllib.error
import urllib.request
from typing import Any

import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.files import TreeQuery
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.workspace.hashing import pointer
from tests.hub.git.hub import ALICE, TIME, Hub
from tests.hub.git.server import Client, Server
from tests.hub.git.test_commits import git
from tests.hub.git.test_http import push_tree, put_object

ATTRIBUTES = b"*.pt filter=lfs diff=lfs merge=lfs -text\n"


def test_push_and_clone_are_byte_identical(hub: Hub, server: Server, client: Client, git_lfs: str) -> None:
    """A large file pushed with git-lfs is an object of the project, and a clone has the same bytes."""
    content = os.urandom(3_000_000)
    client.git("lfs", "install", "--skip-repo")
    folder = client.new()
    client.git("remote", "add", "origin", server.url(), cwd=folder)
    client.git("lfs", "track", "*.bin", cwd=folder)
    (folder / "data.bin").write_bytes(content)
    client.commit(folder)
    done = client.run("push", "--quiet", "origin", "main", cwd=folder)
    assert done.returncode == 0, done.stderr.decode()
    assert b"lock" not in done.stderr.lower()
    client.git("clone", "--quiet", server.url("reader-token"), "copy")
    assert (client.home / "copy" / "data.bin").read_bytes() == content
    item = {i.path: i for i in hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery()).items}["data.bin"]
    assert (item.large, item.size, item.sha256) == (True, len(content), hashlib.sha256(content).hexdigest())


def test_large_files_of_the_commit_api_can_be_cloned(hub: Hub, server: Server, client: Client, git_lfs: str) -> None:
    """What the snapshotter sent as an object comes with `git lfs pull`."""
    content = os.urandom(200_000)
    sha256 = hashlib.sha256(content).hexdigest()
    with hub.objects.receive(sha256, None) as incoming:
        incoming.write(content)
        incoming.store()
    hub.add_object(sha256, len(content))
    changes = [Change(path="m.pt", size=len(content), sha256=sha256, large=True),
               Change(path=".gitattributes", size=len(ATTRIBUTES), data=ATTRIBUTES)]  # fmt: skip
    hub.workspace.create_commit(
        ALICE, project=hub.project, body=CommitCreate(message="m", created=TIME, changes=changes)
    )
    client.git("lfs", "install", "--skip-repo")
    client.git("clone", "--quiet", server.url(), "copy")
    client.git("lfs", "pull", cwd=client.home / "copy")
    assert (client.home / "copy" / "m.pt").read_bytes() == content


def test_pointers_to_what_was_not_uploaded_are_refused(hub: Hub, server: Server, client: Client) -> None:
    """A push may only point to objects of this project, whoever else has them."""
    other = new_id()
    hub.commits.repositories.create(other)
    hub.add_object("a" * 64, 5, other)
    folder = client.new()
    blob = put_object(folder, b"blob", pointer("a" * 64, 5))
    tree = put_object(folder, b"tree", b"100644 x\0" + bytes.fromhex(blob))
    assert "not uploaded" in push_tree(client, server, folder, tree)
    hub.add_object("a" * 64, 5)
    assert push_tree(client, server, folder, tree) == ""


def call(server: Server, path: str, body: Any, method: str = "POST", token: str = "writer-token") -> tuple[int, bytes]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(server.url(None) + ".git/info/lfs" + path, data=data, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    request.add_header("Content-Type", "application/vnd.git-lfs+json")
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def batch(operation: str, *objects: tuple[str, int]) -> dict[str, Any]:
    return {"operation": operation, "objects": [{"oid": oid, "size": size} for oid, size in objects]}


def test_an_object_of_another_project_is_not_there(hub: Hub, server: Server) -> None:
    """Knowing a hash gives nothing: not in a batch, not by its address, and it has to be sent again."""
    other = new_id()
    hub.commits.repositories.create(other)
    hub.add_object("a" * 64, 5, other)
    status, answer = call(server, "/objects/batch", batch("download", ("a" * 64, 5)))
    assert (status, json.loads(answer)["objects"][0]["error"]["code"]) == (200, 404)
    assert (
        "upload"
        in json.loads(call(server, "/objects/batch", batch("upload", ("a" * 64, 5)))[1])["objects"][0]["actions"]
    )
    assert call(server, f"/objects/{'a' * 64}", None, method="GET")[0] == 404


@pytest.mark.parametrize("body", [b"right but longer", b"wrong", b""])
def test_wrong_content_is_not_kept(hub: Hub, server: Server, body: bytes) -> None:
    """Content that does not hash to its name is refused, and nothing is left of it."""
    oid = hashlib.sha256(b"right").hexdigest()
    status, answer = call(server, f"/objects/{oid}", body, method="PUT")
    assert (status, b"SHA-256" in answer) == (400, True)
    assert call(server, "/verify", {"oid": oid, "size": 5})[0] == 404
    assert call(server, f"/objects/{oid}", b"right", method="PUT")[0] == 200
    assert call(server, "/verify", {"oid": oid, "size": 5})[0] == 200
    assert call(server, f"/objects/{oid}", None, method="GET")[1] == b"right"


def test_a_reader_may_not_upload(server: Server) -> None:
    """A reader gets no upload action and cannot do without one."""
    assert call(server, "/objects/batch", batch("upload", ("a" * 64, 5)), token="reader-token")[0] == 403
    assert call(server, f"/objects/{'a' * 64}", b"x", method="PUT", token="reader-token")[0] == 403
    assert call(server, "/objects/batch", batch("download", ("a" * 64, 5)), token="no")[0] == 401


BAD_BATCHES = [
    b"",
    b"{",
    {},
    {"operation": "steal", "objects": []},
    batch("upload", ("x", 1)),
    batch("upload", ("a" * 64, -1)),
    {**batch("upload"), "hash_algo": "md5"},
]


@pytest.mark.parametrize("body", BAD_BATCHES)
def test_bad_batches(server: Server, body: Any) -> None:
    """B: a batch of the wrong form is a 400 with a message."""
    status, answer = call(server, "/objects/batch", body)
    assert status == 400
    assert json.loads(answer)["message"]


def test_locks_are_not_offered(hub: Hub, server: Server) -> None:
    """The locking API answers 501, which git-lfs takes for "not here"."""
    assert call(server, "/locks/verify", {})[0] == 501
    assert git(hub, "for-each-ref") == ""
