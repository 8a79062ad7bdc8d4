"""`ds set server-url`, `ds login`, `ds logout`, `ds whoami`, and the environment that stands in for them."""

from __future__ import annotations

import os
import pty
from pathlib import Path

import msgspec
import pytest

from jupyter_dotscience.api.account import Account, Principal
from jupyter_dotscience.api.projects import ProjectList
from tests.client import script
from tests.client.script import Answer, Script, Seen
from tests.services.process import free_port

from .program import COMMAND, Program

PASSWORD = "open sesame"
TOKEN = "0123456789abcdef0123456789abcdef"


class LoginHub:
    """JupyterHub's part of logging in, and whoever holds the token."""

    def __init__(self, server: Script) -> None:
        self.granted = 0
        self.revoked: list[str] = []
        server.respond = self._respond

    def _respond(self, seen: Seen) -> Answer:
        if seen.target.endswith("/tokens"):
            return self._tokens(seen)
        if seen.target.startswith("/hub/"):
            return Answer(200, b'<input name="password">')
        if seen.target.endswith("/login/revoke"):
            self.revoked.append(msgspec.json.decode(seen.body)["token"])
            return Answer(204)
        return self._dotscience(seen)

    def _dotscience(self, seen: Seen) -> Answer:
        if seen.headers.get("Authorization") != f"Bearer {TOKEN}":
            return script.problem(401, "not_logged_in", "The token is wrong or has expired.")
        if "/account" in seen.target:
            return script.json(Account(kind=Principal.USER, name="alice", admin=False))
        if "/version" in seen.target:
            return script.json({"version": "1", "api": 1, "protocol": 1})
        return script.json(ProjectList(items=[]))

    def _tokens(self, seen: Seen) -> Answer:
        if msgspec.json.decode(seen.body).get("auth") != {"username": "alice", "password": PASSWORD}:
            return script.json({"status": 403, "message": "Forbidden"}, 403)
        self.granted += 1
        return script.json({"token": TOKEN, "user": "alice", "id": "a1", "expires_at": "2099-01-01T00:00:00Z"}, 201)


@pytest.fixture
def login_hub(hub: Script) -> LoginHub:
    return LoginHub(hub)


@pytest.fixture
def fresh(hub: Script, login_hub: LoginHub, tmp_path: Path) -> Program:
    """A hub is chosen, nobody is logged in."""
    program = Program.at(tmp_path / "home")
    assert program("set", "server-url", hub.url).returncode == 0
    return program


