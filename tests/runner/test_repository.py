"""`ds run -R` on the runner: repositories of all kinds, good and evil, cloned into a workspace by real git."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dotscience_runner.agent.secrets import ssh_command
from dotscience_runner.repository import Cancelled, RepositoryError, Rules, Watch, bring
from dotscience_runner.repository.address import Address

from jupyter_dotscience.api.tasks import Repository
from tests.runner.gitsite import Source, http_server, new_key, ssh_server


@dataclass
class Place:
    """A workspace, and what clones into it."""

    folder: Path
    ssh: str = "false"
    limit: int = 10**9
    cancelled: Callable[[], bool] = lambda: False
    log: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.scratch = self.folder / "scratch"
        self.work.mkdir()
        self.scratch.mkdir()

    def clone(self, url: str, ref: str | None = None) -> str:
        return bring(
            Repository(url=url, ref=ref),
            self.work,
            self.scratch,
            rules=Rules((self.folder,), self.limit),
            ssh=lambda: nullcontext(self.ssh),
            watch=Watch(self.log.append, self.cancelled),
        )

    def refused(self, url: str, ref: str | None = None) -> str:
        """The words of a clone that fails, which leaves nothing behind."""
        before = contents(self.work)
        with pytest.raises(RepositoryError) as caught:
            self.clone(url, ref)
        assert contents(self.work) == before
        assert list(self.scratch.iterdir()) == []
        return str(caught.value)

    def git(self, *arguments: str, folder: str = "source") -> str:
        """What plain git says in a clone, as the user of a task would run it."""
        done = subprocess.run(["git", *arguments], cwd=self.work / folder, capture_output=True, check=True)
        return done.stdout.decode().strip()


def contents(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "source")


def test_a_clone_has_the_default_branch_whatever_its_name_and_all_history(place: Place, source: Source) -> None:
    """Files, branches, tags and history are those of `git clone`, and git finds nothing changed."""
    assert place.clone(source.url) == source.head
    assert place.git("status", "--porcelain", "--branch") == "## trunk...origin/trunk"
    assert place.git("rev-list", "HEAD").split() == [source.head, source.first]
    assert place.git("tag").split() == ["v1", "v2"]
    assert place.git("rev-parse", "origin/side", "origin/HEAD").split() == [source.first, source.head]
    assert place.git("fsck", "--strict") == ""
    assert (place.work / "source" / "b.txt").read_text() == "new\n"
    assert any(line.startswith("Receiving objects: 100%") for line in place.log)
    assert list(place.scratch.iterdir()) == []


@pytest.mark.parametrize("ref", ["side", "refs/heads/side", "v1", "v2", "refs/tags/v2", "full", "short", "-x"])
def test_a_ref_is_a_branch_a_tag_or_a_hash(place: Place, source: Source, ref: str) -> None:
    """Each of them gives its commit; a branch is checked out as one, also when it looks like an option."""
    source.git("update-ref", "refs/heads/-x", source.first)
    wanted = {"full": source.first, "short": source.first[:7]}.get(ref, ref)
    assert place.clone(source.url, wanted) == source.first
    branch = ref.removeprefix("refs/heads/") if ref in ("side", "refs/heads/side", "-x") else "HEAD"
    assert place.git("rev-parse", "--symbolic-full-name", "HEAD").removeprefix("refs/heads/") == branch
    assert place.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "ref", ["nope", "--upload-pack=touch x", "trunk~1", "trunk@{0}", ":/change", "0000000", "f" * 40]
)
def test_a_ref_that_is_not_there_is_named(place: Place, source: Source, ref: str) -> None:
    """Neither options nor expressions of git are taken for refs."""
    words = place.refused(source.url, ref)
    assert words.startswith(f"{source.url} could not be cloned: ")
    assert repr(ref) in words or ref in words


def test_a_commit_that_no_branch_has_is_fetched_by_its_full_hash(place: Place, source: Source) -> None:
    """As the heads of pull requests are."""
    source.git("update-ref", "refs/pull/1/head", source.commit({"c.txt": "c"}))
    source.git("reset", "--quiet", "--hard", "HEAD~1")
    wanted = source.git("rev-parse", "refs/pull/1/head")
    assert place.clone(source.url, wanted) == wanted
    assert (place.work / "source" / "c.txt").exists()


def test_an_update_overwrites_what_was_changed(place: Place, source: Source) -> None:
    """Changed files, new ones and local commits are gone, and the newest commit of the remote is there."""
    place.clone(source.url)
    clone = place.work / "source"
    (clone / "a.txt").write_text("mine")
    (clone / "mine.txt").write_text("mine")
    newest = source.commit({"b.txt": "newer\n"})
    assert place.clone(source.url) == newest
    assert place.git("status", "--porcelain") == ""
    assert (clone / "a.txt").read_text() == "two\n"
    assert (clone / "b.txt").read_text() == "newer\n"
    assert not (clone / "mine.txt").exists()


def test_a_second_clone_of_the_same_is_no_change(place: Place, source: Source) -> None:
    """So that a task which only looks makes no new version of the workspace."""
    place.clone(source.url)
    first = contents(place.work)
    place.clone(source.url)
    assert contents(place.work) == first


def test_what_a_task_wrote_into_a_clone_is_never_executed(place: Place, source: Source, tmp_path: Path) -> None:
    """Configuration, hooks, monitors and attributes of an earlier clone mean nothing to the agent."""
    place.clone(source.url)
    evil = f"sh -c 'touch {tmp_path}/executed'"
    git = place.work / "source" / ".git"
    for name in ("core.fsmonitor", "core.sshCommand", "core.gitProxy", "filter.x.smudge", "filter.x.clean",
                 "credential.helper", "uploadpack.packObjectsHook", "remote.origin.uploadpack"):  # fmt: skip
        place.git("config", name, evil)
    (git / "info").mkdir()
    (git / "info" / "attributes").write_text("* filter=x\n")
    (git / "hooks").mkdir()
    for hook in ("post-checkout", "reference-transaction", "post-index-change"):
        (git / "hooks" / hook).write_text(f"#!/bin/sh\n{evil}\n")
        (git / "hooks" / hook).chmod(0o755)
    place.clone(source.url)
    assert not (tmp_path / "executed").exists()
    assert "executed" not in (git / "config").read_text()
    assert not (git / "hooks").exists()


def test_what_a_repository_brings_is_never_executed(place: Place, source: Source, tmp_path: Path) -> None:
    """Filters named in its attributes, and submodules whose URL is a command."""
    evil = f"sh -c touch% {tmp_path}/executed"
    source.commit({
        ".gitattributes": "* filter=lfs ident\n",
        ".gitmodules": f'[submodule "m"]\n\tpath = m\n\turl = ext::{evil}\n',
    })  # fmt: skip
    source.git("update-index", "--add", "--cacheinfo", f"160000,{source.head},m")
    source.git("commit", "--quiet", "--message=submodule")
    place.clone(source.url)
    assert not (tmp_path / "executed").exists()
    assert list((place.work / "source" / "m").iterdir()) == []
    assert (place.work / "source" / "a.txt").read_text() == "two\n"


@pytest.mark.parametrize("name", [".git", ".GIT", "git~1", ".g\u200cit", ".."])
@pytest.mark.parametrize("mode", ["100644", "120000"])
def test_a_tree_that_would_write_elsewhere_is_refused(place: Place, source: Source, name: str, mode: str) -> None:
    """Names that some system takes for `.git`, as files and as symlinks."""
    source.commit_tree([(mode, name, b"/tmp")])
    assert "fsck" in place.refused(source.url) or "invalid path" in place.log[-1]


def test_symlinks_of_a_repository_stay_symlinks(place: Place, source: Source, tmp_path: Path) -> None:
    """Nothing is written through them, neither by the first clone nor by an update."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (source.folder / "link").symlink_to(outside)
    source.git("add", "link")
    source.git("commit", "--quiet", "--message=link")
    place.clone(source.url)
    source.git("rm", "--quiet", "link")
    source.commit({"link/file": "x"})
    place.clone(source.url)
    assert list(outside.iterdir()) == []
    assert (place.work / "source" / "link" / "file").read_text() == "x"


