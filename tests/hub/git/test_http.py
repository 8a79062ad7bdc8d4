"""Stock git as a client: clone, fetch, push, and what is refused."""

from __future__ import annotations

import gzip
import hashlib
import os
import socket
import threading
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import pytest

from jupyter_dotscience.api.files import TreeQuery
from tests.hub.git.hub import ALICE, Hub
from tests.hub.git.server import Client, Server
from tests.hub.git.test_commits import git


def put_object(folder: Path, kind: bytes, content: bytes) -> str:
    """Write an object as it is, whatever git thinks of it."""
    raw = b"%s %d\0" % (kind, len(content)) + content
    name = hashlib.sha1(raw).hexdigest()
    path = folder / ".git" / "objects" / name[:2] / name[2:]
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(zlib.compress(raw))
    return name


def push_tree(client: Client, server: Server, folder: Path, tree: str) -> str:
    """Push a commit with a tree; what the server said, empty when it took it."""
    commit = client.git("commit-tree", tree, "-m", "odd", cwd=folder)
    done = client.run("push", server.url(), f"{commit}:refs/heads/odd", cwd=folder)
    return "" if done.returncode == 0 else done.stderr.decode(errors="replace")


@pytest.mark.parametrize("version", ["0", "1", "2"])
def test_clone(hub: Hub, server: Server, client: Client, version: str) -> None:
    """A clone has what the commit API recorded, with every version of the protocol."""
    hub.commit(hub.commit(None, a=b"1"), a=b"2", b=b"\0\xff")
    for number, url in enumerate(
        (server.url(), server.url("reader-token") + ".git", server.url(project="my%20project"))
    ):
        client.git("-c", f"protocol.version={version}", "clone", "--quiet", url, f"copy{number}")
        assert (client.home / f"copy{number}" / "b").read_bytes() == b"\0\xff"
    assert client.git("rev-list", "--count", "main", cwd=client.home / "copy0") == "2"


def test_clone_of_an_empty_project(hub: Hub, server: Server, client: Client) -> None:
    """A project nobody committed to can be cloned, and its first commit pushed."""
    client.git("clone", "--quiet", server.url(), "copy")
    folder = client.home / "copy"
    (folder / "a").write_text("1")
    client.commit(folder)
    client.git("push", "--quiet", "origin", "HEAD:main", cwd=folder)
    assert git(hub, "show", "main:a") == "1"


def test_push_then_list(hub: Hub, server: Server, client: Client) -> None:
    """What was pushed is listed with hash, size and commit, and can be committed upon."""
    folder = client.new()
    (folder / "d").mkdir()
    (folder / "d" / "a").write_bytes(b"x" * 3000)
    (folder / "link").symlink_to("d/a")
    client.commit(folder)
    client.git("push", "--quiet", server.url(), "main", cwd=folder)
    head = client.git("rev-parse", "HEAD", cwd=folder)
    tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery())
    found = {item.path: (item.size, item.sha256, item.commit) for item in tree.items}
    assert found == {
        "d/a": (3000, hashlib.sha256(b"x" * 3000).hexdigest(), head),
        "link": (3, hashlib.sha256(b"d/a").hexdigest(), head),
    }
    assert hub.workspace.get_commit(ALICE, project=hub.project, commit=head).author == "Wendy"
    hub.commit(head, b=b"1")
    client.git("pull", "--quiet", server.url(), "main", cwd=folder)
    assert (folder / "b").read_text() == "1"


def test_a_large_push_travels_in_chunks(hub: Hub, server: Server, client: Client) -> None:
    """A push above git's post buffer comes without a length."""
    folder = client.new()
    (folder / "big").write_bytes(os.urandom(5 << 20))
    client.commit(folder)
    client.git("push", "--quiet", server.url(), "main", cwd=folder)
    assert git(hub, "cat-file", "-s", "main:big").strip() == str(5 << 20)


def test_who_may(hub: Hub, server: Server, client: Client) -> None:
    """Without a token git is asked for one; a reader may clone and not push; an unknown project is not there."""
    hub.commit(None, a=b"1")
    assert b"could not read Username" in client.run("clone", server.url(None), "x").stderr
    assert b"Authentication failed" in client.run("clone", server.url("wrong"), "x").stderr
    client.git("clone", "--quiet", server.url("reader-token"), "copy")
    done = client.run("push", server.url("reader-token"), "HEAD:refs/heads/mine", cwd=client.home / "copy")
    assert done.returncode != 0
    assert b"403" in done.stderr
    assert b"not found" in client.run("clone", server.url(project="other"), "x").stderr
    bearer = ["-c", "http.extraHeader=Authorization: Bearer reader-token"]
    client.git(*bearer, "clone", "--quiet", server.url(None), "copy2")


