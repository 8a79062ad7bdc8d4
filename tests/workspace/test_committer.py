"""One version after the other."""

from __future__ import annotations

import os
from pathlib import Path

from jupyter_dotscience.api.commits import CommitCreate, CommitResult
from jupyter_dotscience.workspace import Committer, StatCache, WorkspaceCommitter

from .repository import Repository, git
from .trees import write


def listing(repository: Repository, commit: str | None) -> set[bytes]:
    assert commit
    return set(git(repository.git_folder, "ls-tree", "-r", "-z", "--name-only", commit).split(b"\0")) - {b""}


def test_versions_follow_each_other(work: Path, repository: Repository) -> None:
    """Each commit has the workspace as it was, on top of the one before; without a change there is none."""
    committer: Committer = WorkspaceCommitter(work, repository, repository.record, None, {}, StatCache())
    assert committer.commit("nothing") is None
    write(work, {b"a": b"1", b"d/b": b"2"})
    first = committer.commit("first")
    assert committer.commit("nothing") is None
    (work / "a").unlink()
    write(work, {b"c": b"3"})
    second = committer.commit("second")
    assert first is not None
    assert second is not None
    assert listing(repository, first.commit) == {b"a", b"d/b"}
    assert listing(repository, second.commit) == {b"c", b"d/b"}
    assert git(repository.git_folder, "rev-parse", f"{second.commit}^").decode().strip() == first.commit


def test_what_is_skipped_is_in_the_request(work: Path, repository: Repository) -> None:
    """The hub is told what could not be versioned."""
    requests: list[CommitCreate] = []

    def record(request: CommitCreate) -> CommitResult:
        requests.append(request)
        return repository.record(request)

    write(work, {b"a": b""})
    os.mkfifo(work / "pipe")
    WorkspaceCommitter(work, repository, record, None, {}, StatCache()).commit("m")
    assert [(s.path, s.reason) for s in requests[0].skipped] == [("pipe", "it is a named pipe")]


def test_after_a_merge_the_next_commit_is_relative_to_what_the_folder_knows(work: Path, repository: Repository) -> None:
    """When others' changes came in, the parent stays the version that this folder really had."""
    merged = False

    def record(request: CommitCreate) -> CommitResult:
        parents.append(request.parent)
        result = repository.record(request)
        return CommitResult(commit=result.commit, head=result.head, merged=merged)

    parents: list[str | None] = []
    committer = WorkspaceCommitter(work, repository, record, None, {}, StatCache())
    write(work, {b"a": b"1"})
    first = committer.commit("first")
    merged = True
    write(work, {b"a": b"2"})
    committer.commit("merged")
    write(work, {b"b": b"3"})
    third = committer.commit("third")
    assert first is not None
    assert third is not None
    assert parents == [None, first.commit, first.commit]
    assert git(repository.git_folder, "show", f"{third.commit}:a") == b"2"


def test_hub_that_fails_changes_nothing(work: Path, repository: Repository) -> None:
    """A commit that was not acknowledged is made again, whole, by the next call."""
    fail = True

    def record(request: CommitCreate) -> CommitResult:
        if fail:
            raise ConnectionError
        return repository.record(request)

    committer = WorkspaceCommitter(work, repository, record, None, {}, StatCache())
    write(work, {b"a": b"1"})
    for _ in range(2):
        try:
            committer.commit("m")
        except ConnectionError:
            assert committer.parent is None
    fail = False
    result = committer.commit("m")
    assert result is not None
    assert listing(repository, result.commit) == {b"a"}
