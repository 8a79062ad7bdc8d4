"""JupyterLab as a task: real hub, proxy, gateway, agent and JupyterLab, in processes of this machine."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import websocket

from jupyter_dotscience.api import tunnel
from jupyter_dotscience.api.files import FileQuery
from jupyter_dotscience.api.runners import RunnerCreate
from jupyter_dotscience.api.tasks import TaskStatus
from tests.hubprocess import RunningHub, hub, require_proxy
from tests.system.jupyter import JupyterServer
from tests.system.lab import Lab, processes, wait_for

pytest.importorskip("jupyterlab")
MEBIBYTE = 1 << 20


@pytest.fixture(scope="module")
def own_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub without a runner, whose parts are killed."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("hub") / "data", "--no-runner") as running:
        yield running


@pytest.fixture(scope="module")
def lab(own_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner."""
    with Lab.at_work(own_hub, tmp_path_factory.mktemp("lab")) as found:
        yield found
        _end_workloads(found.folder)


@pytest.fixture(scope="module")
def server(lab: Lab) -> JupyterServer:
    """A JupyterLab that all tests of this module use, one after the other."""
    lab.upload({"given.txt": b"from the project\n"})
    return JupyterServer.start(lab.client, lab.token, lab.project)


def _end_workloads(folder: Path) -> None:
    """What a killed agent left running, on purpose, is ended with the test."""
    for place in folder.glob("runner*/spool/tasks/*/process/started.json"):
        try:
            os.kill(json.loads(place.read_text())["shim"], signal.SIGUSR1)
        except ProcessLookupError:
            continue


def test_a_kernel_works_in_the_workspace(server: JupyterServer) -> None:
    """A kernel runs through proxy, gateway and tunnel, and finds the project's files."""
    assert server.execute("print(open('given.txt').read(), end='')") == "from the project\n"


def test_a_terminal_works(server: JupyterServer) -> None:
    """A terminal takes keys and shows what a shell prints."""
    name = server.request("POST", "api/terminals").json()["name"]
    terminal = server.connect(f"terminals/websocket/{name}")
    try:
        terminal.send(json.dumps(["stdin", "echo $((6 * 7)) is the answer\r"]))
        seen = ""
        while "42 is the answer" not in seen:
            kind, *words = json.loads(terminal.recv())
            seen += "".join(map(str, words)) if kind == "stdout" else ""
    finally:
        terminal.close()
    assert seen.index("echo $((6 * 7))") < seen.index("42 is the answer"), "what was typed comes before what it says"


def test_a_large_file_comes_and_goes(server: JupyterServer) -> None:
    """100 MiB arrive in the workspace and come back, byte for byte."""
    data = os.urandom(MEBIBYTE) * 100
    server.upload("large.bin", data)
    digest = hashlib.sha256(data).hexdigest()
    told = server.execute("import hashlib; print(hashlib.sha256(open('large.bin', 'rb').read()).hexdigest())")
    assert told.strip() == digest
    assert hashlib.sha256(server.request("GET", "files/large.bin").body).hexdigest() == digest
    server.execute("import os; os.remove('large.bin')")


def test_a_stranger_gets_in_nowhere(server: JupyterServer, lab: Lab) -> None:
    """Neither through the proxy nor at the gateway's own port does anybody get in without the hub's leave."""
    port = lab.client.get_door(task=server.task.id).port
    other = lab.hub.make_user()
    for url in (lab.hub.url, f"http://127.0.0.1:{port}"):
        for headers in ({}, {"Authorization": f"Bearer {other}"}):
            answer = lab.client.pool.request(
                "GET", f"{url}{server.path}api/contents", headers=headers, redirect=False, retries=False
            )
            assert answer.status in (302, 403)


def test_its_token_is_nowhere_to_be_read(server: JupyterServer, lab: Lab) -> None:
    """The server's token for the hub is in no command line, task, log, file of the hub or log of the agent."""
    token = server.execute("import os; print(os.environ['JUPYTERHUB_API_TOKEN'])").strip()
    assert len(token) >= 32
    assert not processes(token)
    assert token not in repr(server.task)
    assert token.encode() not in b"".join(entry.data for entry in lab.entries(server.task))
    kept = [path for path in lab.hub.data_dir.rglob("*") if path.is_file()]
    logs = [lab.agents[0].log, lab.folder / "runner0/spool/tasks" / server.task.id / "task.json"]
    assert not [path for path in (*kept, *logs) if token.encode() in path.read_bytes()]