@pytest.mark.parametrize("kind", ["file", "folder", "symlink"])
def test_what_is_no_clone_is_not_replaced(place: Place, source: Source, tmp_path: Path, kind: str) -> None:
    """A user's own file, folder or symlink with that name stays, and the sentence says what to do."""
    target = place.work / "source"
    if kind == "file":
        target.write_text("mine")
    elif kind == "folder":
        target.mkdir()
        (target / "mine.txt").write_text("mine")
    else:
        target.symlink_to(tmp_path / "source")
    words = place.refused(source.url)
    assert f"a {kind} 'source'" in words
    assert target.is_symlink() == (kind == "symlink")


@pytest.mark.parametrize(
    ("url", "scheme", "name"),
    [
        ("https://example.org/ada/fit.git", "https", "fit"),
        ("https://example.org/ada/fit/", "https", "fit"),
        ("https://example.org/ada/fit/.git", "https", "fit"),
        ("https://example.org", "https", "code"),
        ("https://example.org/", "https", "code"),
        ("https://example.org/..", "https", "code"),
        ("https://example.org/.git", "https", "code"),
        ("https://example.org/" + "x" * 300, "https", "code"),
        ("ssh://git@example.org:22/~ada/fit.git", "ssh", "fit"),
        ("git@example.org:fit.git", "ssh", "fit"),
        ("example.org:ada/fit", "ssh", "fit"),
        ("[::1]:ada/fit", "ssh", "fit"),
        ("git://example.org/fit", "git", "fit"),
        ("file:///srv/fit.git", "file", "fit"),
        ("/srv/fit.git", "file", "fit"),
    ],
)  # fmt: skip
def test_a_url_gives_transport_and_name(url: str, scheme: str, name: str) -> None:
    """What `git clone` takes is understood as it does; `code` where it would have no name."""
    address = Address.parse(url)
    assert (address.scheme, address.name) == (scheme, name)


