"""Row 20: `ds project ls [-q]`."""

from __future__ import annotations

from .site import Person, table


def test_the_columns_are_the_manuals(person: Person, other: Person) -> None:
    """ID NAME DOTS COLLABORATORS AGE."""
    project = person.project()
    person("project", "share", project, other.name)
    [row] = [row for row in table(person("project", "ls")) if row["NAME"] == project]
    assert list(row)[:5] == ["ID", "NAME", "DOTS", "COLLABORATORS", "AGE"]
    [known] = person.json("project", "inspect", project)
    assert (row["ID"], row["COLLABORATORS"]) == (known["id"], other.name)
    assert row["DOTS"]
    assert row["AGE"].endswith(("second", "seconds"))


def test_quiet_has_names_only(person: Person) -> None:
    """No heading; a name that two projects have is there twice."""
    project = person.project()
    person("project", "create", project)
    names = person("project", "ls", "-q").splitlines()
    assert names.count(project) == 2
    assert "NAME" not in names


def test_shared_projects_are_in_the_list_of_both(person: Person, other: Person) -> None:
    """And of nobody else."""
    mine, shared = person.project(), person.project()
    person("project", "share", shared, other.name)
    names = other("project", "ls", "-q").splitlines()
    assert (shared in names, mine in names) == (True, False)
