"""From a workspace through git into another workspace, and nothing is lost, changed or executed."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import CommitCreate, CommitResult
from jupyter_dotscience.workspace import (
    DiskFull,
    Mirror,
    ObjectCache,
    StatCache,
    WorkspaceCommitter,
    WorkspaceError,
    changes,
    checkout,
    pointer,
    scan,
)
from tests.require import require

from .repository import Repository, git
from .trees import ODD_NAMES, contents, write

LIMIT = 1 << 30


def commit(repository: Repository, work: Path, threshold: int = 10 << 20) -> str:
    """Everything in a folder as a commit."""
    committer = WorkspaceCommitter(
        root=work,
        remote=repository,
        record=repository.record,
        parent=None,
        base={},
        cache=StatCache(),
        threshold=threshold,
    )
    result = committer.commit("m")
    assert result is not None
    assert result.commit is not None
    return result.commit


class Runner:
    """What a runner has: a mirror, an object cache."""

    def __init__(self, folder: Path, repository: Repository) -> None:
        self.folder, self.repository = folder, repository
        self.mirror = Mirror(folder / "mirrors/p.git")
        self.objects = ObjectCache(folder / "objects", LIMIT)

    def checkout(self, commit: str | None, name: str = "checkout", **options: object) -> Path:
        target = self.folder / name
        if commit:
            self.mirror.fetch(self.repository.url, commit)
        self.done = checkout(
            self.mirror,
            commit,
            target,
            objects=self.objects,
            source=self.repository,
            **options,  # type: ignore[arg-type]
        )
        return target


@pytest.fixture
def runner(tmp_path: Path, repository: Repository) -> Runner:
    """A runner with an empty spool."""
    return Runner(tmp_path / "spool", repository)


def raw_commit(repository: Repository, tree: str) -> str:
    request = CommitCreate(message="m", created=now())
    commit = repository.commit_tree(tree, request).commit
    assert commit
    return commit


def test_everything_comes_back_as_it_was(work: Path, repository: Repository, runner: Runner) -> None:
    """Odd names, links, modes, large files and nested repositories survive scan, pack, commit and checkout."""
    write(work, {name: os.urandom(10) for name in ODD_NAMES})
    write(work, {b"big": os.urandom(50_000), b"d/big": os.urandom(60_000), b"ptr": pointer("0" * 64, 9), b"empty": b""})
    write(work, {b"crlf": b"a\r\nb\n$Id$ ", b"many/%d" % 0: b""} | {b"many/%d" % i: b"%d" % i for i in range(250)})
    (work / "d/big").chmod(0o755)
    (work / "run.sh").write_bytes(b"#!/bin/sh\n")
    (work / "run.sh").chmod(0o755)
    for name, target in (
        (b"l1", b"/etc/passwd"),
        (b"l2", b"../../x"),
        (b"l3", b"\xff"),
        (b"l4", pointer("0" * 64, 9)),
        (b"d/.git", b"x"),
    ):
        (work / os.fsdecode(name)).symlink_to(os.fsdecode(target))
    cache = StatCache(runner.folder / "cache")
    target = runner.checkout(commit(repository, work, 40_000), cache=cache, threshold=40_000)
    assert contents(target) == contents(work)
    again = scan(target, cache=StatCache(runner.folder / "cache"), threshold=40_000)
    assert again.read == 0
    assert not changes(runner.done.base, again)
    assert not changes(runner.done.base, scan(target, threshold=40_000))


NAMES = st.binary(min_size=1, max_size=6).filter(lambda n: not set(n) & {0, 47} and n not in (b".", b".."))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(
    files=st.dictionaries(st.lists(NAMES, min_size=1, max_size=3).map(b"/".join), st.binary(max_size=20), max_size=6)
)
def test_any_names_come_back(tmp_path_factory: pytest.TempPathFactory, files: dict[bytes, bytes]) -> None:
    """Whatever bytes names are made of, the folder comes back."""
    files = {p: d for p, d in files.items() if not any(other.startswith(p + b"/") for other in files)}
    folder = tmp_path_factory.mktemp("names")
    repository, work = Repository(folder / "hub"), folder / "work"
    write(work, {**files, b"one": b""})
    target = Runner(folder / "spool", repository).checkout(commit(repository, work))
    assert contents(target) == contents(work)


def test_no_commit_is_an_empty_workspace(runner: Runner) -> None:
    """A project without any version starts in an empty folder."""
    target = runner.checkout(None)
    assert list(target.iterdir()) == []
    assert runner.done.base == {}


def test_only_a_fresh_folder_is_filled(work: Path, repository: Repository, runner: Runner) -> None:
    """A folder in which something is already is refused and left as it is."""
    write(work, {b"x": b""})
    first = commit(repository, work)
    write(runner.folder / "checkout", {b"mine": b""})
    with pytest.raises(WorkspaceError, match="is not empty"):
        runner.checkout(first)
    assert list(contents(runner.folder / "checkout")) == [b"mine"]


def test_large_files_are_downloaded_once(work: Path, repository: Repository, runner: Runner) -> None:
    """A second checkout takes large files from the cache, and what a task writes to its copy stays its own."""
    data = os.urandom(50_000)
    write(work, {b"big": data})
    first = commit(repository, work, 1000)
    with (runner.checkout(first) / "big").open("r+b") as file:
        file.write(b"scribble")
    assert (runner.checkout(first, "second") / "big").read_bytes() == data
    assert [call for call in repository.calls if call.startswith("read_object")] == ["read_object 0"]


def test_later_commits_fetch_only_what_is_new(work: Path, repository: Repository, runner: Runner) -> None:
    """The mirror grows by the new objects, and old commits stay available."""
    write(work, {b"%d" % i: os.urandom(20_000) for i in range(20)})
    committer = WorkspaceCommitter(work, repository, repository.record, None, {}, StatCache())
    results: list[CommitResult | None] = [committer.commit("first")]
    write(work, {b"new": b"x"})
    results.append(committer.commit("second"))
    commits = [r.commit for r in results if r and r.commit]
    runner.checkout(commits[0], "a")
    before = sum(p.stat().st_size for p in runner.mirror.folder.rglob("*.pack"))
    runner.checkout(commits[1], "b")
    assert sum(p.stat().st_size for p in runner.mirror.folder.rglob("*.pack")) - before < 20_000
    assert contents(runner.folder / "b") == contents(work)
    assert b"new" not in contents(runner.checkout(commits[0], "again"))


def test_nothing_in_a_workspace_is_executed(
    work: Path, repository: Repository, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hooks, filters, file system monitors and global settings that somebody put somewhere are not run."""
    evil = tmp_path / "evil.sh"
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/executed\ncat\n")
    evil.chmod(0o755)
    config = f'[core]\nfsmonitor = {evil}\nhooksPath = {tmp_path}\n[filter "x"]\nsmudge = {evil}\nclean = {evil}\n'
    write(tmp_path, {b"home/.gitconfig": config.encode(), b"post-checkout": evil.read_bytes()})
    (tmp_path / "post-checkout").chmod(0o755)
    write(work, {b".gitattributes": b"* filter=x text eol=crlf ident\n", b"a": b"x\ny\n$Id$"})
    write(
        work,
        {
            b".git/config": config.encode(),
            b".git/HEAD": b"ref: refs/heads/main\n",
            b".git/hooks/post-checkout": evil.read_bytes(),
        },
    )
    version = commit(repository, work)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_DIR", str(work / ".git"))
    target = runner.checkout(version)
    assert contents(target) == contents(work)
    assert not (tmp_path / "executed").exists()


