"""What colleagues push comes into a JupyterLab on a runner: proxy, gateway, agent and control socket between them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_dotscience.api.files import FileQuery
from tests.hubprocess import RunningHub, require_proxy
from tests.system.jupyter import JupyterServer
from tests.system.lab import Lab, wait_for

pytest.importorskip("jupyterlab")


@pytest.fixture(scope="module")
def lab(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner."""
    require_proxy()
    with Lab.at_work(running_hub, tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[JupyterServer]:
    """A JupyterLab that both tests use."""
    lab.upload({"given.txt": b"from the project"})
    started = JupyterServer.start(lab.client, lab.token, lab.project)
    yield started
    started.stop()


def incoming(server: JupyterServer) -> set[str]:
    """What the panel is told of."""
    return {one["path"] for one in server.request("GET", "dotscience/status").json()["incoming_files"]}


def test_the_agent_brings_it_when_it_is_wanted(lab: Lab, server: JupyterServer) -> None:
    """The panel is told; an unsaved document is spared; the kernel finds it; the next version builds on it."""
    wanted = {"given.txt", "deep/new.txt"}
    lab.upload({"given.txt": b"changed", "deep/new.txt": b"new"})
    wait_for(lambda: incoming(server) == wanted, "it to be told")
    refused = server.request("PUT", "dotscience/incoming", {"unsaved": ["given.txt"]})
    assert (refused.status, refused.json()["code"]) == (409, "unsaved")
    taken = server.request("PUT", "dotscience/incoming", {}).json()
    assert {one["path"] for one in taken["files"]} == wanted
    assert (taken["status"]["state"], taken["status"]["incoming_files"]) == ("pushed", [])
    assert server.execute("print(open('given.txt').read(), open('deep/new.txt').read())") == "changed new\n"
    server.upload("deep/new.txt", b"newer")
    wait_for(lambda: _read(lab, "deep/new.txt") == b"newer", "the file on main")
    assert server.task.conflicts == []


def test_an_agent_that_is_killed_knows_what_was_taken_in(lab: Lab, server: JupyterServer) -> None:
    """After it was started again, what came from others is no change of this workspace."""
    lab.upload({"given.txt": b"changed again"})
    assert server.request("PUT", "dotscience/incoming", {}).json()["total"] == 1
    head = lab.client.get_tree(project=lab.project).commit
    lab.agents[0].kill()
    lab.agents[0].start()
    server.await_answer()
    wait_for(lambda: server.request("PUT", "dotscience/commit", {}).status == 200, "the agent")
    assert server.request("PUT", "dotscience/commit", {}).json()["made"] is False
    assert lab.client.get_tree(project=lab.project).commit == head
    assert server.request("GET", "dotscience/status").json()["commit"] == head


def _read(lab: Lab, path: str) -> bytes:
    with lab.client.get_file(project=lab.project, query=FileQuery(path=path)) as reader:
        return bytes(reader.readall())
