"""Row 19: `ds logs [-v] [-f] ID`."""

from __future__ import annotations

import re

from .site import Person

BOTH = "import os; os.write(1, b'out 1\\n'); os.write(2, b'err 1\\nerr 2\\n'); os.write(1, b'\\x00\\xff end')"
HEAD = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z( [a-z]+)?: (.*)")


def test_standard_output_as_it_is_and_standard_error_marked(person: Person, project: str) -> None:
    """Lines of standard error begin with `ERROR: `; all goes to standard output, byte for byte."""
    task = person.start(project, "python3", "-c", BOTH)
    person.wait(task)
    done = person.ds("logs", task)
    assert (done.returncode, done.stderr) == (0, b"")
    # Which stream comes first is not told between two pipes; within each the order is that of writing.
    marked = [line for line in done.stdout.splitlines() if line.startswith(b"ERROR: ")]
    assert marked == [b"ERROR: err 1", b"ERROR: err 2"]
    rest = done.stdout.replace(b"ERROR: err 1\n", b"").replace(b"ERROR: err 2\n", b"")
    assert rest == b"out 1\n\x00\xff end"


def test_verbose_has_every_entry_with_time_and_type(person: Person, project: str) -> None:
    """Timestamp, type (left out for the workload's standard output), a colon, the line."""
    task = person.start(project, "sh", "-c", "echo out; echo err >&2")
    person.wait(task)
    lines = [HEAD.fullmatch(line) for line in person.ds("logs", "-v", task).stdout.splitlines()]
    assert all(lines)
    found = {(line[1], line[2]) for line in lines if line}
    assert {(None, b"out"), (b" stderr", b"err")} <= found
    assert b" agent" in {kind for kind, _ in found}


def test_following_goes_on_until_the_task_ends(person: Person, project: str) -> None:
    """What is stored comes first; the command ends with the task."""
    task = person.busy(project, said="stored")
    process = person.ds.start("logs", "-f", task)
    assert process.stdout is not None
    assert process.stdout.readline() == b"stored\n"
    assert process.poll() is None
    person("task", "stop", task)
    out, err = process.communicate(timeout=60)
    assert (out, err, process.returncode) == (b"", b"", 0)


def test_without_following_it_ends_with_what_is_stored(person: Person, project: str) -> None:
    """Although the task runs on."""
    task = person.busy(project, said="so far")
    assert person("logs", task) == "so far\n"
    person("task", "stop", task)


def test_logs_stay_after_the_end(person: Person, project: str) -> None:
    """`-f` on an ended task prints the same and ends."""
    task = person.start(project, "sh", "-c", "echo once")
    person.wait(task)
    assert person("logs", "-f", task) == person("logs", task) == "once\n"