def test_tree_with_forbidden_paths_is_refused(repository: Repository, runner: Runner, tmp_path: Path) -> None:
    """A commit that holds `.git` or `..`, made without any check, writes nothing."""
    for name in (b".git", b"..", b"git~1"):
        inner = repository.tree({b"config": ("100644", b"[core]")})
        evil = raw_commit(repository, repository.tree({name: ("40000", inner.encode()), b"ok": ("100644", b"")}))
        with pytest.raises(WorkspaceError, match="cannot be checked out"):
            runner.checkout(evil)
        assert list((runner.folder / "checkout").iterdir()) == []


def test_checkout_never_writes_through_a_link(repository: Repository, runner: Runner, tmp_path: Path) -> None:
    """A tree in which a link and a folder have the same name does not get a file out of the workspace."""
    outside = tmp_path / "outside"
    outside.mkdir()
    large = b"L" * 100
    sha = hashlib.sha256(large).hexdigest()
    (repository.objects / sha).write_bytes(large)
    inner = repository.tree({b"file": ("100644", pointer(sha, 100)), b"%2Egit": ("100644", b"x")})
    raw = b"120000 d\0" + bytes.fromhex(repository._write(os.fsencode(outside))) + b"40000 d\0" + bytes.fromhex(inner)
    tree = git(repository.git_folder, *("hash-object", "-t", "tree", "-w", "--literally", "--stdin"), data=raw)
    with contextlib.suppress(WorkspaceError, OSError):
        runner.checkout(raw_commit(repository, tree.strip().decode()))
    assert list(outside.iterdir()) == []