def test_main_never_goes_back(hub: Hub, server: Server, client: Client) -> None:
    """A push may not rewrite or delete main, nor touch branches of tasks or tags."""
    head = hub.commit(None, a=b"1")
    folder = client.new()
    (folder / "b").write_text("1")
    client.commit(folder)
    for refspec in ("+main:main", ":main", "main:refs/tasks/1", "main:refs/tags/v1", "main:refs/heads/-x"):
        assert client.run("push", server.url(), refspec, cwd=folder).returncode != 0, refspec
    assert hub.commits.repositories.open(hub.project).branches() == {"main": head}
    client.git("push", "--quiet", server.url(), "main:mine", cwd=folder)
    client.git("push", "--quiet", server.url(), ":mine", cwd=folder)
    assert hub.commits.repositories.open(hub.project).branches() == {"main": head}


@pytest.mark.parametrize(
    "name", [b".git", b"..", b".", b".GIT", b"git~1", b".g\xe2\x80\x8cit", b"a/b", b"n" * 256, b".git. "]
)
def test_bad_names_are_refused(hub: Hub, server: Server, client: Client, name: bytes) -> None:
    """B: a tree with a name that some system takes for something else does not get in."""
    folder = client.new()
    blob = put_object(folder, b"blob", b"x")
    inner = put_object(folder, b"tree", b"100644 %s\0" % name + bytes.fromhex(blob))
    tree = put_object(folder, b"tree", b"40000 d\0" + bytes.fromhex(inner))
    assert "rejected" in push_tree(client, server, folder, tree)
    assert hub.commits.repositories.open(hub.project).branches() == {}
    assert not list((hub.commits.repositories.path(hub.project) / "objects").glob(f"{inner[:2]}/{inner[2:]}"))


def test_odd_but_honest_names_get_in(hub: Hub, server: Server, client: Client) -> None:
    """Names of any bytes that are no danger are taken."""
    folder = client.new()
    blob = bytes.fromhex(put_object(folder, b"blob", b"x"))
    names = sorted([b"caf\xe9", b"new\nline", b"%2Egit", b"back\\slash", b"n" * 255])
    tree = put_object(folder, b"tree", b"".join(b"100644 %s\0%s" % (name, blob) for name in names))
    assert push_tree(client, server, folder, tree) == ""
    listing = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery(at="heads/odd"))
    assert len(listing.items) == 5


def test_submodules_and_odd_modes_are_refused(hub: Hub, server: Server, client: Client) -> None:
    """A submodule has no files here; a mode that no file has is none."""
    folder = client.new()
    blob = bytes.fromhex(put_object(folder, b"blob", b"x"))
    assert "submodule" in push_tree(
        client, server, folder, put_object(folder, b"tree", b"160000 sub\0" + bytes.fromhex("1" * 40))
    )
    tree = put_object(folder, b"tree", b"100600 x\0" + blob)
    assert push_tree(client, server, folder, tree) != ""


def test_trees_that_unfold_without_end_are_refused(hub: Hub, server: Server, client: Client) -> None:
    """B: a few small trees that stand for 10^12 files, or 300 nested folders, cost a moment and are refused."""
    folder = client.new()
    blob = bytes.fromhex(put_object(folder, b"blob", b"x"))
    bomb = put_object(folder, b"tree", b"".join(b"100644 %d\0%s" % (i, blob) for i in range(10)))
    for _ in range(11):
        bomb = put_object(folder, b"tree", b"".join(b"40000 %d\0%s" % (i, bytes.fromhex(bomb)) for i in range(10)))
    assert "files at the most" in push_tree(client, server, folder, bomb)
    deep = put_object(folder, b"tree", b"100644 f\0" + blob)
    for _ in range(300):
        deep = put_object(folder, b"tree", b"40000 d\0" + bytes.fromhex(deep))
    assert "deeper" in push_tree(client, server, folder, deep)


