"""Row 2: variables stand in for `ds set server-url` and `ds login`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.program import Program

from .site import Person, Site


def test_url_username_and_password_stand_in_for_settings_and_login(site: Site, tmp_path: Path) -> None:
    """A script needs no command before the one it wants."""
    password = site.hub.command("user", "add", "bob").strip()
    program = Program.at(tmp_path, DOTSCIENCE_URL=site.hub.url, DOTSCIENCE_USERNAME="bob", DOTSCIENCE_PASSWORD=password)
    done = program("whoami")
    assert done.stdout.decode() == f"bob at {site.hub.url}\n"
    wrong = program.with_variables(DOTSCIENCE_CONFIG_DIR=str(tmp_path / "x"), DOTSCIENCE_PASSWORD="wrong")("whoami")
    assert (wrong.returncode, wrong.stderr.count(b"\n")) == (1, 1)


def test_a_token_stands_in_for_a_login_and_is_stored_nowhere(person: Person) -> None:
    """`DOTSCIENCE_TOKEN` is used and not kept."""
    assert person("whoami") == f"{person.name} at {person.site.hub.url}\n"
    assert not any(person.token.encode() in f.read_bytes() for f in person.home.rglob("*") if f.is_file())


def test_the_url_of_the_environment_wins_over_the_setting(person: Person, tmp_path: Path) -> None:
    """What is set for one command is meant for it."""
    program = Program.at(tmp_path, DOTSCIENCE_TOKEN=person.token)
    program("set", "server-url", "http://127.0.0.1:9")
    assert program.with_variables(DOTSCIENCE_URL=person.site.hub.url)("whoami").returncode == 0
