"""Row 4: `ds run -p PROJECT [...] COMMAND...`."""

from __future__ import annotations

import pytest

from .site import Person

ARGUMENTS = ["-p", "-I", "--help", "-x", "--", "a b", "$HOME", "*", "", "ü"]
PRINT = "import sys; print(sys.argv[1:])"


@pytest.mark.parametrize("dashes", [[], ["--"]])
def test_all_after_the_first_word_is_the_command(person: Person, project: str, dashes: list[str]) -> None:
    """Options among it are the command's own; nothing is expanded or dropped."""
    done = person.run(project, *dashes, "python3", "-c", PRINT, *ARGUMENTS)
    assert done.stdout.decode() == f"{ARGUMENTS}\n"


def test_the_command_runs_in_the_workspace(person: Person, project: str) -> None:
    """It sees the project's files in its working directory, and what it writes there is kept for the next."""
    person("file", "put", project, __file__, "here/this.py")
    done = person.run(project, "sh", "-c", "wc -l < here/this.py; echo made > there.txt")
    assert done.stdout.strip() != b"0"
    assert person.run(project, "cat", "there.txt").stdout == b"made\n"


def test_long_forms(person: Person, project: str) -> None:
    """`--project-name`, `--image`, `--env`, `--async`, `--upload-path` mean the same as the short ones."""
    done = person.ds("run", "--project-name", project, "--image", "python:3", "--env", "A=1", "sh", "-c", "echo $A")
    assert (done.returncode, done.stdout) == (0, b"1\n")
    task = person("run", f"--project-name={project}", "--async", "--label=x=y", "--nvidia", "true").strip()
    found = person.task(task)
    assert (found["labels"], found["resources"]["gpus"]) == ({"x": "y"}, 1)
    person("task", "stop", task)


def test_the_image_is_the_tasks(person: Person, project: str) -> None:
    """`-I` is passed on as it is."""
    task = person.start(project, "-I", "registry.example.org:5000/team/image:1.2", "-r", "never=1", "true")
    assert person.task(task)["workload"]["image"] == "registry.example.org:5000/team/image:1.2"
    person("task", "stop", task)


def test_verbose_shows_the_infrastructure_too(person: Person, project: str) -> None:
    """Its entries are headed lines on standard error; standard output stays the job's."""
    done = person.run(project, "-v", "sh", "-c", "echo hello")
    assert done.stdout == b"hello\n"
    assert b"Z agent: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ([], "--project"),
        (["-p", "x"], "The command is missing"),
        (["-p", "x", "--no-such-option", "true"], "--no-such-option"),
        (["-p", "x", "-u", "/no/such/folder", "true"], "/no/such/folder"),
        (["-p", "x", "-I", "not an image", "true"], "not an image"),
    ],
)
def test_wrong_usage_ends_with_2(person: Person, arguments: list[str], says: str) -> None:
    """What is wrong is named, and nothing is started."""
    assert says in person.fails("run", *arguments, status=2)
