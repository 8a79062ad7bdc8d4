"""Row 3: `ds set server-url URL`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.services.process import free_port

from .site import Person


def test_the_hub_that_was_chosen_is_asked(person: Person, tmp_path: Path) -> None:
    """Nothing is printed when all is well, with or without a slash at the end."""
    program = Program.at(tmp_path, DOTSCIENCE_TOKEN=person.token)
    for url in (person.site.hub.url, person.site.hub.url + "/"):
        done = program("set", "server-url", url)
        assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
        assert program("whoami").stdout.decode() == f"{person.name} at {person.site.hub.url}\n"


@pytest.mark.parametrize("rest", ["/hub", "/services/dotscience/", "/?x=1", "/#top"])
def test_what_follows_the_host_is_refused(person: Person, tmp_path: Path, rest: str) -> None:
    """A sentence says so, exit status 2, and the old setting stays."""
    program = Program.at(tmp_path, DOTSCIENCE_TOKEN=person.token)
    program("set", "server-url", person.site.hub.url)
    done = program("set", "server-url", "https://hub.example.org" + rest)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"Error: " in done.stderr
    assert program("whoami").returncode == 0


def test_a_hub_that_is_away_is_said_and_kept(tmp_path: Path) -> None:
    """The hub may come up later."""
    program = Program.at(tmp_path, DOTSCIENCE_TOKEN="x" * 32)
    url = f"http://127.0.0.1:{free_port()}"
    done = program("set", "server-url", url)
    assert (done.returncode, done.stdout) == (0, b"")
    assert f"{url} cannot be reached" in done.stderr.decode()
    assert url in program("project", "ls").stderr.decode()
