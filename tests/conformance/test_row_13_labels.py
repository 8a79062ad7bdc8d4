"""Row 13: runner labels, `-r NAME` and `-r NAME=VALUE`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .site import Person, own_runner


@pytest.fixture
def labelled(person: Person, tmp_path: Path) -> Iterator[str]:
    """A runner of one's own with `site=berlin` and `fast=`; its name."""
    with own_runner(person, tmp_path, "labelled", "site=berlin", "fast="):
        yield "labelled"


def test_only_a_runner_with_all_labels_takes_the_task(person: Person, project: str, labelled: str) -> None:
    """One of them is not enough; without a value the variable of that name here is used."""
    ds = person.ds.with_variables(fast="")
    done = ds("run", "-p", project, "-d", "-r", "site=berlin", "--label", "fast", "true")
    taken = done.stdout.decode().strip()
    left = person.start(project, "-r", "site=berlin", "-r", "more=x", "true")
    assert person.wait(taken)["runner_name"] == labelled
    assert person.task(left)["status"] == "queued"
    person("task", "stop", left)


def test_a_label_that_is_not_set_here_is_an_error(person: Person, project: str) -> None:
    """As with `-e`."""
    assert "SURELY_NOT_SET is not set here" in person.fails(
        "run", "-p", project, "-r", "SURELY_NOT_SET", "true", status=2
    )
