"""Row 30: `ds runner ls [-q]`."""

from __future__ import annotations

from .site import Person, table


def test_the_columns_are_the_manuals(person: Person, project: str) -> None:
    """ID NAME RUNNING TASKS STATUS TYPE AGE; the hub's own runner serves all and is in everybody's list."""
    task = person.busy(project)
    rows = {row["NAME"]: row for row in table(person("runner", "ls"))}
    person("task", "stop", task)
    assert list(rows["local"]) == ["ID", "NAME", "RUNNING TASKS", "STATUS", "TYPE", "AGE"]
    assert int(rows["local"]["RUNNING TASKS"]) >= 1
    assert (rows["local"]["STATUS"], rows["local"]["TYPE"]) == ("online", "cpu")


def test_a_runner_that_never_came_is_offline(person: Person) -> None:
    """Type and status are in the list."""
    person("runner", "create", "-t", "gpu-nvidia-runtime", "sleeping")
    [row] = [row for row in table(person("runner", "ls")) if row["NAME"] == "sleeping"]
    assert (row["RUNNING TASKS"], row["STATUS"], row["TYPE"]) == ("0", "offline", "gpu-nvidia-runtime")


def test_quiet_has_names_only(person: Person, other: Person) -> None:
    """Own runners and shared ones, no heading, nobody else's."""
    person("runner", "create", "mine")
    assert {"local", "mine"} <= set(person("runner", "ls", "-q").splitlines())
    assert other("runner", "ls", "-q") == "local\n"