def test_only_the_hubs_api_can_be_reached_from_a_task(server: JupyterServer) -> None:
    """Behind the address that JupyterLab has for the hub's API there is nothing else, whatever the path looks like."""
    program = """
import http.client, os, urllib.parse
place = urllib.parse.urlsplit(os.environ["JUPYTERHUB_API_URL"])
def ask(method, path):
    connection = http.client.HTTPConnection(place.netloc, timeout=60)
    connection.request(method, path, headers={"Authorization": "token " + os.environ["JUPYTERHUB_API_TOKEN"]})
    return connection.getresponse().status
print([ask("GET", place.path), ask("GET", place.path + "/user")])
print([ask("GET", path) for path in ("/", "/hub/home", "/services/dotscience/api/version", place.path + "x",
       place.path + "/../home", place.path + "/%2e%2e/home", place.path + "/..%2fhome", "//127.0.0.1:1" + place.path)])
print([ask("DELETE", place.path + "/user"), ask("PUT", place.path)])
"""
    first, second, third = server.execute(program).splitlines()
    assert first == "[200, 200]"
    assert set(json.loads(second)) == {403}
    assert set(json.loads(third)) == {501}


def test_another_runner_cannot_offer_the_task(server: JupyterServer, lab: Lab) -> None:
    """A runner that does not hold the task's lease is refused, and browsers still reach the right one."""
    token = lab.client.create_runner(RunnerCreate()).token
    control = _control(lab, token)
    assert json.loads(control.recv())["type"] == "session"
    for fence in range(1, 4):
        control.send(json.dumps({"type": "offer", "task": server.task.id, "fence": fence}))
        assert json.loads(control.recv())["type"] == "refused"
    control.close()
    assert server.answers()


@pytest.mark.parametrize("token", [None, "wrong", "A" * 52])
def test_the_gateway_knows_only_runners(lab: Lab, token: str | None) -> None:
    """Who has no runner's token gets no connection."""
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        _control(lab, token)


def test_a_data_connection_needs_a_session(lab: Lab) -> None:
    """A runner's token alone opens no data connection."""
    token = lab.client.create_runner(RunnerCreate()).token
    with pytest.raises(websocket.WebSocketBadStatusException, match="401"):
        _control(lab, token, tunnel.DATA)


def _control(lab: Lab, token: str | None, path: str = tunnel.CONTROL) -> websocket.WebSocket:
    url = "ws" + lab.hub.url.removeprefix("http") + tunnel.PREFIX + path
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return websocket.create_connection(url, header=headers, timeout=30, suppress_origin=True)


def test_it_lives_through_a_killed_agent(server: JupyterServer, lab: Lab) -> None:
    """After the agent was killed and started again, the same kernel goes on."""
    server.execute("kept = 'through the agent'")
    lab.agents[0].kill()
    lab.agents[0].start()
    server.await_answer()
    assert server.execute("print(kept)") == "through the agent\n"


def test_it_lives_through_a_killed_gateway(server: JupyterServer, lab: Lab) -> None:
    """After the gateway was killed, the same kernel goes on, at the same port."""
    server.execute("kept = 'through the gateway'")
    port = lab.client.get_door(task=server.task.id).port
    [pid] = [one for one in processes("gateway", str(lab.hub.data_dir)) if "keep" not in _words(one)]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: pid not in processes("gateway", str(lab.hub.data_dir)), "the gateway to be gone")
    server.await_answer()
    assert server.execute("print(kept)") == "through the gateway\n"
    assert lab.client.get_door(task=server.task.id).port == port


def _words(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")


def test_it_lives_through_a_killed_hub(server: JupyterServer, lab: Lab) -> None:
    """After the whole hub was killed, with proxy, service and gateway, the same kernel goes on."""
    server.execute("kept = 'through the hub'")
    _kill_hub(lab)
    server.await_answer()
    assert server.execute("print(kept)") == "through the hub\n"
    assert server.is_known()


def _kill_hub(lab: Lab) -> None:
    [pid] = [one for one in processes("-m", "jupyterhub", "--config") if _data_dir(one) == lab.hub.data_dir]
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "the hub to be gone")


def _data_dir(pid: int) -> Path:
    environment = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    found = re.search(r"DOTSCIENCE_HUB_SETTINGS=([^\0]+)", environment)
    return Path(found[1]).parent.parent if found else Path()


