"""Row 17: `ds task stop ID`."""

from __future__ import annotations

from .site import Person, wait


def test_a_stopped_task_saves_its_results(person: Person, project: str) -> None:
    """The command asks and returns; the task's files reach the workspace."""
    task = person.start(project, "sh", "-c", "echo kept > kept.txt; echo ready; exec sleep 1000")
    person.wait(task, "running")
    wait(lambda: person("logs", task), lambda log: log == "ready\n")
    assert task in person("task", "stop", task)
    assert person.wait(task)["status"] == "stopped"
    assert person("file", "get", project, "kept.txt", "-") == "kept\n"


def test_a_queued_task_is_stopped_before_it_starts(person: Person, project: str) -> None:
    """No runner ever gets it."""
    task = person.start(project, "-r", "site=moon", "true")
    assert person("task", "stop", task) == f"Task {task} is stopped.\n"
    assert person.task(task)["runner"] is None


def test_stopping_a_finished_task_says_so(person: Person, project: str) -> None:
    """Exit status 0: what was wanted is so."""
    task = person.start(project, "true")
    person.wait(task)
    assert person("task", "stop", task) == f"Task {task} has already ended: succeeded.\n"
