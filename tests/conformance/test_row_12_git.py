"""Row 12: `-R REPO`, `-b REF`."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runner.gitsite import Source

from .site import UUID, Person

Run = Callable[..., subprocess.CompletedProcess[bytes]]
LOOK = "cd fit && cat a.txt && ls"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where repositories are that the runner may clone."""
    return tmp_path_factory.mktemp("repositories")


@pytest.fixture(scope="module")
def run(person: Person, folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """`ds run` on a runner of one's own that offers these repositories."""
    command = person("runner", "create", "-q", "--label", "repositories=", "repositories")
    environment = {
        **os.environ,
        "TOKEN": command.partition("TOKEN=")[2].split()[0],
        "DOTSCIENCE_URL": person.site.hub.url,
    }
    spool = tmp_path_factory.mktemp("runner")
    agent = [
        sys.executable,
        "-m",
        "dotscience_runner",
        "--spool",
        str(spool / "spool"),
        "--backend",
        person.site.backend,
    ]
    with (spool / "agent.log").open("wb") as log:
        process = subprocess.Popen([*agent, "--repositories", str(folder)], env=environment, stdout=log, stderr=log)
    yield lambda project, *arguments, status=0: person.run(project, "-r", "repositories=", *arguments, status=status)
    process.send_signal(signal.SIGTERM)
    process.wait(30)


@pytest.fixture
def source(folder: Path, tmp_path: Path) -> Source:
    """A repository of one test."""
    return Source(folder / tmp_path.name / "fit")


def test_the_default_branch_is_cloned_into_a_folder_named_after_the_repository(
    person: Person, run: Run, source: Source
) -> None:
    """The command finds it there, with its history; it is saved; the commit is recorded; `-v` shows git's progress."""
    project = person.project()
    done = run(project, "-v", "-R", source.url, "sh", "-c", LOOK)
    assert done.stdout.decode() == "two\na.txt\nb.txt\nsub\n"
    assert f"Checked out branch trunk of {source.url}: commit {source.head}." in done.stderr.decode()
    assert "fit/a.txt" in person("file", "ls", "-q", project).splitlines()
    task = person.task(person("task", "ls", "-q").splitlines()[0])
    assert task["execution"]["repository_commit"] == source.head


@pytest.mark.parametrize("ref", ["side", "v1", "v2", "hash", "short"])
def test_a_ref_is_a_branch_a_tag_or_any_commit_hash(person: Person, run: Run, source: Source, ref: str) -> None:
    """Full or abbreviated."""
    wanted = {"hash": source.first, "short": source.first[:7]}.get(ref, ref)
    done = run(person.project(), "--repo", source.url, "--ref", wanted, "sh", "-c", LOOK)
    assert done.stdout.decode() == "one\na.txt\nsub\n"


def test_a_later_run_leaves_it_or_updates_it(person: Person, run: Run, source: Source) -> None:
    """Without -R it is as it was left; with -R local changes are overwritten."""
    project = person.project()
    run(project, "-R", source.url, "sh", "-c", "echo mine > fit/a.txt; echo mine > fit/mine.txt")
    source.commit({"b.txt": "newest\n"})
    done = run(project, "sh", "-c", LOOK)
    assert done.stdout.decode() == "mine\na.txt\nb.txt\nmine.txt\nsub\n"
    done = run(project, "-R", source.url, "sh", "-c", f"{LOOK} && cat b.txt")
    assert done.stdout.decode() == "two\na.txt\nb.txt\nsub\nnewest\n"
    assert "fit/mine.txt" not in person("file", "ls", "-q", project).splitlines()


def test_a_later_task_has_a_repository_that_git_knows(person: Person, run: Run, source: Source, tmp_path: Path) -> None:
    """History, refs and index have come through the workspace's own versions unharmed."""
    project = person.project()
    run(project, "-R", source.url, "sh", "-c", "echo mine > fit/a.txt")
    script = "cd fit && tar cf - .git a.txt b.txt sub | base64"
    packed = base64.b64decode(run(project, "sh", "-c", script).stdout)
    subprocess.run(["tar", "xf", "-"], input=packed, cwd=tmp_path, check=True)
    for words, said in (
        (["status", "--short", "--branch"], "## trunk...origin/trunk\n M a.txt"),
        (["rev-list", "--all"], f"{source.head}\n{source.first}"),
        (["fsck", "--strict", "--full"], ""),
        (["tag"], "v1\nv2"),
    ):
        done = subprocess.run(["git", *words], cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout.decode().rstrip() == said


def test_what_is_recorded_says_which_code_it_was(person: Person, run: Run, source: Source) -> None:
    """The metadata of a run names repository, ref and commit."""
    project = person.project()
    program = "import dotscience as ds; ds.start(); ds.summary('loss', 1); ds.publish('done')"
    run(project, "-R", source.url, "-b", "v1", "python3", "-c", program)
    [found] = [line for line in person("runs", "ls", "-q", project).splitlines() if UUID.fullmatch(line)]
    [inspected] = person.json("runs", "inspect", "-p", project, found)
    recorded = [inspected[f"workload_repository{part}"] for part in ("", "_ref", "_commit")]
    assert recorded == [source.url, "v1", source.first]


def test_a_failing_clone_stops_the_task_with_the_words_of_git(person: Person, run: Run, source: Source) -> None:
    """The command does not run, and nothing of the workspace changes."""
    project = person.project()
    done = run(project, "-R", f"{source.url}-not", "sh", "-c", "echo ran; touch made", status=None)
    assert done.returncode not in (0, None)
    assert done.stdout == b""
    assert "does not appear to be a git repository" in done.stderr.decode()
    assert person("file", "ls", "-q", project) == ""
    done = run(project, "-R", source.url, "-b", "--upload-pack=touch", "true", status=None)
    assert "it has no branch, tag or commit '--upload-pack=touch'" in done.stderr.decode()


def test_a_runner_that_offers_no_folder_clones_nothing_from_its_disk(other: Person, source: Source) -> None:
    """The sentence says what its owner can do."""
    # Somebody else asks, of whom the runner that offers a folder takes no tasks.
    done = other.run(other.project(), "-R", source.url, "true", status=None)
    assert done.returncode
    assert "--repositories FOLDER" in done.stderr.decode()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-b", "main"], "-b: name the repository too, with -R REPO."),
        (["-R", ""], "is no URL of a git repository"),
        (["-R", "ext::sh -c x"], "is no URL of a git repository"),
        (["-R", "--upload-pack=x"], "is no URL of a git repository"),
        (["-R", "https://example.org/x", "-b", "a b"], "is no branch, tag or commit"),
    ],
)
def test_bad_words_are_usage_errors(person: Person, project: str, arguments: list[str], said: str) -> None:
    """One sentence, exit status 2, and no task is made."""
    before = person("task", "ls", "-q")
    assert said in person.fails("run", "-p", project, *arguments, "true", status=2)
    assert person("task", "ls", "-q") == before
