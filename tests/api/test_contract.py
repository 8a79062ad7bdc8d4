"""The contract as a whole: ROUTES, problems, ids, metadata."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import msgspec
import pytest
from openapi_spec_validator import validate

from jupyter_dotscience.api import ids, metadata, openapi, problems, tasks
from jupyter_dotscience.api.commits import CommitCreate
from jupyter_dotscience.api.projects import Role
from jupyter_dotscience.api.routes import ROUTES
from jupyter_dotscience.api.runs import RunReport

COMMITTED = Path(__file__).parents[2] / "docs/reference/openapi.json"


def test_names_and_addresses_are_unique() -> None:
    """No two routes share a name, or a method and path."""
    assert len({route.name for route in ROUTES}) == len(ROUTES)
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_every_project_route_asks_for_a_role() -> None:
    """A route that names a project or a user's task says which role it needs, or is the runner's own."""
    for route in ROUTES:
        named = {"project", "task"} & set(route.parameters)
        assert not named or route.access.role is not None or route.path.startswith("/runner/"), route.name


def test_description_is_valid_and_committed() -> None:
    """The OpenAPI description is valid and the committed file is the one made from ROUTES."""
    described = openapi.describe()
    validate(described)
    assert json.loads(COMMITTED.read_text()) == described


@pytest.mark.parametrize("error", [*list(problems._BY_STATUS.values()), problems.LeaseLost])
def test_problems_survive_the_wire(error: type[problems.ApiError]) -> None:
    """Each exception comes back as itself, with message and detail."""
    sent = error("Say.", detail={"next": 3})
    received = problems.from_problem(msgspec.json.decode(msgspec.json.encode(sent.problem), type=problems.Problem))
    assert (type(received), str(received), received.code, received.detail) == (error, "Say.", sent.code, {"next": 3})


def test_unknown_problem_keeps_its_side() -> None:
    """A status we have no exception for is still the caller's or the hub's fault."""
    assert isinstance(problems.from_problem(problems.Problem(status=418, code="x", message="m")), problems.BadRequest)
    assert isinstance(problems.from_problem(problems.Problem(status=507, code="x", message="m")), problems.ServerError)


def test_unknown_field_is_named() -> None:
    """A request with a field that does not exist is refused by name."""
    body = {"message": "m", "created": "2026-01-01T00:00:00Z", "chnages": []}
    with pytest.raises(msgspec.ValidationError, match="chnages"):
        msgspec.convert(body, CommitCreate)


def test_ids_sort_by_creation() -> None:
    """Ids made one after the other are in order, and are version 7."""
    made = [ids.new_id() for _ in range(5000)]
    assert made == sorted(set(made))
    assert {(i[14], i[19] in "89ab") for i in made} == {("7", True)}


def test_roles_include_the_ones_below() -> None:
    """Owners may write, writers may read, not the other way round."""
    assert Role.OWNER.includes(Role.WRITER)
    assert Role.WRITER.includes(Role.READER)
    assert not Role.READER.includes(Role.WRITER)


def test_terminal_states() -> None:
    """Exactly the four ends of a task are terminal."""
    assert [s.value for s in tasks.TaskStatus if s.terminal] == ["succeeded", "failed", "stopped", "lost"]


def test_run_metadata_has_the_keys_of_the_format() -> None:
    """The flat map holds task and run under the keys that the format names, all values text."""
    run = RunReport(
        id="r1", parameters={"lr": "0.1"}, summary={"acc": "1"}, labels={"l": "v"}, inputs=["a", "new"], outputs=["b"]
    )
    started = dt.datetime(2026, 1, 2, 3, 4, 5, 6, dt.UTC)
    fields = metadata.of_task(
        author="ada",
        message="m",
        succeeded=True,
        workload=tasks.CommandWorkload(command=["python", "x.py"], image="python:3"),
        execution=tasks.Execution(started=started, ended=started),
        runner_name="box",
    ) | metadata.of_runs([run], {"a": "c" * 40, "new": None})
    assert fields["type"] == "dotscience.run.v1"
    assert fields["workload.command"] == '["python", "x.py"]'
    assert fields["exec.start"] == "20260102T030405.000006"
    assert json.loads(fields["runs"]) == ["r1"]
    assert json.loads(fields["run.r1.input-files"]) == [f"a@{'c' * 40}", "new"]
    assert fields["run.r1.parameters.lr"] == "0.1"
    assert fields["run.r1.summary.acc"] == "1"
    assert fields["run.r1.label.l"] == "v"
    assert all(isinstance(value, str) for value in fields.values())
