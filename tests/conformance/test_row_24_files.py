"""Row 24: `ds file ls [-q] PROJECT`, and `ds file get` and `put`."""

from __future__ import annotations

import re
from pathlib import Path

from .site import Person, table


def test_the_columns_are_the_manuals(person: Person, tmp_path: Path) -> None:
    """NAME SIZE LAST MODIFIED; `-q` has names only, without a heading."""
    project = person.project()
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.txt").write_bytes(b"12345")
    (tmp_path / "deep" / "b.txt").write_bytes(b"")
    person("file", "put", project, str(tmp_path), ".")
    rows = table(person("file", "ls", project))
    assert [list(row) for row in rows] == [["NAME", "SIZE", "LAST MODIFIED"]] * 2
    assert [(row["NAME"], row["SIZE"]) for row in rows] == [("a.txt", "5"), ("deep/b.txt", "0")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", row["LAST MODIFIED"]) for row in rows)
    assert person("file", "ls", "-q", project) == "a.txt\ndeep/b.txt\n"
    assert person("file", "ls", "-q", project, "deep") == "deep/b.txt\n"


def test_get_and_put(person: Person, tmp_path: Path) -> None:
    """What was put comes back, now and at an older version."""
    project = person.project()
    (tmp_path / "x").write_bytes(b"one\xff")
    first = person("file", "put", project, str(tmp_path / "x")).strip()
    (tmp_path / "x").write_bytes(b"two")
    person("file", "put", project, str(tmp_path / "x"))
    assert person.ds("file", "get", project, "x", "-").stdout == b"two"
    assert person.ds("file", "get", "--at", first, project, "x", "-").stdout == b"one\xff"
    person("file", "get", project, "x", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == b"two"


def test_a_file_that_is_not_there_is_named(person: Person, project: str) -> None:
    """Nothing is written here."""
    assert "no/such" in person.fails("file", "get", project, "no/such", "-")
