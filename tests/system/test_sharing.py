"""Two people in one project: their jobs at once, merged or in conflict, and what each may."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.projects import CollaboratorSet, Role
from jupyter_dotscience.api.tasks import TaskListQuery
from tests.cli.program import Program
from tests.hubprocess import RunningHub

from .lab import Lab


@pytest.fixture(scope="module")
def friend(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """Another user, without a runner."""
    made = Lab.of(running_hub, tmp_path_factory.mktemp("friend"))
    made.client.close()
    return made


@pytest.fixture
def guest(work: Lab, friend: Lab) -> Program:
    """The other user's `ds`."""
    return friend.ds


def name_of(person: Lab) -> str:
    return person.client.get_account().name


def share(work: Lab, friend: Lab, role: Role) -> None:
    """Share the project with the friend."""
    work.client.set_collaborator(CollaboratorSet(role=role), project=work.project, user=name_of(friend))


WAIT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1]))).recv(1)"


def both(work: Lab, guest: Program, mine: str, theirs: str) -> tuple[bytes, bytes]:
    """Two jobs that run at once, from the same base; the first has ended when the second ends. What `ds run` said."""
    started = []
    with socket.create_server(("127.0.0.1", 0)) as gate:
        gate.settimeout(60)
        for ds, then in ((work.ds, mine), (guest, theirs)):
            command = f'python3 -c "{WAIT}" {gate.getsockname()[1]} && {then}'
            process = ds.start("run", "-p", work.project, "--", "sh", "-c", command)
            started.append((process, gate.accept()[0]))
    said = []
    for process, held in started:
        held.close()
        _, err = process.communicate(timeout=100)
        assert process.returncode == 0, err
        said.append(err)
    return said[0], said[1]


def test_different_files_are_merged(work: Lab, friend: Lab, guest: Program) -> None:
    """Both sides' files are on main, and whoever came second is told of it."""
    share(work, friend, Role.WRITER)
    assert work.run("sh", "-c", "echo base > base").returncode == 0
    first, second = both(work, guest, "echo a > mine; echo more >> base", "echo b > theirs")
    assert b"into main" in first
    assert b"with the changes of others" in second
    assert [work.file(name) for name in ("base", "mine", "theirs")] == [b"base\nmore\n", b"a\n", b"b\n"]
    [commit, *_] = work.client.list_commits(project=work.project).items
    assert len(commit.parents) == 2


def test_the_same_file_is_a_conflict_that_loses_nothing(work: Lab, friend: Lab, guest: Program) -> None:
    """Paths and branch are named; main has the first one's work, the branch the second one's, and jobs go on."""
    share(work, friend, Role.WRITER)
    assert work.run("sh", "-c", "echo base > same").returncode == 0
    _, second = both(work, guest, "echo first > same", "echo second > same; echo b > other")
    task = work.last_task()
    assert (task.merge, task.conflicts) == ("conflict", ["same"])
    assert b"same: changed here and in main; kept on branch tasks/" + task.id.encode() in second
    assert work.file("same") == b"first\n"
    kept = {}
    for path in ("same", "other"):
        with work.client.get_file(project=work.project, query=FileQuery(path=path, at=f"tasks/{task.id}")) as reader:
            kept[path] = reader.readall()
    assert kept == {"same": b"second\n", "other": b"b\n"}
    branches = {branch.name: branch.merged for branch in work.client.list_branches(project=work.project).items}
    assert branches[f"tasks/{task.id}"] is False
    assert work.run("cat", "same").stdout == b"first\n"


def test_a_reader_looks_and_does_not_run(work: Lab, friend: Lab, guest: Program, tmp_path: Path) -> None:
    """Files, runs and logs are there for them; every change is refused with the role that it needs."""
    assert work.run("sh", "-c", "echo hello | tee seen").returncode == 0
    task = work.last_task()
    assert b"There is no project" in guest("run", "-p", work.project, "true").stderr
    share(work, friend, Role.READER)
    assert guest("file", "get", work.project, "seen", "-").stdout == b"hello\n"
    assert guest("logs", task.id).stdout == b"hello\n"
    assert guest("runs", "ls", work.project).returncode == 0
    put = tmp_path / "new"
    put.write_text("new")
    for words in (
        ("run", "-p", work.project, "true"),
        ("run", "-p", work.project, "-u", str(tmp_path), "true"),
        ("file", "put", work.project, str(put)),
        ("task", "rm", task.id),
        ("project", "rm", "--force", work.project),
    ):
        done = guest(*words)
        assert (done.returncode, done.stdout) == (1, b""), words
        assert b"This needs the role" in done.stderr
    assert set(work.tree()) == {"seen"}
    assert work.last_task().id == task.id


def test_who_is_removed_loses_access_at_once(work: Lab, friend: Lab, guest: Program) -> None:
    """Also to a log that they follow; what they run and have queued ends, is not saved, and the runner goes on."""
    share(work, friend, Role.WRITER)
    process = guest.start("run", "-p", work.project, "--", "sh", "-c", "echo begun; sleep 3; echo secret > late")
    assert process.stdout is not None
    assert process.stdout.readline() == b"begun\n"
    assert guest("run", "-d", "-p", work.project, "-r", "nobody=has", "true").returncode == 0
    assert work.ds("project", "unshare", work.project, name_of(friend)).returncode == 0
    assert b"There is no project" in guest("file", "ls", work.project).stderr
    assert b"There is no task" in guest("logs", work.last_task().id).stderr
    ended = work.client.list_tasks(query=TaskListQuery(project=work.project)).items
    assert [(task.status, task.message.partition(" ")[2]) for task in ended] == [
        ("stopped", "is not a writer of this project any more.")
    ] * 2
    process.communicate(timeout=60)
    assert process.returncode == 1
    assert work.run("sh", "-c", "echo next > next").returncode == 0
    assert set(work.tree()) == {"next"}
