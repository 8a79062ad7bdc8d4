"""Row 31: `ds runner inspect RUNNER`."""

from __future__ import annotations

from pathlib import Path

from .site import Person, own_runner


def test_json_with_the_tasks_it_ran_and_runs(person: Person, project: str, tmp_path: Path) -> None:
    """An ended and a running one, with their states."""
    with own_runner(person, tmp_path, "worker", "who=worker"):
        ended = person.start(project, "-r", "who=worker", "true")
        person.wait(ended)
        busy = person.start(project, "-r", "who=worker", "sleep", "1000")
        person.wait(busy, "running")
        [found] = person.json("runner", "inspect", "worker")
        person("task", "stop", busy)
        person.wait(busy)
    assert {task["id"]: task["status"] for task in found["tasks"]} == {ended: "succeeded", busy: "running"}
    assert (found["type"], found["status"], found["labels"]) == ("cpu", "online", {"who": "worker"})


def test_a_shared_runner_is_shown_without_the_tasks_of_others(person: Person, other: Person, project: str) -> None:
    """Everybody may look at it; which tasks it has is its owner's to know."""
    task = person.busy(project)
    [found] = other.json("runner", "inspect", "local")
    listed = other("runner", "ls", "--output", "json")
    person("task", "stop", task)
    assert (found["name"], found["shared"], found["backend"]) == ("local", True, person.site.backend)
    assert found["running_tasks"] >= 1
    assert found["tasks"] == []
    assert task not in listed


def test_the_token_is_not_shown_again(person: Person) -> None:
    """Neither it nor anything that is derived from it."""
    command = person("runner", "create", "-q", "secretive")
    token = command.partition("TOKEN=")[2].split()[0]
    shown = person("runner", "inspect", "secretive")
    assert token.strip("=") not in shown
    assert "token" not in shown
