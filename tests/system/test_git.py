"""Stock git and git-lfs through the proxy, together with `ds`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .lab import Lab

MEBIBYTE = 2**20


class Git:
    """A person's git, with `ds` as the keeper of the login and nothing of the machine's own settings."""

    def __init__(self, lab: Lab, home: Path) -> None:
        self.folder = home / "clone"
        self.url = f"{lab.hub.url}/services/dotscience/git/{lab.project}"
        self._environment = lab.ds.environment | {
            "HOME": str(home),
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
        }
        settings = {"user.name": "A", "user.email": "a@example.org", "init.defaultBranch": "main"}
        for name, value in {**settings, "credential.helper": "!ds git-credential"}.items():
            self("config", "--global", name, value, cwd=home)
        self("lfs", "install", "--skip-repo", cwd=home)

    def run(self, *words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[bytes]:
        command = ["git", *words]
        return subprocess.run(
            command, cwd=cwd or self.folder, env=self._environment, capture_output=True, timeout=100, check=False
        )

    def __call__(self, *words: str, cwd: Path | None = None) -> str:
        done = self.run(*words, cwd=cwd)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def clone(self) -> None:
        self("clone", "--quiet", self.url, str(self.folder), cwd=self.folder.parent)

    def commit_and_push(self, message: str) -> None:
        self("add", "--all")
        self("commit", "--quiet", "--message", message)
        self("push", "--quiet", "origin", "main")


@pytest.fixture
def git(work: Lab, git_lfs: str, tmp_path: Path) -> Git:
    """Git for the module's user; nothing is cloned yet."""
    assert git_lfs
    return Git(work, tmp_path)


def test_what_git_pushes_a_job_sees_and_what_a_job_writes_git_pulls(work: Lab, git: Git) -> None:
    """A file of 12 MiB by way of git-lfs, small files, modes and links; both ways, byte for byte."""
    big = os.urandom(12 * MEBIBYTE)
    git.clone()
    git("lfs", "track", "*.bin")
    (git.folder / "data.bin").write_bytes(big)
    script = git.folder / "go.sh"
    script.write_text("#!/bin/sh\ncat data.bin data.bin > twice.bin && readlink link && wc -c < data.bin\n")
    script.chmod(0o755)
    (git.folder / "link").symlink_to("data.bin")
    git.commit_and_push("By git")
    done = work.run("./go.sh")
    assert done.returncode == 0, done.stderr.decode()
    assert done.stdout.split() == [b"data.bin", str(len(big)).encode()]
    got = work.ds("file", "get", work.project, "data.bin", "-")
    assert got.stdout == big
    git("pull", "--quiet", "--ff-only")
    assert (git.folder / "twice.bin").read_bytes() == big * 2
    [item] = [item for item in work.client.get_tree(project=work.project).items if item.path == "twice.bin"]
    assert (item.large, item.size) == (True, 2 * len(big))
    author = git("log", "-1", "--format=%an").strip()
    assert author == work.client.get_account().name


def test_who_has_no_login_is_told_so(work: Lab, git: Git) -> None:
    """Git ends with the hub's sentence, and asks nobody for a password."""
    git("config", "--global", "--unset", "credential.helper", cwd=git.folder.parent)
    done = git.run("clone", git.url, str(git.folder), cwd=git.folder.parent)
    assert done.returncode != 0
    assert b"could not read Username" in done.stderr or b"Authentication failed" in done.stderr
    assert not git.folder.exists()


def test_the_login_goes_to_its_own_hub_only(work: Lab) -> None:
    """`ds git-credential` answers nothing for another host, scheme or port."""
    host = work.hub.url.removeprefix("http://")
    for asked in (
        f"protocol=https\nhost={host}\n",
        "protocol=http\nhost=127.0.0.1\n",
        "protocol=http\nhost=evil.example\n",
        "",
    ):
        done = work.ds("git-credential", "get", stdin=asked.encode())
        assert (done.returncode, done.stdout) == (0, b""), asked
    right = work.ds("git-credential", "get", stdin=f"protocol=http\nhost={host}\n".encode())
    assert work.ds.environment["DOTSCIENCE_TOKEN"].encode() in right.stdout


def test_a_push_that_is_behind_and_one_that_rewrites_are_refused(work: Lab, git: Git) -> None:
    """What a job saved in between is not lost; after a pull the push is taken."""
    git.clone()
    (git.folder / "mine").write_text("mine")
    git.commit_and_push("First")
    assert work.run("sh", "-c", "echo job > theirs").returncode == 0
    (git.folder / "mine").write_text("changed")
    git("commit", "--quiet", "--all", "--message", "Second")
    assert git.run("push", "origin", "main").returncode != 0
    assert git.run("push", "--force", "origin", "main").returncode != 0
    assert work.file("theirs") == b"job\n"
    git("pull", "--quiet", "--rebase")
    git("push", "--quiet", "origin", "main")
    assert (work.file("theirs"), work.file("mine")) == (b"job\n", b"changed")


def test_a_branch_of_a_person_is_kept_beside_main(work: Lab, git: Git) -> None:
    """And a task's branch or another reference of the hub's cannot be pushed."""
    git.clone()
    (git.folder / "a").write_text("a")
    git.commit_and_push("First")
    git("switch", "--quiet", "-c", "idea")
    (git.folder / "b").write_text("b")
    git("add", "b")
    git("commit", "--quiet", "--message", "An idea")
    git("push", "--quiet", "origin", "idea")
    names = {branch.name for branch in work.client.list_branches(project=work.project).items}
    assert names == {"main", "heads/idea"}
    for reference in ("refs/tasks/x", "refs/dotscience/x", "refs/heads/../x"):
        assert git.run("push", "origin", f"HEAD:{reference}").returncode != 0
    assert {branch.name for branch in work.client.list_branches(project=work.project).items} == names
