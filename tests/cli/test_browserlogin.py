"""`ds login --web` and `--device` against a hub that plays a script: the program's own part of both."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec
import pytest
from dotscience_cli import browserlogin, devicelogin
from dotscience_cli.guard import Failure

from jupyter_dotscience.client import Client
from tests.client import script
from tests.client.script import Answer, Script, Seen

from .program import Program

TOKEN = "0123456789abcdef0123456789abcdef"
GRANT = {"token": TOKEN, "user": "wanda", "id": "a7", "expires": "2099-01-01T00:00:00Z"}
CODE = "c" * 43
BEGUN = {
    "device_code": "d" * 43,
    "user_code": "BCDF-GHJK",
    "verification_uri": "/services/dotscience/device",
    "verification_uri_complete": "/services/dotscience/device?user_code=BCDF-GHJK",
    "interval": 0.01,
    "expires_in": 600.0,
}


class Broker:
    """The hub's part."""

    def __init__(self, server: Script) -> None:
        self.url = server.url
        self.redeemed: list[dict[str, str]] = []
        self.polls: list[Answer] = []
        self.begun: dict[str, object] = dict(BEGUN)
        self.answer = script.json(GRANT)
        server.respond = self._respond

    def _respond(self, seen: Seen) -> Answer:
        if seen.target.endswith("/version"):
            return script.json({"version": "1", "api": 1, "protocol": 1})
        if seen.target.endswith("/login/token"):
            self.redeemed.append(msgspec.json.decode(seen.body))
            return self.answer
        if seen.target.endswith("/login/device"):
            return script.json(self.begun)
        if seen.target.endswith("/login/device/token"):
            return self.polls.pop(0)
        return script.problem(404, "not_found", f"There is no {seen.target}.")


@pytest.fixture
def broker(hub: Script) -> Broker:
    return Broker(hub)


@pytest.fixture
def fresh(broker: Broker, tmp_path: Path) -> Program:
    """A hub is chosen, nobody is logged in, and there is no browser."""
    program = Program.at(tmp_path / "home", DOTSCIENCE_URL=broker.url)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_TTY"):
        program.environment.pop(name, None)
    return program


@pytest.fixture
def waiting(fresh: Program) -> Iterator[subprocess.Popen[bytes]]:
    """`ds login --web`."""
    with fresh.start("login", "--web") as process:
        yield process
        process.kill()


def asked(process: subprocess.Popen[bytes]) -> dict[str, str]:
    """The parameters of the address that is shown."""
    assert process.stderr is not None
    for line in process.stderr:
        if found := re.search(rb"http://\S+", line):
            return {name: value for name, [value] in parse_qs(urlsplit(found[0].decode()).query).items()}
    raise AssertionError("no address was shown")


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def visit(address: str) -> tuple[int, str]:
    """What a browser is answered: the status, and where it is sent."""
    try:
        with urllib.request.build_opener(_Stay).open(address, timeout=30) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Location", "")


def test_the_verifier_stays_here_until_the_code_is_there(broker: Broker, waiting: subprocess.Popen[bytes]) -> None:
    """The address carries only its hash; the code is traded with it, and the browser sent to the hub's page."""
    fields = asked(waiting)
    brought = visit(f"{fields['redirect_uri']}?{urlencode({'code': CODE, 'state': fields['state']})}")
    # Not `communicate`: what was read ahead of the address' line would be lost to it.
    assert waiting.stdout is not None
    assert waiting.stderr is not None
    said, out = waiting.stderr.read(), waiting.stdout.read()
    assert (waiting.wait(30), out) == (0, b"Authenticated successfully.\n")
    assert b"for one on any other use `ds login --device`" in said
    assert brought == (303, f"{broker.url}/services/dotscience/cli/done")
    [redeemed] = broker.redeemed
    made = base64.urlsafe_b64encode(hashlib.sha256(redeemed["code_verifier"].encode()).digest())
    assert made.rstrip(b"=").decode() == fields["code_challenge"]
    assert (redeemed["code"], fields["code_challenge_method"]) == (CODE, "S256")
    assert redeemed["code_verifier"] not in str(fields)


def test_whoever_lacks_the_state_is_not_listened_to(broker: Broker, waiting: subprocess.Popen[bytes]) -> None:
    """A page elsewhere that guesses the port cannot hand in its own login, nor end the wait. Nor can one that hangs."""
    fields = asked(waiting)
    back = fields["redirect_uri"]
    port = urlsplit(back).port
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)) as babble:
        babble.sendall(b"\x16\x03\x01\r\n\r\n")
        for query in (
            "",
            "?code=evil",
            "?code=evil&state=",
            "?code=evil&state=guess",
            "?error=access_denied",
            "?state=ä",
        ):
            assert visit(back + urllib.request.quote(query, safe="?=&"))[0] == 404
        assert visit(back.replace("/callback", f"/other?code=evil&state={fields['state']}"))[0] == 404
        assert visit(f"{back}?code={CODE}&state={fields['state']}")[0] == 303
    assert waiting.wait(30) == 0
    assert [redeemed["code"] for redeemed in broker.redeemed] == [CODE]