def test_submodules_are_left_out_and_stay_in_the_tree(repository: Repository, runner: Runner) -> None:
    """A submodule that people pushed is no file: it is neither fetched nor taken for deleted."""
    tree = repository.tree({b"sub": ("160000", b"1" * 40), b"f": ("100644", b"x")})
    target = runner.checkout(raw_commit(repository, tree))
    assert contents(target) == {b"f": ("file", b"x")}
    assert not changes(runner.done.base, scan(target))


def test_names_that_only_look_escaped_come_back(repository: Repository, runner: Runner) -> None:
    """Files that were pushed with git and start with `%` keep their names and do not count as changed."""
    tree = repository.tree({b"%20": ("100644", b"a"), b"%25x": ("100644", b"b"), b"%2egit": ("100644", b"c")})
    target = runner.checkout(raw_commit(repository, tree))
    assert set(contents(target)) == {b"%20", b"%25x", b"%2egit"}
    assert not changes(runner.done.base, scan(target))


def test_full_disk_is_said(work: Path, repository: Repository, runner: Runner, small_disk: Path) -> None:
    """Too small a disk is one clear error, for git's files and for large ones."""
    write(work, {b"%d" % i: os.urandom(1 << 20) for i in range(4)})
    for threshold in (10 << 20, 1000):
        full = commit(repository, work, threshold)
        runner.mirror.fetch(repository.url, full)
        with pytest.raises(DiskFull, match=r"[Nn]o space left"):
            checkout(runner.mirror, full, small_disk / f"w{threshold}", objects=runner.objects, source=repository)
        subprocess.run(["rm", "-r", str(small_disk / f"w{threshold}")], check=True)


def test_owner_gets_everything_and_the_cache_still_knows(work: Path, repository: Repository, runner: Runner) -> None:
    """Given to another user, all files and folders are theirs, links themselves too, and no file need be read again."""
    require(os.getuid() == 0, "root, for only root can give files away")
    write(work, {b"d/e/f": b"x", b"g": b"y", b"big": bytes(9000)})
    (work / "out").symlink_to(work / "g")
    cache = StatCache()
    target = runner.checkout(commit(repository, work, 5000), cache=cache, threshold=5000, owner=(12345, 23456))
    assert {(p.lstat().st_uid, p.lstat().st_gid) for p in [target, *target.rglob("*")]} == {(12345, 23456)}
    assert (work / "g").lstat().st_uid == 0
    assert scan(target, cache=cache, threshold=5000).read == 0


def test_a_shared_checkout_has_links_to_the_objects(work: Path, repository: Repository, runner: Runner) -> None:
    """Large files are the object's own inode, read-only, in any number of checkouts; executables and small ones not."""
    write(work, {b"big": os.urandom(9000), b"run": os.urandom(8000), b"small": b"x"})
    (work / "run").chmod(0o755)
    full = commit(repository, work, 5000)
    one, two = (runner.checkout(full, name, linked=True) for name in ("one", "two"))
    sha256 = hashlib.sha256((work / "big").read_bytes()).hexdigest()
    held = runner.objects.folder / sha256[:2] / sha256[2:]
    assert (one / "big").stat().st_ino == (two / "big").stat().st_ino == held.stat().st_ino
    assert held.stat().st_mode & 0o777 == 0o444
    assert (one / "run").stat().st_nlink == (one / "small").stat().st_nlink == 1
    assert (one / "run").read_bytes() == (work / "run").read_bytes()
    assert (one / "run").stat().st_mode & 0o100


def test_a_workspace_never_shares_with_the_objects(work: Path, repository: Repository, runner: Runner) -> None:
    """Also when a shared checkout has made the object read-only: a task may write to its own file."""
    write(work, {b"big": os.urandom(9000)})
    full = commit(repository, work, 5000)
    shared, own = runner.checkout(full, "shared", linked=True), runner.checkout(full, "own")
    with (own / "big").open("r+b") as file:
        file.write(b"changed")
    assert (shared / "big").read_bytes() == (work / "big").read_bytes()


def test_room_is_asked_for_before_anything_is_written(work: Path, repository: Repository, runner: Runner) -> None:
    """With the bytes of all files, and none is there when it is refused."""
    write(work, {b"big": os.urandom(9000), b"small": b"12345"})
    asked: list[int] = []

    def refuse(size: int) -> None:
        asked.append(size)
        raise WorkspaceError("no")

    with pytest.raises(WorkspaceError, match=r"^no$"):
        runner.checkout(commit(repository, work, 5000), room=refuse)
    assert asked == [9005]
    assert list((runner.folder / "checkout").iterdir()) == []
