"""Row 33: `ds runner rm RUNNER`."""

from __future__ import annotations

from pathlib import Path

from .site import Person, own_runner
from .terminal import SECONDS


def test_its_running_tasks_go_back_to_the_queue(person: Person, project: str, tmp_path: Path) -> None:
    """The task waits for another runner; the agent of the removed one ends."""
    with own_runner(person, tmp_path, "short-lived", "only=here") as agent:
        task = person.start(project, "-r", "only=here", "sleep", "1000")
        person.wait(task, "running")
        [known] = person.json("runner", "inspect", "short-lived")
        assert person("runner", "rm", "short-lived") == f"{known['id']}\n"
        found = person.wait(task, "queued")
        assert (found["runner"], found["attempts"]) == (None, 1)
        assert "short-lived" not in person("runner", "ls", "-q")
        assert agent.wait(SECONDS) != 0
    person("task", "stop", task)


def test_a_runner_of_somebody_else_is_not_there(person: Person, other: Person) -> None:
    """Nor may the hub's shared one be removed by everybody."""
    person("runner", "create", "not-yours")
    assert "'not-yours'" in other.fails("runner", "rm", "not-yours")
    assert other.fails("runner", "rm", "local").startswith("Error: ")
    assert "local" in person("runner", "ls", "-q")
