"""Row 22: `ds project inspect PROJECT` and `ds project rm PROJECT`."""

from __future__ import annotations

import pytest

from .site import Person


def test_inspect_is_a_json_array_of_one(person: Person, other: Person) -> None:
    """By name, id, or the beginning of an id."""
    project = person.project()
    [found] = person.json("project", "inspect", project)
    assert (found["name"], found["owner"], found["role"]) == (project, person.name, "owner")
    for ref in (found["id"], found["id"][:-1]):
        assert person.json("project", "inspect", ref) == [found]
    assert f"'{project}'" in other.fails("project", "inspect", project)


@pytest.mark.parametrize(("answer", "gone"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x03", False)])
def test_on_a_terminal_it_asks_before_it_deletes(person: Person, answer: bytes, gone: bool) -> None:
    """Only `y` deletes; the question names the project and its id."""
    project = person.project()
    [known] = person.json("project", "inspect", project)
    with person.terminal("project", "rm", project) as terminal:
        terminal.expect(f"Delete project {project} ({known['id']})".encode())
        terminal.expect(b"[y/N]: ")
        terminal.settle()
        terminal.type(answer)
        assert (terminal.end() == 0) is gone
    assert b"Traceback" not in terminal.seen
    assert (project not in person("project", "ls", "-q")) is gone


def test_with_force_it_does_not_ask(person: Person) -> None:
    """Nor in a script, where nobody could answer."""
    first, second = person.project(), person.project()
    [known] = person.json("project", "inspect", first)
    with person.terminal("project", "rm", "--force", first) as terminal:
        assert terminal.end() == 0
    assert terminal.seen.decode() == f"{known['id']}\r\n"
    person("project", "rm", second)
    assert not {first, second} & set(person("project", "ls", "-q").splitlines())


def test_only_the_owner_may_delete(person: Person, other: Person) -> None:
    """Whom it is shared with is refused with a sentence."""
    project = person.project()
    person("project", "share", project, other.name)
    assert other.fails("project", "rm", project).startswith("Error: ")
    assert project in person("project", "ls", "-q")
