"""Row 11: `-e NAME` and `-e NAME=VALUE`."""

from __future__ import annotations

import pytest

from .site import Person

SHOW = "import os; print([os.environ.get(n) for n in 'ABCD'])"


def test_variables_are_set_and_passed_through(person: Person, project: str) -> None:
    """Repeatable; a value may be empty, have blanks, quotes and equals signs; the last one of a name counts."""
    ds = person.ds.with_variables(A="from here", B="not passed")
    done = ds("run", "-p", project, "-e", "A", "-e", "C=", "-eD=1", "--env", "D=x=y 'z' \"$A\"", "python3", "-c", SHOW)
    assert (
        done.stdout.decode()
        == f"{['from here', None, '', 'x=y ' + chr(39) + 'z' + chr(39) + ' ' + chr(34) + '$A' + chr(34)]}\n"
    )


def test_a_variable_that_is_not_set_here_is_an_error(person: Person, project: str) -> None:
    """It says so, and no task is made."""
    said = person.fails("run", "-p", project, "-e", "SURELY_NOT_SET", "true", status=2)
    assert "SURELY_NOT_SET is not set here; set it, or write SURELY_NOT_SET=VALUE." in said


@pytest.mark.parametrize("name", ["1A=x", "A B=x", "=x", ""])
def test_a_bad_name_is_an_error(person: Person, project: str, name: str) -> None:
    """Names are those of variables."""
    assert "is not a name" in person.fails("run", "-p", project, "-e", name, "true", status=2)
