"""Row 31: `ds runner inspect RUNNER`."""

from __future__ import annotations

from .site import Person


def test_json_with_the_tasks_it_ran_and_runs(person: Person, project: str) -> None:
    """An ended and a running one, with their states."""
    ended, busy = person.start(project, "true"), person.busy(project)
    person.wait(ended)
    [found] = person.json("runner", "inspect", "local")
    states = {task["id"]: task["status"] for task in found["tasks"]}
    person("task", "stop", busy)
    assert (states[ended], states[busy]) == ("succeeded", "running")
    assert (found["type"], found["status"], found["backend"]) == ("cpu", "online", person.site.backend)


def test_the_token_is_not_shown_again(person: Person) -> None:
    """Neither it nor anything that is derived from it."""
    command = person("runner", "create", "-q", "secretive")
    token = command.partition("TOKEN=")[2].split()[0]
    shown = person("runner", "inspect", "secretive")
    assert token.strip("=") not in shown
    assert "token" not in shown
