"""Guests: collaborators in somebody else's JupyterLab, and what ends when a role ends (tasks: see `test_backing`)."""

from __future__ import annotations

import pytest

from jupyter_dotscience.api.problems import BadRequest, Conflict, Forbidden, NotFound, Unavailable
from jupyter_dotscience.api.projects import CollaboratorSet, Role
from jupyter_dotscience.api.tasks import GuestList, JupyterWorkload, TaskStatus
from tests.hub.world import World, user


@pytest.fixture
def project(world: World) -> str:
    """A project of Ada with a writer and a reader."""
    return world.project("ada", bob=Role.WRITER, rita=Role.READER)


def lab(world: World, project: str, creator: str = "ada") -> str:
    """A queued JupyterLab, the server `lab` of its creator."""
    return world.task(project, creator, workload=JupyterWorkload(server="lab"))


def guests(world: World, task: str) -> list[str]:
    return [guest.user for guest in world.guests.list_guests(user("ada"), task=task).items]


def set_role(world: World, project: str, name: str, role: Role) -> None:
    world.projects.set_collaborator(user("ada"), project=project, user=name, body=CollaboratorSet(role=role))


def test_a_writer_is_let_in_and_out(world: World, project: str) -> None:
    """The share is of exactly this server, and is listed until it is ended."""
    task = lab(world, project)
    assert guests(world, task) == []
    for _ in range(2):
        world.guests.add_guest(user("ada"), task=task, user="bob")
    assert world.people.shares == {("ada", "lab", "bob")}
    assert guests(world, task) == ["bob"]
    world.guests.remove_guest(user("ada"), task=task, user="bob")
    assert world.people.shares == set()
    with pytest.raises(NotFound, match="bob"):
        world.guests.remove_guest(user("ada"), task=task, user="bob")


@pytest.mark.parametrize("name", ["rita", "stranger", "ada", "", "b\0b"])
def test_nobody_else_is_let_in(world: World, project: str, name: str) -> None:
    """Neither readers nor strangers; whose it is needs no leave."""
    with pytest.raises(BadRequest):
        world.guests.add_guest(user("ada"), task=lab(world, project), user=name)
    assert world.people.shares == set()


def test_only_whose_it_is_lets_others_in(world: World, project: str) -> None:
    """Neither another writer nor an admin; a guest may take themselves off, and nobody else."""
    set_role(world, project, "carl", Role.WRITER)
    task = lab(world, project, "bob")
    for caller in (user("ada"), user("carl"), user("root", admin=True)):
        with pytest.raises(Forbidden, match="bob"):
            world.guests.add_guest(caller, task=task, user="carl")
    world.guests.add_guest(user("bob"), task=task, user="carl")
    with pytest.raises(Forbidden):
        world.guests.remove_guest(user("ada"), task=task, user="carl")
    world.guests.remove_guest(user("carl"), task=task, user="carl")
    assert world.people.shares == set()


def test_only_a_running_jupyterlab_has_guests(world: World, project: str) -> None:
    """A command has none, and neither has what has ended."""
    with pytest.raises(BadRequest, match="no JupyterLab"):
        world.guests.add_guest(user("ada"), task=world.task(project), user="bob")
    assert guests(world, world.task(project)) == []
    ended = lab(world, project)
    world.tasks.stop_task(user("ada"), task=ended)
    with pytest.raises(Conflict, match="ended"):
        world.guests.add_guest(user("ada"), task=ended, user="bob")
    assert guests(world, ended) == []


@pytest.mark.parametrize("way", ["removed", "reader"])
def test_the_end_of_a_role_ends_what_it_opened(world: World, project: str, way: str) -> None:
    """Who may write no more is no guest, and their own JupyterLabs of this project end; others' go on."""
    mine, theirs, waiting = lab(world, project), lab(world, project, "bob"), lab(world, project, "bob")
    elsewhere = lab(world, world.project("bob"), "bob")
    agent = world.runner("ada")
    held = [world.claimed(agent), world.claimed(agent)]
    assert {one.task for one in held} == {mine, theirs}
    world.guests.add_guest(user("ada"), task=mine, user="bob")
    if way == "removed":
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    else:
        set_role(world, project, "bob", Role.READER)
    assert world.people.shares == set()
    for ended in (theirs, waiting):
        assert world.get(ended).status is TaskStatus.STOPPED
        assert world.get(ended).message == "bob is not a writer of this project any more."
    assert world.get(mine).status is TaskStatus.ASSIGNED
    assert not world.get(elsewhere).status.terminal


def test_a_role_that_ends_meanwhile_wins(world: World, project: str) -> None:
    """Who is taken off between the look at their role and the share of the server does not get in."""
    task = lab(world, project)

    def take_off() -> None:
        world.people.shares.clear()
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
        world.people.shares.add(("ada", "lab", "bob"))

    world.people.then = take_off
    with pytest.raises(BadRequest):
        world.guests.add_guest(user("ada"), task=task, user="bob")
    assert world.people.shares == set()


@pytest.mark.parametrize("way", ["removed", "reader"])
def test_who_is_let_in_while_a_role_ends_is_put_out(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Let in between the first look for guests and the end of the role: both looks at the role still see a writer."""
    task = lab(world, project)
    put_out = world.people.put_out
    let_in: list[GuestList] = []

    def then_let_in(owner: str, server: str, name: str) -> None:
        put_out(owner, server, name)
        if not let_in:
            let_in.append(world.guests.add_guest(user("ada"), task=task, user="bob"))

    monkeypatch.setattr(world.people, "put_out", then_let_in)
    if way == "removed":
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    else:
        set_role(world, project, "bob", Role.READER)
    assert [guest.user for guest in let_in[0].items] == ["bob"]
    assert world.people.shares == set()


def test_what_the_hub_did_not_hear_at_the_end_of_a_role_is_made_up_for(
    world: World, project: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When it is away just then, who asked is told, and asking again puts out who was let in meanwhile."""
    task = lab(world, project)
    put_out = world.people.put_out

    def then_away(owner: str, server: str, name: str) -> None:
        put_out(owner, server, name)
        world.guests.add_guest(user("ada"), task=task, user="bob")
        world.people.away = True

    monkeypatch.setattr(world.people, "put_out", then_away)
    with pytest.raises(Unavailable):
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    monkeypatch.setattr(world.people, "put_out", put_out)
    world.people.away = False
    assert world.people.shares == {("ada", "lab", "bob")}
    with pytest.raises(NotFound):
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    assert world.people.shares == set()


def test_a_hub_that_is_away_keeps_a_guest_a_collaborator(world: World, project: str) -> None:
    """A role does not end while what it opened cannot be closed."""
    task = lab(world, project)
    world.guests.add_guest(user("ada"), task=task, user="bob")
    world.people.away = True
    with pytest.raises(Unavailable):
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    with pytest.raises(Unavailable):
        set_role(world, project, "bob", Role.READER)
    shown = world.projects.get_project(user("ada"), project=project)
    assert ("bob", Role.WRITER) in [(one.user, one.role) for one in shown.collaborators]
