"""Versions of what people do in a JupyterLab that the hub started: through proxy, gateway, agent and control socket."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.runs import Run, RunQuery, RunStatus
from jupyter_dotscience.api.tasks import MergeState, TaskStatus
from tests.hubprocess import hub, require_proxy
from tests.library.python import NotInstallable, published
from tests.require import missing
from tests.serverext.server import marker, notebook
from tests.system.jupyter import JupyterServer
from tests.system.lab import Lab, wait_for

pytest.importorskip("jupyterlab")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner, on a hub of their own."""
    require_proxy()
    data = tmp_path_factory.mktemp("hub") / "data"
    with hub(data, "--no-runner") as running, Lab.at_work(running, tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[JupyterServer]:
    """A JupyterLab that all tests of this module use, one after the other."""
    lab.upload({"given.txt": b"from the project\n"})
    started = JupyterServer.start(lab.client, lab.token, lab.project)
    yield started
    print(lab.log(started.task, "stderr").decode(errors="replace")[-30_000:])
    started.stop()


def read(lab: Lab, path: str, at: str = "main") -> bytes:
    """A file of the project; empty when it is not there."""
    from jupyter_dotscience.api.problems import NotFound

    try:
        with lab.client.get_file(project=lab.project, query=FileQuery(path=path, at=at)) as reader:
            return bytes(reader.readall())
    except NotFound:
        return b""


def runs(lab: Lab) -> list[Run]:
    """The project's runs, oldest first."""
    rows = lab.client.list_runs(project=lab.project, query=RunQuery(sort="created")).items
    return [lab.client.get_run(project=lab.project, run=row.id) for row in rows]


def status(server: JupyterServer) -> dict[str, Any]:
    """How the workspace stands."""
    return dict(server.request("GET", "dotscience/status").json())


def test_a_save_is_on_main_while_the_task_runs(lab: Lab, server: JupyterServer) -> None:
    """On the task's branch and, merged, on the project's main branch; the task says so."""
    server.upload("a.txt", b"one")
    wait_for(lambda: read(lab, "a.txt") == b"one", "the file on main")
    wait_for(lambda: status(server)["state"] == "pushed", "the status")
    assert status(server)["branch"] == f"tasks/{server.task.id}"
    assert server.task.merge is MergeState.FAST_FORWARD
    assert server.task.status is TaskStatus.RUNNING
    lab.upload({"colleague.txt": b"meanwhile"})
    server.upload("b.txt", b"two")
    wait_for(lambda: read(lab, "b.txt") == b"two", "the file on main")
    assert read(lab, "colleague.txt") == b"meanwhile"


def test_a_kernels_run_is_recorded_with_its_files(lab: Lab, server: JupyterServer) -> None:
    """What a cell publishes with the library that the runner offers, with the exact version of its input."""
    server.execute(
        "import dotscience as ds; ds.interactive(); ds.start()\n"
        "text = open(ds.input('given.txt')).read()\n"
        "open(ds.output('made.txt'), 'w').write(text.upper()); ds.summary('score', 1); ds.publish('made')"
    )
    [run] = wait_for(lambda: [one for one in runs(lab) if one.description == "made"], "the run")
    assert run.task == server.task.id
    assert [(file.path, file.commit) for file in run.outputs] == [("made.txt", run.commit)]
    assert run.inputs[0].sha256 is not None
    assert read(lab, "made.txt") == b"FROM THE PROJECT\n"


def test_a_run_that_draws_curves_is_recorded_when_it_is_published(lab: Lab, server: JupyterServer) -> None:
    """The hub knows it from its first point on, and still takes in what `publish` says."""
    server.execute("import dotscience as ds; ds.interactive(); ds.start('live'); ds.log(step=0, loss=1.0)")
    [live] = wait_for(lambda: [one for one in runs(lab) if one.status is RunStatus.RUNNING], "the live run")
    server.execute("ds.summary('loss', 0.5); open(ds.output('live.txt'), 'w').write('1'); run = ds.publish()")
    [run] = wait_for(lambda: [one for one in runs(lab) if one.id == live.id and one.summary], "what it published")
    assert (run.status, run.description, run.summary) == (RunStatus.SUCCEEDED, "live", {"loss": "0.5"})
    assert [(file.path, file.commit) for file in run.outputs] == [("live.txt", run.commit)]


PUBLISHED = """\
import sys
sys.path.insert(0, {site!r})
import dotscience as ds
ds.interactive()
ds.start()
open(ds.output("old.txt"), "w").write(open(ds.input("given.txt")).read())
ds.parameter("rate", 0.5)
ds.summary("score", 2)
ds.publish("by the published library")
"""


def test_a_notebook_of_the_published_library_is_recorded_too(lab: Lab, server: JupyterServer) -> None:
    """What the unmodified 0.8.7 says in interactive mode is one run, also once the notebook is saved with it."""
    site = published_packages()
    wish = {"path": "old.ipynb", "type": "notebook", "name": "old.ipynb", "kernel": {"name": "python3"}}
    kernel = server.request("POST", "api/sessions", wish).json()["kernel"]["id"]
    cell = dataclasses.replace(server, kernel=kernel)
    said = cell.execute(PUBLISHED.format(site=str(site)))
    assert cell.execute("print(ds.__file__)").startswith(str(site))
    model = {"type": "notebook", "content": notebook(said)}
    assert server.request("PUT", "api/contents/old.ipynb", model).status == 201
    wait_for(lambda: read(lab, "old.ipynb"), "the notebook on main")
    found = lambda: [one for one in runs(lab) if one.description == "by the published library"]  # noqa: E731
    [run] = wait_for(found, "its run")
    assert (run.parameters, run.summary) == ({"rate": "0.5"}, {"score": "2"})
    assert (run.task, run.workload_file) == (server.task.id, "old.ipynb")
    assert [file.path for file in run.inputs] == ["given.txt"]
    assert [file.path for file in run.outputs] == ["old.txt"]
    assert read(lab, "old.txt") == b"from the project\n"


def published_packages() -> Path:
    """Where the published library is installed, inside of this environment, which a task sees."""
    try:
        environment = published().executable.parent.parent
    except NotInstallable as reason:
        missing(f"the published library: {reason}")
        raise
    [found] = environment.glob("lib/python*/site-packages")
    return found


def test_the_panel_is_answered_by_the_agent(lab: Lab, server: JupyterServer) -> None:
    """History, runs, an old version and a difference reach a container that has no way to the hub."""
    run = "11111111-2222-4333-8444-555555555555"
    for texts in (("old\n",), ("new\n", marker(run))):
        model = {"type": "notebook", "content": notebook(*texts)}
        assert server.request("PUT", "api/contents/n.ipynb", model).status in (200, 201)
        assert server.request("PUT", "dotscience/commit", {"message": texts[0].strip()}).status == 200
    commits = server.request("GET", "dotscience/commits?path=n.ipynb").json()["items"]
    assert run in {one["id"] for commit in commits for one in commit["runs"]}
    assert server.request("GET", f"dotscience/runs/{run}").json()["workload_file"] == "n.ipynb"
    oldest = commits[-1]["id"]
    old = json.loads(server.request("GET", f"dotscience/file?path=n.ipynb&at={oldest}").body)
    assert old["cells"][0]["outputs"][0]["text"] == ["old\n"]
    diff = server.request("GET", f"dotscience/diff?path=n.ipynb&base={oldest}").json()
    assert diff["diff"][0]["key"] == "cells"


def test_an_agent_killed_between_two_saves(lab: Lab, server: JupyterServer) -> None:
    """Nothing is lost: the next agent takes the JupyterLab up, and what was saved without one becomes a version."""
    agent = lab.agents[-1]
    agent.kill()
    target = next(lab.folder.glob("runner*/spool/tasks/*/work"))
    (target / "saved without an agent.txt").write_text("kept")
    agent.start()
    wait_for(lambda: read(lab, "saved without an agent.txt"), "the file on main", 90)
    server.await_answer()
    wait_for(lambda: status(server)["state"] == "pushed", "the status")
    assert read(lab, "saved without an agent.txt") == b"kept"


def test_a_conflict_keeps_both_until_it_is_settled(lab: Lab, server: JupyterServer) -> None:
    """Main has theirs, the task's branch has mine, the task and the panel name the file, and keeping mine ends it."""
    server.upload("c.txt", b"start")
    wait_for(lambda: read(lab, "c.txt") == b"start", "the file on main")
    lab.upload({"c.txt": b"theirs"})
    server.upload("c.txt", b"mine")
    found = wait_for(lambda: (now := status(server))["state"] == "conflict" and now, "the conflict")
    assert found["conflicts"] == ["c.txt"]
    assert (server.task.merge, server.task.conflicts) == (MergeState.CONFLICT, ["c.txt"])
    assert (read(lab, "c.txt"), read(lab, "c.txt", found["branch"])) == (b"theirs", b"mine")
    settled = server.request("PUT", "dotscience/resolve", {"keep": "mine"}).json()["status"]
    assert (settled["state"], settled["conflicts"]) == ("pushed", [])
    assert read(lab, "c.txt") == b"mine"
    assert server.task.conflicts == []


def test_stopping_saves_what_was_left(lab: Lab, server: JupyterServer) -> None:
    """A file written in the last moment is in the task's last version."""
    server.execute("open('last.txt', 'w').write('last')")
    server.stop()
    task = wait_for(lambda: server.task.status.terminal and server.task, "the end of the task")
    assert task.status is TaskStatus.STOPPED
    assert read(lab, "last.txt") == b"last"
