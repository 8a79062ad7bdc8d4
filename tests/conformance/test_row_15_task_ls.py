"""Row 15: `ds task ls`."""

from __future__ import annotations

from .site import Person, table


def test_the_columns_are_the_manuals(person: Person, project: str) -> None:
    """ID STATUS WORKLOAD AGE, newest first, commands as `command`."""
    tasks = [person.start(project, *command) for command in (["true"], ["sh", "-c", "exit 1"])]
    for task in tasks:
        person.wait(task)
    rows = table(person("task", "ls", "--project", project))
    assert list(rows[0]) == ["ID", "STATUS", "WORKLOAD", "AGE"]
    assert [(row["ID"], row["STATUS"], row["WORKLOAD"]) for row in rows] == [
        (tasks[1], "failed", "command"),
        (tasks[0], "succeeded", "command"),
    ]
    assert all(row["AGE"].endswith(("second", "seconds")) for row in rows)


def test_a_running_task_and_the_filter_by_status(person: Person) -> None:
    """`--status` and `--project` choose, `-q` prints ids alone."""
    project = person.project()
    done, busy = person.start(project, "true"), person.busy(project)
    person.wait(done)
    assert person("task", "ls", "--project", project, "--status", "running", "-q") == f"{busy}\n"
    assert person("task", "ls", "--project", project, "-q").split() == [busy, done]
    assert person("task", "ls", "--status", "lost", "-q") == ""
    person("task", "stop", busy)


def test_only_tasks_of_projects_that_one_may_see(person: Person, other: Person, project: str) -> None:
    """The account's own tasks, nobody else's."""
    task = person.start(project, "true")
    assert task in person("task", "ls")
    assert task not in other("task", "ls", "-q").split()
    assert task in other.fails("task", "inspect", task)
