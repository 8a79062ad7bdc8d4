"""Tasks with a repository, from claim to outcome, on an agent of its own."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from jupyter_dotscience.api.secrets import SecretType, TaskSecret
from jupyter_dotscience.api.tasks import Repository
from tests.runner.conftest import AgentProcess
from tests.runner.fakehub import FakeHub, FakeTask
from tests.runner.gitsite import Source, new_key, ssh_server

MakeAgent = Callable[..., AgentProcess]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return Source(tmp_path / "source")


def finished(hub: FakeHub, task: FakeTask) -> None:
    hub.wait_for(lambda: task.finishes, "the outcome")


def test_the_repository_is_there_before_the_command_and_saved_after_it(
    hub: FakeHub, make_agent: MakeAgent, source: Source, tmp_path: Path
) -> None:
    """The command reads it; files and `.git` are in the commit; hub and log know what was checked out."""
    task = hub.add(["cat", "source/a.txt"], repository=Repository(url=source.url, ref="v1"))
    make_agent("--backend", "process", "--repositories", str(tmp_path))
    finished(hub, task)
    assert task.text("stdout") == b"one\n"
    assert task.finish.execution.repository_commit == source.first
    assert f"commit {source.first}".encode() in task.text("agent")
    assert task.finish.commit is not None
    changed = {change.path for change in task.finish.commit.changes}
    assert {"source/a.txt", "source/%2Egit/HEAD", "source/%2Egit/packed-refs"} <= changed


def test_a_failing_clone_is_the_end_of_the_task(
    hub: FakeHub, make_agent: MakeAgent, source: Source, tmp_path: Path
) -> None:
    """It is never started; outcome and log have the words of git."""
    task = hub.add(["touch", "ran"], repository=Repository(url=f"{source.url}-not"))
    make_agent("--backend", "process", "--repositories", str(tmp_path))
    finished(hub, task)
    assert (task.finish.outcome, task.finish.exit_code, task.finish.commit) == ("start-failed", None, None)
    assert "does not appear to be a git repository" in task.finish.message
    assert b"fatal: " in task.text("agent")
    assert "running" not in task.statuses


def test_a_task_is_stopped_while_it_clones(hub: FakeHub, make_agent: MakeAgent) -> None:
    """From a server that answers nothing."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(60)
        url = f"git://127.0.0.1:{silent.getsockname()[1]}/x"
        task = hub.add(["true"], repository=Repository(url=url))
        make_agent("--backend", "dummy")
        with silent.accept()[0]:
            hub.ask_stop(task)
            finished(hub, task)
    assert task.finish.outcome == "stopped"


def test_an_agent_killed_while_it_clones_begins_anew(
    hub: FakeHub, make_agent: MakeAgent, source: Source, tmp_path: Path
) -> None:
    """The next one clones, and nothing of the first attempt is left."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        silent.settimeout(60)
        task = hub.add(["true"], repository=Repository(url=f"git://127.0.0.1:{silent.getsockname()[1]}/x"))
        agent = make_agent("--backend", "dummy")
        with silent.accept()[0]:
            agent.kill()
            agent.start()
            with silent.accept()[0]:
                left = list((tmp_path / "spool" / "tasks" / task.assignment.task).glob("repository-*"))
                assert len(left) == 1
                hub.ask_stop(task)
                finished(hub, task)
    assert task.finish.outcome == "stopped"


def test_ssh_uses_the_keys_of_the_task(hub: FakeHub, make_agent: MakeAgent, source: Source, tmp_path: Path) -> None:
    """Against a real server; they are in no file of the spool afterwards, and in no line of the log."""
    key = new_key(tmp_path / "key")
    private = key.read_text()
    hub.secrets = [TaskSecret(name="key", type=SecretType.ED25519, private_key=private)]
    with ssh_server(tmp_path / "sshd", key.with_suffix(".pub").read_text()) as host:
        task = hub.add(["cat", "source/a.txt"], repository=Repository(url=f"ssh://{host}{source.folder}"))
        make_agent("--backend", "process")
        finished(hub, task)
    assert task.text("stdout") == b"two\n", task.text("agent")
    needle = private.splitlines()[2].encode()
    spool = [path.read_bytes() for path in (tmp_path / "spool").rglob("*") if path.is_file()]
    assert not [data for data in [*spool, task.text("agent")] if needle in data]
