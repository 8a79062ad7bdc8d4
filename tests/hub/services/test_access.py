"""Who may call what: every route against every kind of caller."""

from __future__ import annotations

import dataclasses

import pytest
from dotscience_hub.services.caller import Caller

from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import ApiError, Forbidden, NotFound, NotLoggedIn
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.routes import BY_NAME, ROUTES, Route, Scope
from tests.hub.world import Agent, World, user

PEOPLE = ("nobody", "stranger", "reader", "writer", "co-owner", "owner", "admin")
MACHINES = ("runner", "idle runner", "task token", "other task token")
MISSING_ID = "00000000-0000-7000-8000-000000000000"


@dataclasses.dataclass
class Seeded:
    """A world with a project that has a dataset and a task on a runner, and another project with another task."""

    world: World
    agent: Agent
    callers: dict[str, Caller | None]
    parameters: dict[str, str]


@pytest.fixture
def seeded(world: World) -> Seeded:
    """Callers of all kinds."""
    project = world.project("owner", reader=Role.READER, writer=Role.WRITER, **{"co-owner": Role.OWNER})
    dataset = world.dataset("owner")
    world.link(project, dataset, "data", "owner")
    agent = world.runner("owner")
    world.task(project, "owner")
    held = world.claimed(agent)
    world.task(world.project("someone"), "someone")
    elsewhere = world.claimed(world.runner("someone"))
    callers = {
        "nobody": None,
        **{name: user(name) for name in ("stranger", "reader", "writer", "co-owner", "owner")},
        "admin": user("admin", admin=True),
        "runner": agent.caller,
        "idle runner": world.runner("owner").caller,
        "task token": world.access.task_caller(held.task_token),
        "other task token": world.access.task_caller(elsewhere.task_token),
    }
    parameters = {"project": project, "task": held.task, "runner": agent.id, "user": "reader", "dataset": dataset}
    return Seeded(world, agent, callers, parameters)


def expected(route: Route, who: str) -> int:
    """What the table of routes and the architecture say: 200, 401, 403 or 404."""
    access = route.access
    if not access.principals or who == "nobody":
        return 401 if access.principals else 200
    kind = Principal.USER if who in PEOPLE else Principal.TASK if "token" in who else Principal.RUNNER
    if kind not in access.principals:
        return 403
    if kind is Principal.USER:
        return _for_people(route, who)
    hidden = "task" in route.parameters if kind is Principal.RUNNER else bool(route.parameters)
    return 404 if hidden and who in ("idle runner", "other task token") else 200


def _for_people(route: Route, who: str) -> int:
    about_project = {"project", "task"} & set(route.parameters)
    if "dataset" in route.parameters and who not in ("owner", "admin") and (route.access.owner or who == "stranger"):
        return 404 if who == "stranger" else 403
    if "runner" in route.parameters and who not in ("owner", "admin"):
        return 404
    if route.access.admin and who != "admin":
        return 403
    if about_project and who == "stranger":
        return 404
    leaves = route.name == "remove_collaborator" and who == "reader"
    if not about_project or leaves or who == "admin":
        return 200
    roles = {"reader": Role.READER, "writer": Role.WRITER, "co-owner": Role.OWNER, "owner": Role.OWNER}
    assert route.access.role is not None
    return 200 if roles[who].includes(route.access.role) else 403


def answer(seeded: Seeded, route: Route, caller: Caller | None, **other: str) -> int:
    parameters = {name: {**seeded.parameters, **other}.get(name, "x") for name in route.parameters}
    try:
        seeded.world.access.check(route, caller, parameters)
    except ApiError as error:
        return error.status
    return 200


def test_every_route_against_every_caller(seeded: Seeded) -> None:
    """Each caller may do what their role allows; what they may not see is 404, what they may not do is 403."""
    found = {
        (route.name, who): answer(seeded, route, seeded.callers[who]) for route in ROUTES for who in seeded.callers
    }
    assert found == {(route.name, who): expected(route, who) for route in ROUTES for who in (*PEOPLE, *MACHINES)}


def test_every_route_about_something_names_who_may(seeded: Seeded) -> None:
    """A route that names a project or a task of a user's has a role, so that none is open by mistake."""
    for route in ROUTES:
        if {"project", "task"} & set(route.parameters) and Principal.USER in route.access.principals:
            assert route.access.role is not None, route.name
        if "runner" in route.parameters:
            assert route.access.owner, route.name
        if "dataset" in route.parameters and route.access.scope is not Scope.PROJECTS_READ:
            assert route.access.owner or route.name == "unlink_dataset", route.name


