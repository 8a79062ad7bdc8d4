"""Row 21: `ds project create [NAME]`."""

from __future__ import annotations

import pytest

from .site import UUID, Person


def test_the_id_is_printed(person: Person) -> None:
    """Nothing else; the project has the name and an empty workspace."""
    made = person("project", "create", "My Project")
    assert UUID.fullmatch(made.removesuffix("\n"))
    assert person.json("project", "inspect", made.strip())[0]["name"] == "My Project"
    assert person("file", "ls", "-q", made.strip()) == ""


def test_a_name_is_picked(person: Person) -> None:
    """Without NAME."""
    made = person("project", "create").strip()
    assert person.json("project", "inspect", made)[0]["name"]


def test_names_need_not_be_unique(person: Person) -> None:
    """Two projects of one name have two ids."""
    assert person("project", "create", "twin") != person("project", "create", "twin")


@pytest.mark.parametrize("name", ["", " ", "x" * 1000, "a\nb"])
def test_a_bad_name_is_refused(person: Person, name: str) -> None:
    """With a sentence; no project is made."""
    before = person("project", "ls", "-q")
    assert person.fails("project", "create", name).startswith("Error: ")
    assert person("project", "ls", "-q") == before