def stored(program: Program) -> bytes:
    return b"".join(file.read_bytes() for file in program.home.rglob("*") if file.is_file())


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN])
def test_login_from_a_pipe(fresh: Program, secret: str) -> None:
    """Password and API token are accepted alike; a token is stored, the password never."""
    done = fresh("login", "alice", stdin=secret.encode() + b"\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"Authenticated successfully.\n", b"")
    assert fresh("whoami").stdout.startswith(b"alice at http://127.0.0.1:")
    assert TOKEN.encode() in stored(fresh)
    assert PASSWORD.encode() not in stored(fresh)


def test_login_on_a_terminal_echoes_nothing(fresh: Program) -> None:
    """The prompt is `Password: `, and what is typed does not appear."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(COMMAND[0], [*COMMAND, "login", "alice"], fresh.environment)
    seen = b""
    while b"Password: " not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, PASSWORD.encode() + b"\n")
    try:
        while piece := os.read(terminal, 1000):
            seen += piece
    except OSError:
        pass  # Linux reports the end of a pseudo-terminal as EIO
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert b"Authenticated successfully." in seen
    assert PASSWORD.encode() not in seen


@pytest.mark.parametrize("stdin", [b"wrong\n", b"\n", b"", b"\xff\n", b"f" * 40])
def test_a_wrong_password_stores_nothing(fresh: Program, stdin: bytes) -> None:
    """One clear line, exit status 1, no file."""
    before = stored(fresh)
    done = fresh("login", "alice", stdin=stdin)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"Error: ")
    assert done.stderr.count(b"\n") == 1
    assert stored(fresh) == before


def test_a_token_of_another_user_is_refused(fresh: Program) -> None:
    """`ds login bob` with alice's token does not make bob of alice; --token takes whoever it is."""
    refused = fresh("login", "bob", stdin=TOKEN.encode())
    assert (refused.returncode, b"that of alice, not of bob" in refused.stderr) == (1, True)
    assert fresh("login", "--token", stdin=TOKEN.encode()).returncode == 0


def test_logout_forgets(fresh: Program, login_hub: LoginHub) -> None:
    """The token is ended at the hub and gone from the disk, and the next command says how to log in."""
    fresh("login", "alice", stdin=PASSWORD.encode())
    done = fresh("logout")
    assert (done.returncode, done.stderr, login_hub.revoked) == (0, b"", [TOKEN])
    assert TOKEN.encode() not in stored(fresh)
    done = fresh("project", "ls")
    assert done.returncode == 1
    assert b"not logged in" in done.stderr
    assert b"`ds login USERNAME`" in done.stderr


def test_logout_leaves_a_token_that_was_brought(fresh: Program, login_hub: LoginHub) -> None:
    """Who made it may use it elsewhere too; that is said, and where to end it."""
    fresh("login", "--token", stdin=TOKEN.encode())
    done = fresh("logout")
    assert (done.returncode, login_hub.revoked) == (0, [])
    assert b"stays valid" in done.stderr
    assert b"/hub/token" in done.stderr
    assert TOKEN.encode() not in stored(fresh)


def test_logout_while_the_hub_is_away(fresh: Program, hub: Script) -> None:
    """The token is forgotten here all the same, and that it could not be ended is said."""
    fresh("login", "alice", stdin=PASSWORD.encode())
    hub.respond = lambda _: Answer(503)
    done = fresh("logout")
    assert done.returncode == 0
    assert b"could not be ended" in done.stderr
    assert b"/hub/token" in done.stderr
    assert done.stderr.count(b"\n") == 1
    assert TOKEN.encode() not in stored(fresh)


def test_a_login_that_cannot_be_stored_is_ended(fresh: Program, login_hub: LoginHub) -> None:
    """Nobody would know its token; it shall not live on for a month."""
    (fresh.home / "logins").write_bytes(b"a file where the folder should be")
    done = fresh("login", "alice", stdin=PASSWORD.encode())
    assert (done.returncode, done.stdout, login_hub.revoked) == (1, b"", [TOKEN])


def test_a_hub_without_passwords_is_said(fresh: Program, hub: Script) -> None:
    """Its login page asks for none, or leads elsewhere; what to do is told."""
    for page in (Answer(200, b"<a>Sign in with Elsewhere</a>"), Answer(302, headers={"Location": "https://x.invalid"})):
        hub.respond = lambda seen, page=page: (  # type: ignore[misc]
            page if seen.target == "/hub/login" else script.json({"status": 403, "message": "Forbidden"}, 403)
        )
        done = fresh("login", "alice", stdin=PASSWORD.encode())
        assert (done.returncode, done.stdout) == (1, b"")
        assert b"`ds login --web`" in done.stderr


@pytest.mark.parametrize(
    "words", [["--web", "--device"], ["--web", "--token"], ["--device", "--no-browser"], ["alice", "--no-browser"]]
)
def test_ways_that_exclude_each_other(fresh: Program, words: list[str]) -> None:
    """Wrong usage is exit status 2, and nothing is asked."""
    done = fresh("login", *words)
    assert (done.returncode, done.stdout, b"Error: " in done.stderr) == (2, b"", True)


def test_the_environment_stands_in(hub: Script, login_hub: LoginHub, tmp_path: Path) -> None:
    """With URL, name and password in the environment, commands work, and log in once."""
    program = Program.at(
        tmp_path / "home", DOTSCIENCE_URL=hub.url, DOTSCIENCE_USERNAME="alice", DOTSCIENCE_PASSWORD=PASSWORD
    )
    assert [program("project", "ls", "-q").returncode for _ in range(2)] == [0, 0]
    assert login_hub.granted == 1
    wrong = program.with_variables(DOTSCIENCE_CONFIG_DIR=str(tmp_path / "other"), DOTSCIENCE_PASSWORD="no")
    done = wrong("project", "ls")
    assert (done.returncode, b"does not accept this password" in done.stderr) == (1, True)


def test_an_expired_or_revoked_login_is_said(fresh: Program) -> None:
    """Each has its own sentence, with what to do."""
    fresh("login", "alice", stdin=PASSWORD.encode())
    revoked = fresh.with_variables(DOTSCIENCE_TOKEN="f" * 32)("project", "ls")
    [file] = (fresh.home / "logins").iterdir()
    known = msgspec.json.decode(file.read_bytes())
    file.write_bytes(msgspec.json.encode(known | {"expires": 1.0}))
    expired = fresh("project", "ls")
    assert b"wrong or has expired" in revoked.stderr
    assert b"`ds login" in revoked.stderr
    assert b"has expired. Log in again with `ds login alice`" in expired.stderr
    assert (revoked.returncode, expired.returncode) == (1, 1)


@pytest.mark.parametrize("url", ["hub.example.org", "https://hub.example.org/jupyter", "https://a:b@hub", "ftp://hub"])
def test_a_bad_server_url_is_refused(fresh: Program, url: str) -> None:
    """Scheme and host only; what was chosen before stays."""
    before = stored(fresh)
    done = fresh("set", "server-url", url)
    assert done.returncode == 2
    assert b"Error: " in done.stderr
    assert stored(fresh) == before


def test_an_unreachable_server_url_is_kept(fresh: Program) -> None:
    """It is said that nobody answers, and kept: the hub may come up later."""
    url = f"http://127.0.0.1:{free_port()}"
    done = fresh("set", "server-url", url)
    assert done.returncode == 0
    assert f"{url} cannot be reached".encode() in done.stderr
    assert url.encode() in stored(fresh)
    away = fresh.with_variables(DOTSCIENCE_TOKEN="x")("project", "ls")
    assert (away.returncode, away.stderr.count(b"\n"), url.encode() in away.stderr) == (1, 1, True)


def test_without_a_hub_the_first_step_is_told(tmp_path: Path) -> None:
    """A fresh installation says how to begin."""
    done = Program.at(tmp_path)("project", "ls")
    assert (done.returncode, b"`ds set server-url https://HUB`" in done.stderr) == (1, True)


def test_a_password_in_clear_is_warned_of(tmp_path: Path) -> None:
    """Before anything is sent over plain HTTP to another machine, it is said once."""
    program = Program.at(tmp_path, DOTSCIENCE_URL="http://hub.invalid")
    done = program("login", "alice", stdin=b"secret\n")
    assert done.returncode == 1
    assert done.stderr.count(b"not encrypted") == 1
