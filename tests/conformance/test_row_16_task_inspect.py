"""Row 16: `ds task inspect ID`."""

from __future__ import annotations

from .site import Person


def test_all_details_as_a_json_array_of_one(person: Person, project: str) -> None:
    """What was asked, where it ran, how it ended and what happened on the way."""
    task = person.start(project, "-e", "A=1", "sh", "-c", "echo x > made.txt; exit 2")
    person.wait(task)
    [found] = person.json("task", "inspect", task)
    assert (found["id"], found["project_name"], found["creator"]) == (task, project, person.name)
    assert found["workload"]["command"] == ["sh", "-c", "echo x > made.txt; exit 2"]
    assert found["workload"]["environment"] == {"A": "1"}
    assert (found["status"], found["exit_code"], found["runner_name"]) == ("failed", 2, "local")
    assert found["result_commit"]
    assert found["events"][0]["status"] == "queued"


def test_the_beginning_of_an_id_is_enough(person: Person, project: str) -> None:
    """As with all ids, when no other begins so."""
    task = person.start(project, "true")
    person.wait(task)
    assert person.json("task", "inspect", task[:-2])[0]["id"] == task


def test_an_unknown_task_is_named(person: Person) -> None:
    """With where to look."""
    said = person.fails("task", "inspect", "0123")
    assert "'0123'" in said
    assert "`ds task ls`" in said