@pytest.mark.parametrize("missing", [MISSING_ID, "no-id", "", "../etc", "a\0b", "x" * 5000, "é"])
def test_what_is_not_there_is_404_for_everybody(seeded: Seeded, missing: str) -> None:
    """Ids that do not exist, or are none, are 404 for an admin and for a stranger alike."""
    for route in ROUTES:
        for who in ("admin", "stranger"):
            kinds = {"project", "task", "runner", "dataset"} & set(route.parameters)
            if kinds and Principal.USER in route.access.principals:
                others = dict.fromkeys(kinds, missing)
                assert answer(seeded, route, seeded.callers[who], **others) == 404, route.name


def test_a_token_without_the_scope_does_nothing(seeded: Seeded) -> None:
    """A user's token needs the scope that the route names, whatever the user's role is."""
    for route in ROUTES:
        if route.access.scope is None:
            continue
        lacking = dataclasses.replace(seeded.callers["admin"], scopes={s.value for s in Scope} - {route.access.scope})
        assert answer(seeded, route, lacking) == 403
    with pytest.raises(Forbidden, match="custom:dotscience:projects:read"):
        seeded.world.access.check(BY_NAME["list_projects"], Caller(Principal.USER, "ada"), {})


def test_the_role_comes_with_the_caller(seeded: Seeded) -> None:
    """Services learn the caller's role in the project."""
    route, parameters = BY_NAME["get_project"], {"project": seeded.parameters["project"]}
    roles = {}
    for who in ("reader", "writer", "co-owner", "owner", "admin", "task token"):
        caller = seeded.world.access.check(route, seeded.callers[who], parameters)
        assert caller is not None
        roles[who] = caller.role
    assert roles == {
        "reader": Role.READER,
        "writer": Role.WRITER,
        "co-owner": Role.OWNER,
        "owner": Role.OWNER,
        "admin": Role.OWNER,
        "task token": Role.WRITER,
    }


def test_nobody_removes_others_without_the_role(seeded: Seeded) -> None:
    """A reader may leave a project, but not take another one off it."""
    route = BY_NAME["remove_collaborator"]
    assert answer(seeded, route, seeded.callers["reader"], user="writer") == 403


def test_a_shared_runner_is_seen_but_not_managed(seeded: Seeded) -> None:
    """Everybody sees a shared runner; only its owner or an admin may look into it or remove it."""
    shared = seeded.world.runner("boss", shared=True)
    for name in ("get_runner", "delete_runner"):
        assert answer(seeded, BY_NAME[name], seeded.callers["stranger"], runner=shared.id) == 403
        assert answer(seeded, BY_NAME[name], seeded.callers["admin"], runner=shared.id) == 200


def test_tokens(seeded: Seeded) -> None:
    """A runner's token works with and without its padding; anything else opens nothing."""
    agent = seeded.agent
    look = seeded.world.access.runner_caller
    assert agent.token.endswith("====")
    assert len(agent.token) == 56
    for token in (agent.token, agent.token.rstrip("=")):
        caller = look(token)
        assert caller is not None
        assert (caller.kind, caller.name) == (Principal.RUNNER, agent.id)
    for wrong in ("", "=", agent.token[:-5] + "====", agent.token.lower(), "A" * 52, "task-" + agent.token, "é"):
        assert look(wrong) is None
        assert seeded.world.access.task_caller(wrong) is None


def test_no_token_is_stored(seeded: Seeded) -> None:
    """Neither a runner's nor a task's token can be read from the database."""
    agent = seeded.agent
    with seeded.world.database.engine.connect() as connection:
        for table in ("runners", "leases"):
            rows = connection.exec_driver_sql(f"select * from {table}").all()
            assert rows
            assert agent.token.rstrip("=") not in repr(rows)


def test_a_task_token_ends_with_its_task(world: World) -> None:
    """A task's token opens nothing once the task has ended, not even a request that was under way."""
    project, agent = world.project(), world.runner()
    world.task(project)
    held = world.claimed(agent)
    caller = world.access.task_caller(held.task_token)
    world.finish(agent, held)
    assert world.access.task_caller(held.task_token) is None
    with pytest.raises(NotLoggedIn):
        world.access.check(BY_NAME["get_project"], caller, {"project": project})


def test_a_runner_is_online_because_it_calls(world: World) -> None:
    """Each call of an agent counts as a sign of life, also after the runner was silent."""
    agent = world.runner()
    world.clock.advance(31)
    assert world.runners.get_runner(user("ada"), runner=agent.id).status == "offline"
    world.access.runner_caller(agent.token)
    assert world.runners.get_runner(user("ada"), runner=agent.id).status == "online"


def test_a_stranger_learns_nothing_from_the_answer(seeded: Seeded) -> None:
    """What exists but is hidden and what does not exist are answered with the same words."""
    words = set()
    for project in (seeded.parameters["project"], MISSING_ID):
        with pytest.raises(NotFound) as caught:
            seeded.world.access.check(BY_NAME["get_project"], seeded.callers["stranger"], {"project": project})
        words.add((str(caught.value), caught.value.code))
    assert len(words) == 1
