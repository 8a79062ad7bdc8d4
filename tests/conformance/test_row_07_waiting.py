"""Row 7: what `ds run` says when it has to wait, and when the job cannot run."""

from __future__ import annotations

from .site import Person
from .terminal import INTERRUPT


def test_it_says_that_it_waits_and_for_what(person: Person, project: str) -> None:
    """The label that no runner has is named."""
    with person.terminal("run", "-p", project, "-r", "site=moon", "true") as terminal:
        terminal.expect(b"Waiting for a runner with site=moon; ")
        terminal.type(INTERRUPT)
        assert terminal.end() == 130


def test_a_gpu_is_waited_for_by_name(person: Person, project: str) -> None:
    """`--nvidia` without a runner that has a GPU waits for one."""
    with person.terminal("run", "-p", project, "--nvidia", "true") as terminal:
        terminal.expect(b"Waiting for a runner with a GPU; ")
        terminal.type(INTERRUPT)
        assert terminal.end() == 130


def test_an_unknown_project_is_named(person: Person) -> None:
    """With what to do next."""
    said = person.fails("run", "-p", "no-such-project", "true")
    assert "'no-such-project'" in said
    assert "`ds project ls`" in said


def test_a_command_that_is_not_there_is_named(person: Person, project: str) -> None:
    """Exit status 127, as in a shell."""
    done = person.run(project, "no-such-command", status=127)
    assert b"Error: " in done.stderr
    assert b"no-such-command" in done.stderr


def test_an_image_that_cannot_be_had_is_named(person: Person, project: str) -> None:
    """The job fails with a clear error where images are used; where they are not, it says so."""
    done = person.run(project, "-I", "localhost:9/no/such:image", "true", status=None)
    if person.site.backend == "docker":
        assert done.returncode != 0
        assert b"Error: " in done.stderr
        assert b"localhost:9/no/such:image" in done.stderr
    else:
        assert done.returncode == 0
        assert b"no containers, its own Python was used instead of localhost:9/no/such:image\n" in done.stderr
