"""Row 28: `ds runs ls [--summary-type=S] PROJECT`."""

from __future__ import annotations

import pytest

from .site import Person, table

RUN = """
import dotscience as ds, sys
ds.start()
ds.label("kind", sys.argv[1])
ds.parameter("rate", 0.1)
for name, value in zip(sys.argv[2::2], sys.argv[3::2]):
    ds.summary(name, value)
ds.publish(sys.argv[1])
"""


@pytest.fixture(scope="module")
def recorded(person: Person) -> str:
    """A project with three runs: two have `accuracy`, two `loss`."""
    project = person.project()
    for arguments in (
        ["first", "accuracy", "0.5"],
        ["second", "accuracy", "0.75", "loss", "1"],
        ["third", "error", "2"],
    ):
        person.run(project, "python3", "-c", RUN, *arguments)
    return project


def test_the_columns_are_the_manuals_after_the_id(person: Person, recorded: str) -> None:
    """LABELS PARAMETERS TYPE SCORE AGE, the run's id first; without the option, the summary that most runs have."""
    rows = table(person("runs", "ls", recorded))
    assert list(rows[0]) == ["RUN", "LABELS", "PARAMETERS", "TYPE", "SCORE", "AGE"]
    assert [(row["LABELS"], row["PARAMETERS"], row["TYPE"], row["SCORE"]) for row in rows] == [
        ("kind=second", "rate=0.1", "accuracy", "0.75"),
        ("kind=first", "rate=0.1", "accuracy", "0.5"),
    ]


def test_only_runs_with_that_summary(person: Person, recorded: str) -> None:
    """The value is the SCORE."""
    [row] = table(person("runs", "ls", "--summary-type=loss", recorded))
    assert (row["TYPE"], row["SCORE"]) == ("loss", "1")
    assert table(person("runs", "ls", "--summary-type", "nothing", recorded)) == []


def test_by_the_id_of_the_project(person: Person, recorded: str) -> None:
    """Name and id both work."""
    [known] = person.json("project", "inspect", recorded)
    assert person("runs", "ls", "-q", known["id"]) == person("runs", "ls", "-q", recorded)


def test_runs_without_any_summary_are_listed(person: Person) -> None:
    """Where no run has one there is nothing to choose by."""
    project = person.project()
    person.run(project, "python3", "-c", RUN, "plain")
    [row] = table(person("runs", "ls", project))
    assert (row["LABELS"], row["TYPE"], row["SCORE"]) == ("kind=plain", "", "")
