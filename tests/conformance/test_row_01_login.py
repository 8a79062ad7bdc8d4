"""Row 1: `ds login USERNAME`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.cli.program import Program

from .site import Site
from .terminal import INTERRUPT, Terminal


@pytest.fixture
def fresh(site: Site, tmp_path: Path) -> Program:
    """Nobody is logged in; the hub is chosen."""
    program = Program.at(tmp_path / "home")
    assert program("set", "server-url", site.hub.url).returncode == 0
    return program


@pytest.fixture(scope="module")
def password(site: Site) -> str:
    """The password of the user `alice`."""
    return site.hub.command("user", "add", "alice").strip()


def kept(program: Program) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in program.home.rglob("*") if file.is_file()}


def test_a_person_is_asked_for_the_password_without_echo(fresh: Program, password: str) -> None:
    """`Password: ` is asked, what is typed does not appear, and `Authenticated successfully.` follows."""
    with Terminal(fresh, "login", "alice") as terminal:
        terminal.expect(b"Password: ")
        assert not terminal.echoes()
        terminal.type(password.encode() + b"\n")
        assert terminal.end() == 0
    assert terminal.seen == b"Password: \r\nAuthenticated successfully.\r\n"
    assert fresh("project", "ls").returncode == 0


def test_a_program_gives_the_password_as_one_line(fresh: Program, password: str) -> None:
    """Where standard input is no terminal nothing is asked; the first line is the password."""
    done = fresh("login", "alice", stdin=password.encode() + b"\nmore\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Authenticated successfully.\n", b"")


def test_a_token_is_stored_and_never_the_password(fresh: Program, password: str) -> None:
    """The file is readable by the user alone."""
    before = kept(fresh)
    fresh("login", "alice", stdin=password.encode())
    [made] = kept(fresh).keys() - before.keys()
    assert password.encode() not in made.read_bytes()
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.parent.stat().st_mode) == 0o700


def test_an_api_token_serves_in_place_of_the_password(site: Site, fresh: Program, password: str) -> None:
    """A token made on the hub's page logs in as well, and is the one that is kept."""
    token = site.hub.token("alice", password)
    assert fresh("login", "alice", stdin=token.encode()).returncode == 0
    assert any(token.encode() in content for content in kept(fresh).values())


@pytest.mark.parametrize("secret", ["wrong", "f" * 32, ""])
def test_a_wrong_secret_stores_nothing(fresh: Program, password: str, secret: str) -> None:
    """One clear line, exit status 1."""
    before = kept(fresh)
    done = fresh("login", "alice", stdin=secret.encode() + b"\n")
    assert (done.returncode, done.stdout, done.stderr.count(b"\n")) == (1, b"", 1)
    assert done.stderr.startswith(b"Error: ")
    assert kept(fresh) == before


def test_an_unknown_user_is_told_the_same_as_a_wrong_password(fresh: Program, password: str) -> None:
    """Who tries names learns nothing about which exist."""
    said = [fresh("login", name, stdin=b"wrong\n").stderr for name in ("alice", "nobody-of-that-name")]
    assert said[0].replace(b"alice", b"NAME") == said[1].replace(b"nobody-of-that-name", b"NAME")


def test_interrupting_the_question_stores_nothing(fresh: Program) -> None:
    """Ctrl-C at the prompt leaves with 130 and no traceback."""
    before = kept(fresh)
    with Terminal(fresh, "login", "alice") as terminal:
        terminal.expect(b"Password: ")
        terminal.settle()
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
    assert b"Traceback" not in terminal.seen
    assert kept(fresh) == before


def test_token_whoami_logout(site: Site, fresh: Program, password: str) -> None:
    """`--token` takes whoever's token it is, `whoami` says whose, and after `logout` nobody is logged in."""
    assert fresh("login", "--token", stdin=site.hub.token("alice", password).encode()).returncode == 0
    assert fresh("whoami").stdout.decode() == f"alice at {site.hub.url}\n"
    assert fresh("logout").returncode == 0
    gone = fresh("whoami")
    assert (gone.returncode, b"`ds login USERNAME`" in gone.stderr) == (1, True)


def test_the_user_name_is_needed(fresh: Program) -> None:
    """Without it the usage is told."""
    done = fresh("login")
    assert (done.returncode, b"`ds login USERNAME`" in done.stderr) == (2, True)
