"""Row 14: `ds run -d`."""

from __future__ import annotations

import pytest

from .site import UUID, Person


@pytest.mark.parametrize("option", ["-d", "--async"])
def test_the_id_is_printed_and_the_job_goes_on_alone(person: Person, project: str, option: str) -> None:
    """Nothing but the id on standard output; the other commands take it."""
    done = person.ds("run", "-p", project, option, "sh", "-c", "echo alone; exit 3")
    task = done.stdout.decode().removesuffix("\n")
    assert (done.returncode, done.stderr, bool(UUID.fullmatch(task))) == (0, b"", True)
    found = person.wait(task)
    assert (found["status"], found["exit_code"]) == ("failed", 3)
    assert person("logs", task) == "alone\n"


def test_it_returns_though_no_runner_is_free(person: Person, project: str) -> None:
    """Scheduled is enough."""
    task = person.start(project, "-r", "site=moon", "true")
    assert person.task(task)["status"] == "queued"
    person("task", "stop", task)