@pytest.mark.parametrize("url", ["ext::sh", "ftp://example.org/x", "../x", "x", "file://host/x", "-oProxyCommand:x"])
def test_other_urls_are_refused(place: Place, url: str) -> None:
    """Above all those by which git would run a program."""
    assert place.refused(url)


def test_the_disk_of_the_runner_is_not_offered(place: Place, tmp_path: Path) -> None:
    """Not even through a symlink in a folder that is."""
    (tmp_path / "link").symlink_to("/etc")
    for path in ("/etc", f"{tmp_path}/link", f"{tmp_path}/../../etc", f"{tmp_path}/%2e%2e"):
        assert "--repositories" in place.refused(f"file://{path}")


def test_git_says_itself_why_a_clone_fails(place: Place, source: Source, tmp_path: Path) -> None:
    """A repository that is not there, one that is empty, a port where nobody listens."""
    assert "does not appear to be a git repository" in place.refused(f"file://{tmp_path}/nowhere")
    subprocess.run(["git", "init", "--quiet", "--bare", str(tmp_path / "empty.git")], check=True)
    assert "empty" in place.refused(f"file://{tmp_path}/empty.git")
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        assert "fatal: unable to connect" in place.refused(f"git://127.0.0.1:{unused.getsockname()[1]}/x")


def test_http_with_a_password_that_nobody_sees(place: Place, source: Source, tmp_path: Path) -> None:
    """It reaches the server, and neither log, error nor the clone's configuration."""
    with http_server(tmp_path, "p%ss/w@rd") as host:
        assert place.clone(f"http://ada:p%25ss%2Fw%40rd@{host}/source/.git") == source.head
        words = place.refused(f"http://ada:wr%6Fng-s3cret@{host}/source/.git")
        assert "could not read Username" in place.refused(f"http://{host}/source/.git")
    assert "Authentication failed" in words or "401" in words or "could not read Username" in words
    seen = "\n".join([*place.log, words, *(str(data) for data in contents(place.work).values())])
    for secret in ("p%25ss", "p%ss", "s3cret", "Basic "):
        assert secret not in seen
    assert place.git("config", "remote.origin.url") == f"http://{host}/source/.git"


def test_ssh_with_a_key_against_a_real_server(place: Place, source: Source, tmp_path: Path) -> None:
    """The key opens the repository; without it the words are ssh's own."""
    key = new_key(tmp_path / "key")
    with ssh_server(tmp_path / "sshd", key.with_suffix(".pub").read_text()) as host:
        place.ssh = ssh_command([key], tmp_path / "known_hosts")
        url = f"ssh://{host}{source.folder}"
        assert place.clone(url, "v1") == source.first
        place.ssh = ssh_command([], tmp_path / "known_hosts")
        assert "Permission denied" in place.refused(url)


def test_a_repository_beyond_the_limit_is_refused(place: Place, source: Source) -> None:
    """Whether its history is too large, or only the files that a small one stands for."""
    source.commit({f"zeros{number}": "0" * 1_000_000 for number in range(3)})
    place.limit = 1_000_000
    assert "larger than" in place.refused(source.url)
    assert (source.folder / ".git").exists()


def test_a_tree_that_never_ends_is_refused(place: Place, source: Source) -> None:
    """Ten folders in ten folders, ten times over, are a few kilobytes of history and ten thousand million files."""
    blob = source.git("hash-object", "-w", "--stdin", data=b"x")
    lines = "".join(f"100644 blob {blob}\tf{number}\n" for number in range(10))
    tree = source.git("mktree", data=lines.encode())
    for _ in range(9):
        lines = "".join(f"040000 tree {tree}\td{number}\n" for number in range(10))
        tree = source.git("mktree", data=lines.encode())
    source.git("update-ref", "refs/heads/trunk", source.git("commit-tree", "-m", "bomb", tree))
    assert "more than 1000000 files" in place.refused(source.url)


def test_a_clone_that_hangs_can_be_given_up(place: Place, tmp_path: Path) -> None:
    """Git and what it started are gone at once, and nothing is left."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.setblocking(False)
        accepted: list[socket.socket] = []

        def cancelled() -> bool:
            with suppress(BlockingIOError):
                accepted.append(silent.accept()[0])
            return bool(accepted)

        place.cancelled = cancelled
        with pytest.raises(Cancelled):
            place.clone(f"git://127.0.0.1:{silent.getsockname()[1]}/x")
        accepted[0].settimeout(30)
        while accepted[0].recv(4096):
            pass  # what it had sent; then the end, for whoever had the connection is gone
        accepted[0].close()
    assert list(place.scratch.iterdir()) == []
    assert list(place.work.iterdir()) == []
