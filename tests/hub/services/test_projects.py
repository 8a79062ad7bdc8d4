"""Projects: made, found, shared and deleted."""

from __future__ import annotations

import pytest

from jupyter_dotscience.api import projects as api
from jupyter_dotscience.api.problems import BadRequest, Conflict, NotFound
from jupyter_dotscience.api.projects import Role
from tests.hub.world import World, changes, user


def listed(world: World, who: str = "ada", *, admin: bool = False, **query: object) -> list[str]:
    page = world.projects.list_projects(user(who, admin=admin), query=api.ProjectQuery(**query))  # type: ignore[arg-type]
    return [project.id for project in page.items]


def test_a_new_project(world: World) -> None:
    """A project has what it was made with, its maker as owner, and an empty workspace."""
    body = api.ProjectCreate(name="Größe 1 '\"; drop", description="line\n\0two")
    made = world.projects.create_project(user("ada"), body=body)
    assert (made.name, made.description) == ("Größe 1 '\"; drop", "line\n\ufffdtwo")
    assert (made.owner, made.role, made.head, made.collaborators) == ("ada", Role.OWNER, None, [])
    assert made.git_url.endswith(made.id)
    assert world.projects.get_project(user("ada"), project=made.id) == made
    world.commits.record(made.id, changes(a="1"), "ada")
    assert world.projects.get_project(user("ada"), project=made.id).head == world.commits.head(made.id)


def test_a_name_is_picked(world: World) -> None:
    """A project without a name gets one."""
    assert world.projects.create_project(user("ada"), body=api.ProjectCreate()).name.count("-") == 2


def test_pages_hold_each_project_once(world: World) -> None:
    """Following the cursor shows every visible project once, newest first, and nobody else's."""
    mine = [world.project() for _ in range(5)]
    world.project("bob")
    mine.append(world.project("bob", ada=Role.READER))
    found, cursor = [], None
    while True:
        page = world.projects.list_projects(user("ada"), query=api.ProjectQuery(limit=2, cursor=cursor))
        found += [project.id for project in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == mine[::-1]


@pytest.mark.parametrize("cursor", ["", "x", "'; drop table projects", "a\0b", "9" * 36])
def test_a_wrong_cursor_is_refused(world: World, cursor: str) -> None:
    """A cursor that this hub did not give is one clear error."""
    with pytest.raises(BadRequest, match="cursor"):
        listed(world, cursor=cursor)


def test_a_project_is_found_by_what_people_type(world: World) -> None:
    """An id, its unique start or a name find a project; an ambiguous word finds all it may mean."""
    first, second, hidden = world.project(), world.project(), world.project("bob")
    named = world.projects.create_project(user("ada"), body=api.ProjectCreate(name=first[:6])).id
    assert listed(world, ref=first) == [first]
    assert listed(world, ref=first.upper()) == [first]
    assert listed(world, ref=first[:35]) == [first]
    assert set(listed(world, ref=first[:4])) == {first, second, named}
    assert listed(world, ref="a project") == [second, first]
    assert listed(world, ref=first[:6]) == [named]  # a name goes before the start of an id
    assert listed(world, ref=hidden) == []
    assert listed(world, "eve", ref=hidden) == []
    assert listed(world, "eve", admin=True, ref=hidden) == [hidden]
    assert listed(world, "eve", admin=True) == []


@pytest.mark.parametrize("ref", ["", "no such", "%", "_", "a\0b", "x" * 10_000, "é"])
def test_odd_words_find_nothing(world: World, ref: str) -> None:
    """A word that is neither an id nor a name finds nothing, and means nothing else."""
    world.project()
    assert listed(world, ref=ref) == []


def test_changing_a_project(world: World) -> None:
    """What is absent in a change stays."""
    project = world.project()
    world.projects.update_project(user("ada"), project=project, body=api.ProjectUpdate(description="d"))
    world.projects.update_project(user("ada"), project=project, body=api.ProjectUpdate(name="n"))
    shown = world.projects.get_project(user("ada"), project=project)
    assert (shown.name, shown.description) == ("n", "d")


def test_sharing(world: World) -> None:
    """A role is given, changed and taken; each person sees their own."""
    project = world.project(bob=Role.READER)
    assert listed(world, "bob") == [project]
    shared = world.projects.set_collaborator(
        user("ada"), project=project, user="bob", body=api.CollaboratorSet(role=Role.WRITER)
    )
    assert [(person.user, person.role) for person in shared.collaborators] == [("bob", Role.WRITER)]
    page = world.projects.list_projects(user("bob"), query=api.ProjectQuery())
    assert page.items[0].role is Role.WRITER
    world.projects.remove_collaborator(user("ada"), project=project, user="bob")
    assert listed(world, "bob") == []
    with pytest.raises(NotFound, match="bob"):
        world.projects.remove_collaborator(user("ada"), project=project, user="bob")


@pytest.mark.parametrize("name", ["", " ", " bob", "a/b", "a\0b", "a\nb", "x" * 256, "ada", ".", "..", "nobody"])
def test_impossible_collaborators(world: World, name: str) -> None:
    """A name that no user can have, that no user of the hub has, and the owner's, are refused, and change nothing."""
    project = world.project()
    world.people.unknown.add("nobody")
    with pytest.raises(BadRequest):
        world.projects.set_collaborator(
            user("ada"), project=project, user=name, body=api.CollaboratorSet(role=Role.READER)
        )
    assert world.projects.get_project(user("ada"), project=project).collaborators == []
    with pytest.raises((BadRequest, NotFound)):
        world.projects.remove_collaborator(user("ada"), project=project, user=name)


def test_deleting_a_project(world: World) -> None:
    """A project with active tasks stays; after they have ended all of it goes."""
    project, agent = world.project(), world.runner()
    task = world.task(project)
    held = world.claimed(agent)
    with pytest.raises(Conflict, match="one task that has not ended"):
        world.projects.delete_project(user("ada"), project=project)
    world.finish(agent, held, commit=changes(a="1"))
    world.logs.append(task, ())
    world.projects.delete_project(user("ada"), project=project)
    assert listed(world) == []
    assert not world.commits.repositories.exists(project)
    assert not world.logs.path(task).exists()
    with world.database.engine.connect() as connection:
        for table in ("tasks", "task_events", "leases", "runs", "commits", "file_versions"):
            assert connection.exec_driver_sql(f"select count(*) from {table}").scalar() == 0, table


def test_making_a_project_touches_no_repository(world: World) -> None:
    """The store's only writer makes a project without waiting for a disk of repositories; they come with first use."""
    project = world.project()
    assert world.commits.repositories.all() == []
    assert world.commits.resolve(project, "main") is None
    assert world.commits.repositories.all() == [project]


def test_a_deleted_project_gets_no_repository(world: World) -> None:
    """A request that was let in before the project was deleted does not bring its workspace back."""
    project = world.project()
    world.projects.delete_project(user("ada"), project=project)
    with pytest.raises(NotFound):
        world.commits.record(project, changes(a="1"), "ada")
    assert world.commits.repositories.all() == []