def request(server: Server, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    url = server.url(None) + path
    sent = {
        "Authorization": "Bearer writer-token",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body, headers=sent), timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


FETCH = "application/x-git-upload-pack-request"


def test_a_compression_bomb_is_refused(server: Server) -> None:
    """B: 200 KB that unpack to 200 MB are noticed while they unpack."""
    body = gzip.compress(bytes(200 << 20))
    assert request(server, "/git-upload-pack", body, Content_Type=FETCH, Content_Encoding="gzip")[0] == 413


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/info/refs", None, {}, 403),
        ("/info/refs?service=git-evil", None, {}, 403),
        ("/git-upload-pack", b"0000", {}, 400),
        ("/git-upload-pack", b"\x1f\x8bxxxx", {"Content_Type": FETCH, "Content_Encoding": "gzip"}, 400),
        ("/git-upload-pack", b"x", {"Content_Type": FETCH, "Content_Encoding": "br"}, 400),
        ("/HEAD", None, {}, 404),
        ("/objects/info/packs", None, {}, 404),
    ],
)
def test_requests_that_git_never_makes(
    server: Server, path: str, body: bytes | None, headers: dict[str, str], status: int
) -> None:
    """Each is refused with a status of its own; nothing hangs."""
    assert request(server, path, body, **headers)[0] == status


def test_a_push_cut_in_the_middle_leaves_nothing(hub: Hub, server: Server, client: Client) -> None:
    """F: when the sender goes away, git is ended and its quarantine goes; the next push works."""
    with socket.create_connection(("127.0.0.1", server.port)) as sender:
        head = (
            f"POST /services/dotscience/git/{hub.project}/git-receive-pack HTTP/1.1\r\nHost: x\r\n"
            "Authorization: Bearer writer-token\r\nContent-Type: application/x-git-receive-pack-request\r\n"
            "Content-Length: 100000\r\n\r\n"
        )
        sender.sendall(head.encode() + b"00")
    folder = client.new()
    (folder / "a").write_text("1")
    client.commit(folder)
    client.git("push", "--quiet", server.url(), "main", cwd=folder)
    assert git(hub, "fsck", "--strict").strip() == ""


def test_pushes_and_commits_at_once(hub: Hub, server: Server, tmp_path: Path) -> None:
    """Several people push while the commit API writes main: nothing is lost and main never goes back."""
    head = hub.commit(None, start=b"0")
    pushed: list[str] = []
    errors: list[BaseException] = []

    def push(number: int) -> None:
        try:
            person = Client(tmp_path / f"person{number}")
            person.git("clone", "--quiet", server.url(), "copy")
            folder = person.home / "copy"
            for step in range(2):
                (folder / f"{number}-{step}").write_text(f"{number} {step}")
                person.commit(folder)
                person.git("push", "--quiet", "origin", f"HEAD:refs/heads/person-{number}", cwd=folder)
                while person.run("push", "--quiet", "origin", "HEAD:main", cwd=folder).returncode != 0:
                    person.git("pull", "--quiet", "--no-rebase", "--no-edit", "origin", "main", cwd=folder)
            pushed.append(person.git("rev-parse", "HEAD", cwd=folder))
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test has to say so
            errors.append(error)

    threads = [threading.Thread(target=push, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    made = [hub.commit(head, **{f"api{number}": b"1"}) for number in range(5)]
    for thread in threads:
        thread.join()
    assert errors == []
    assert {*made, *pushed} <= set(git(hub, "rev-list", "main").split())
    assert len(git(hub, "ls-tree", "--name-only", "main").split()) == 1 + 5 + 4
    assert git(hub, "fsck", "--strict").strip() == ""
    tree = hub.workspace.get_tree(ALICE, project=hub.project, query=TreeQuery())
    assert all(item.commit for item in tree.items)


def test_no_push_goes_unchecked(hub: Hub, server: Server, client: Client, tmp_path: Path) -> None:
    """Where git would skip a hook that it cannot run, the hub takes no push at all."""
    folder = client.new()
    (folder / "a").write_text("1")
    client.commit(folder)
    hook = tmp_path / "hooks" / "pre-receive"
    hook.chmod(0o644)
    assert b"503" in client.run("push", server.url(), "main", cwd=folder).stderr
    assert hub.commits.head(hub.project) is None
    hook.chmod(0o755)
    client.git("push", "--quiet", server.url(), "main", cwd=folder)