def test_a_start_that_a_killed_hub_began_is_ended(lab: Lab, server: JupyterServer) -> None:
    """The task of a server whose start the hub did not live to see is stopped; no task is left that nobody knows."""
    begun = JupyterServer(lab.client, server.token, server.user, lab.project, "t-begun")
    begun.begin(labels={"nobody": "has it"})
    wait_for(lambda: begun.tasks, "the task")
    _kill_hub(lab)
    server.await_answer()
    wait_for(lambda: begun.task.status.terminal, "the end of the task", 90)
    wait_for(lambda: not begun.is_known(), "the hub to know that it does not run", 90)
    assert [task.status for task in begun.tasks] == [TaskStatus.STOPPED]


def test_its_end_saves_its_files(server: JupyterServer, lab: Lab) -> None:
    """Stopping saves what was made, ends the task as stopped, and leaves no server, door or sealed variable behind."""
    server.execute("open('made.txt', 'w').write('by hand')")
    task = server.task
    server.stop()
    assert lab.client.get_task(task=task.id).status is TaskStatus.STOPPED
    with lab.client.get_file(project=lab.project, query=FileQuery(path="made.txt")) as reader:
        assert reader.readall() == b"by hand"
    wait_for(lambda: lab.client.get_door(task=task.id).port is None, "the door to be closed")


def test_it_goes_on_elsewhere_when_its_runner_is_lost(lab: Lab, own_hub: RunningHub) -> None:
    """A server whose runner is removed goes on, at its address, on another: with its last version and its conflict."""
    server = JupyterServer.start(lab.client, lab.token, lab.project, name="")
    assert server.execute("print(open('made.txt').read())") == "by hand\n"
    lab.upload({"given.txt": b"theirs\n"})
    server.execute("open('given.txt', 'w').write('mine\\n')")
    made = server.request("PUT", "dotscience/commit", {"message": "mine"}).json()
    assert made["status"]["conflicts"] == ["given.txt"]
    first = server.task
    lab.agents[0].kill()
    _end_workloads(lab.folder)
    assert first.runner is not None
    lab.client.delete_runner(runner=first.runner)
    server.kernel = ""
    lab.add_runner()
    wait_for(lambda: server.task.runner != first.runner and server.answers(), "the other runner", 90)
    assert server.task.id == first.id
    assert server.execute("print(open('made.txt').read())") == "by hand\n"
    assert server.execute("print(open('given.txt').read())") == "mine\n\n"
    # Main lacks what is here, and that is still known: nothing of it can be taken for somebody's deletion.
    assert server.request("GET", "dotscience/status").json()["conflicts"] == ["given.txt"]
    settled = server.request("PUT", "dotscience/resolve", {"keep": "mine"}).json()["status"]
    assert (settled["state"], settled["conflicts"]) == ("pushed", [])
    with lab.client.get_file(project=lab.project, query=FileQuery(path="given.txt")) as reader:
        assert reader.readall() == b"mine\n"
    server.stop()


def test_a_project_that_is_not_there_is_told(lab: Lab) -> None:
    """What cannot be started fails with one sentence, and leaves no task."""
    server = JupyterServer(lab.client, lab.token, lab.client.get_account().name, "no such project", "t-none")
    server.begin()
    last = server.await_end_of_start()
    assert last.failed
    assert "You have no project 'no such project'." in last.message
    assert not JupyterServer(lab.client, server.token, server.user, lab.project, "t-none").tasks


def test_ds_starts_it_and_opens_the_one_that_runs(lab: Lab) -> None:
    """`ds jupyter` prints an address that works; the second time it is the same server; `ds task` sees and stops it."""
    project = lab.new_project()
    first = lab.ds("jupyter", "-p", project, "--no-browser")
    assert first.returncode == 0, first.stderr
    assert b"Assigned to" in first.stderr
    address = first.stdout.decode().strip()
    path = address.removeprefix(lab.hub.url).removesuffix("/lab")
    assert lab.hub.request("GET", f"{path}/api/status", token=lab.token).status == 200
    second = lab.ds("jupyter", "-p", project, "--no-browser")
    assert second.stdout == first.stdout
    assert b"It runs already" in second.stderr
    listed = lab.ds("task", "ls", "-p", project).stdout.decode()
    assert "jupyter" in listed
    [task] = lab.ds("task", "ls", "-p", project, "-q").stdout.decode().split()
    assert lab.ds("task", "stop", task).returncode == 0
    wait_for(lambda: lab.client.get_task(task=task).status is TaskStatus.STOPPED, "the task to stop")
