"""A running JupyterLab shared with a collaborator: real hub, proxy, gateway, agent and JupyterLab."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jupyter_dotscience.api.problems import BadRequest, Conflict
from jupyter_dotscience.api.projects import CollaboratorSet, Role
from jupyter_dotscience.client import Client
from tests.hubprocess import RunningHub, require_proxy

from .jupyter import JupyterServer
from .lab import Lab, wait_for

pytest.importorskip("jupyterlab")


@pytest.fixture(scope="module")
def lab(running_hub: RunningHub, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A user with a project and a runner."""
    require_proxy()
    with Lab.at_work(running_hub, tmp_path_factory.mktemp("lab")) as found:
        yield found


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[JupyterServer]:
    """Their JupyterLab, which all tests of this module use, one after the other."""
    started = JupyterServer.start(lab.client, lab.token, lab.project)
    yield started
    started.stop()


class Friend:
    """Somebody else on the hub."""

    def __init__(self, hub: RunningHub, name: str) -> None:
        self.name = name
        self._hub = hub
        self._password = hub.command("user", "add", name).strip()

    def token(self) -> str:
        """A new token: what a server was told of an older one it believes for a minute."""
        return self._hub.token(self.name, self._password)

    def status(self, server: JupyterServer, method: str = "GET", path: str = "api/status", body: object = None) -> int:
        """What JupyterLab answers them."""
        as_friend = JupyterServer(server.client, self.token(), server.user, server.project, server.name)
        return as_friend.request(method, path, body).status


@pytest.fixture(scope="module")
def friend(running_hub: RunningHub) -> Friend:
    """Another user of the hub."""
    return Friend(running_hub, "guestfriend")


def _role(lab: Lab, friend: Friend, role: Role) -> None:
    lab.client.set_collaborator(CollaboratorSet(role=role), project=lab.project, user=friend.name)


def test_neither_stranger_nor_reader_nor_writer_gets_in(lab: Lab, server: JupyterServer, friend: Friend) -> None:
    """A project's JupyterLabs are their owners', and only somebody who writes in it can be let in."""
    for role in (None, Role.READER, Role.WRITER):
        if role is not None:
            _role(lab, friend, role)
        assert friend.status(server) == 403
        if role is not Role.WRITER:
            with pytest.raises(BadRequest, match="writer"):
                lab.client.add_guest(task=server.task.id, user=friend.name)
            assert friend.status(server) == 403


def test_a_guest_works_as_whose_it_is(lab: Lab, server: JupyterServer, friend: Friend) -> None:
    """They get in at once; what they save is a version of the one whose JupyterLab it is."""
    _role(lab, friend, Role.WRITER)
    done = lab.ds("task", "share", server.task.id, friend.name)
    assert done.returncode == 0, done.stderr
    assert f"{lab.hub.url}{server.path}lab".encode() in done.stdout
    model = {"type": "file", "format": "text", "content": "by a guest"}
    assert friend.status(server, "PUT", "api/contents/guest.txt", model) == 201
    [newest, *_] = wait_for(
        lambda: [
            one
            for one in lab.client.list_commits(project=lab.project).items
            if any(item.path == "guest.txt" for item in lab.client.get_tree(project=lab.project).items)
        ],
        "the file on main",
    )
    assert newest.author == server.user
    assert [guest.user for guest in lab.client.list_guests(task=server.task.id).items] == [friend.name]


def test_a_guest_gets_no_further(server: JupyterServer, lab: Lab, friend: Friend, running_hub: RunningHub) -> None:
    """Neither can they stop the server, nor let others in, nor open its owner's other servers."""
    token = friend.token()
    assert running_hub.request("DELETE", f"/hub/api/users/{server.user}/servers/{server.name}", token=token).status in (
        403,
        404,
    )
    shares = f"/hub/api/shares/{server.user}/{server.name}"
    assert running_hub.request("POST", shares, {"user": friend.name}, token=token).status in (403, 404)
    assert running_hub.request("POST", shares, {"user": friend.name}, token=server.token).status in (403, 404)
    other = Friend(running_hub, "guestsfriend")
    _role(lab, other, Role.WRITER)
    answer = running_hub.api("PUT", f"/tasks/{server.task.id}/guests/{other.name}", token=token)
    assert answer.status == 403
    assert other.status(server) == 403


@pytest.mark.parametrize("way", ["unshared", "role", "removed"])
def test_the_way_in_is_closed(lab: Lab, server: JupyterServer, friend: Friend, way: str) -> None:
    """When the share is ended, or the role that it rests on."""
    _role(lab, friend, Role.WRITER)
    lab.client.add_guest(task=server.task.id, user=friend.name)
    assert friend.status(server) == 200
    if way == "unshared":
        assert lab.ds("task", "unshare", server.task.id, friend.name).returncode == 0
    elif way == "role":
        _role(lab, friend, Role.READER)
    else:
        lab.client.remove_collaborator(project=lab.project, user=friend.name)
    assert friend.status(server) == 403


def test_a_share_ends_with_what_was_shared(lab: Lab, friend: Friend) -> None:
    """A server of the same name, started again for another project, is nobody's but its owner's."""
    project = lab.project
    _role(lab, friend, Role.WRITER)
    first = JupyterServer.start(lab.client, lab.token, project, name="again")
    lab.client.add_guest(task=first.task.id, user=friend.name)
    assert friend.status(first) == 200
    first.stop()
    with pytest.raises(Conflict, match="ended"):
        lab.client.add_guest(task=first.task.id, user=friend.name)
    second = JupyterServer.start(lab.client, lab.token, lab.new_project(), name="again")
    lab.project = project
    try:
        assert friend.status(second) == 403
        assert lab.client.list_guests(task=second.task.id).items == []
    finally:
        second.stop()


def test_who_is_taken_off_a_project_keeps_no_window_to_it(lab: Lab, running_hub: RunningHub, friend: Friend) -> None:
    """A former writer's own JupyterLab of the project is stopped."""
    _role(lab, friend, Role.WRITER)
    token = friend.token()
    with Client(running_hub.url, token) as client:
        theirs = JupyterServer.start(client, token, lab.project)
        task = theirs.task.id
        lab.client.remove_collaborator(project=lab.project, user=friend.name)
        wait_for(lambda: lab.client.get_task(task=task).status.terminal, "the end of the task")
        assert lab.client.get_task(task=task).status == "stopped"


def test_nobody_is_a_collaborator_before_they_are_on_the_hub(lab: Lab) -> None:
    """A name that nobody has is refused: whoever took it later would find the project open."""
    done = lab.ds("project", "share", lab.project, "nobody-has-it")
    assert done.returncode == 1
    assert b"The hub has no user 'nobody-has-it'" in done.stderr
    people = {one.user for one in lab.client.get_project(project=lab.project).collaborators}
    assert "nobody-has-it" not in people
