"""Row 18: `ds task rm ID`."""

from __future__ import annotations

from .site import Person


def test_a_terminated_task_is_removed(person: Person, project: str) -> None:
    """It leaves the list; its project keeps its files."""
    task = person.start(project, "sh", "-c", "echo x > x.txt")
    person.wait(task)
    assert person("task", "rm", task) == f"{task}\n"
    assert task not in person("task", "ls", "-q")
    assert task in person.fails("task", "rm", task)
    assert person("file", "get", project, "x.txt", "-") == "x\n"


def test_a_running_task_is_refused(person: Person, project: str) -> None:
    """The sentence says how to stop it."""
    task = person.busy(project)
    assert f"`ds task stop {task}`" in person.fails("task", "rm", task)
    assert person.task(task)["status"] == "running"
    person("task", "stop", task)
