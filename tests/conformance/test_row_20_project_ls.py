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


def test_linked_datasets_are_shown_with_their_paths(person: Person) -> None:
    """In the last column; nothing stands there while none is linked."""
    project, first, second = person.project(), person.dataset(None), person.dataset(None)

    def shown() -> str:
        [row] = [row for row in table(person("project", "ls")) if row["NAME"] == project]
        return row["DATASETS"]

    assert shown() == ""
    person("project", "link", project, second.name, "data/more")
    person("project", "link", project, first.name, "data/first")
    assert shown() == f"{first.name} at ./data/first, {second.name} at ./data/more"
    person("project", "unlink", project, first.name)
    assert shown() == f"{second.name} at ./data/more"