def test_it_listens_on_loopback_alone(waiting: subprocess.Popen[bytes]) -> None:
    """The port is bound to 127.0.0.1: nobody in the network reaches it."""
    port = urlsplit(asked(waiting)["redirect_uri"]).port
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    assert [row[1] for row in rows if row[1].endswith(f":{port:04X}") and row[3] == "0A"] == [f"0100007F:{port:04X}"]
    assert f":{port:04X} " not in Path("/proc/net/tcp6").read_text()


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (script.problem(400, "invalid_grant", "This login has expired; begin again."), b"has expired; begin again"),
        (script.problem(503, "unavailable", "JupyterHub does not answer."), b"JupyterHub does not answer"),
        (Answer(200, b"<html>"), b"not as this version of Dotscience expects"),
    ],
)
def test_a_hub_that_gives_no_token(
    broker: Broker, fresh: Program, waiting: subprocess.Popen[bytes], answer: Answer, sentence: bytes
) -> None:
    """One sentence, exit status 1, nothing stored, and the browser learns it too."""
    broker.answer = answer
    fields = asked(waiting)
    brought = visit(f"{fields['redirect_uri']}?code={CODE}&state={fields['state']}")
    out, error = waiting.communicate(timeout=30)
    assert (waiting.returncode, out, sentence in error, b"Traceback" in error) == (1, b"", True, False)
    assert brought == (303, f"{broker.url}/services/dotscience/cli/failed")
    assert not list(fresh.home.rglob("*.json"))


def test_nobody_confirms_on_this_machine(broker: Broker) -> None:
    """After the time is over a sentence says what to do."""
    with Client(broker.url) as client, pytest.raises(Failure, match=r"Nobody confirmed .* `ds login --web`"):
        browserlogin.log_in(client, "laptop", open_browser=False, patience=0.05)


def test_a_hub_that_is_away_is_said_before_the_browser_opens(fresh: Program, hub: Script) -> None:
    """And no address is shown that would lead nowhere."""
    hub.respond = lambda _: Answer(0, cut=True)
    done = fresh("login", "--web")
    assert (done.returncode, done.stderr.count(b"\n"), b"cli/authorize" in done.stderr) == (1, 1, False)


def test_the_browser_is_opened(broker: Broker, fresh: Program, tmp_path: Path) -> None:
    """That of BROWSER, with the whole address; with --no-browser it is not."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > {tmp_path}/part && mv {tmp_path}/part {tmp_path}/opened\n')
    browser.chmod(0o755)
    program = fresh.with_variables(BROWSER=str(browser))
    for words in (["--no-browser"], []):
        with program.start("login", "--web", *words) as process:
            fields = asked(process)
            while words == [] and not (tmp_path / "opened").exists():
                assert process.poll() is None
            visit(f"{fields['redirect_uri']}?code={CODE}&state={fields['state']}")
            assert process.wait(30) == 0
        assert (tmp_path / "opened").exists() == (words == [])
    assert f"state={fields['state']}" in (tmp_path / "opened").read_text()


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long the program waits between its questions, without waiting."""
    found: list[float] = []
    monkeypatch.setattr(devicelogin.time, "sleep", found.append)
    return found


def pending(code: str) -> Answer:
    return script.problem(400, code, "Not yet.")


def test_the_interval_is_honoured(broker: Broker, pauses: list[float]) -> None:
    """The hub's own at first, five seconds more after each `slow_down`, twice as long when the hub is away."""
    broker.begun["interval"] = 2.0
    broker.polls = [
        pending("authorization_pending"),
        pending("slow_down"),
        pending("authorization_pending"),
        Answer(0, cut=True),
        Answer(503),
        script.json(GRANT),
    ]
    with Client(broker.url, retry_for=0) as client:
        assert devicelogin.log_in(client, "laptop").token == TOKEN
    assert pauses == [2.0, 2.0, 7.0, 7.0, 14.0, 28.0]


@pytest.mark.parametrize(
    ("code", "sentence"), [("access_denied", b"refused in the browser"), ("expired_token", b"Not yet.")]
)
def test_a_device_login_that_is_over(broker: Broker, fresh: Program, code: str, sentence: bytes) -> None:
    """Refused or expired: its own sentence, exit status 1, nothing stored."""
    broker.polls = [pending("authorization_pending"), pending(code)]
    done = fresh("login", "--device")
    assert (done.returncode, done.stdout) == (1, b"")
    assert sentence in done.stderr
    assert not list(fresh.home.rglob("*.json"))


def test_nobody_confirms_on_another_machine(broker: Broker, fresh: Program) -> None:
    """The program ends when the code does."""
    broker.begun |= {"interval": 1.0, "expires_in": 0.5}
    done = fresh("login", "--device")
    assert (done.returncode, b"`ds login --device`" in done.stderr) == (1, True)


def test_what_to_do_is_shown(broker: Broker, fresh: Program) -> None:
    """The page with the hub's address, the code, and both in one; what the hub sends cannot move the cursor."""
    broker.polls = [script.json(GRANT)]
    broker.begun["user_code"] = "BCDF-GHJK\x1b[2J"
    done = fresh("login", "--device")
    assert (done.returncode, done.stdout) == (0, b"Authenticated successfully.\n")
    assert f"  {broker.url}/services/dotscience/device\n".encode() in done.stderr
    assert b"code  BCDF-GHJK\\x1b[2J" in done.stderr
    assert f"{broker.url}/services/dotscience/device?user_code=BCDF-GHJK ".encode() in done.stderr
