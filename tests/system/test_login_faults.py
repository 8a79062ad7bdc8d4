"""Logins through a browser while the service is killed in the middle of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import hubprocess
from tests.cli.program import Program
from tests.formbrowser import Browser
from tests.hubprocess import RunningHub

from .lab import wait_for
from .test_faults import kill, part

pytestmark = pytest.mark.slow
AUTHORIZE = "/services/dotscience/cli/authorize"


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub without a runner that may be hurt."""
    hubprocess.require_proxy()
    with hubprocess.hub(tmp_path_factory.mktemp("logins") / "data", "--no-runner") as running:
        yield running


@pytest.fixture
def program(hub: RunningHub, tmp_path: Path) -> Program:
    """Of somebody who is not logged in."""
    made = Program.at(tmp_path / "home", DOTSCIENCE_URL=hub.url)
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_TTY"):
        made.environment.pop(name, None)
    return made


def shown(errors: Iterator[bytes], pattern: bytes) -> str:
    """What the program shows where the pattern's group is."""
    return next(found[1].decode() for line in errors if (found := re.search(pattern, line)))


def kill_service(hub: RunningHub) -> None:
    """By kill -9; back when JupyterHub has started it again."""
    kill(part(hub, "dotscience_hub"))
    wait_for(lambda: hub.api("GET", "/ready").status == 200, "the service")


def test_the_service_killed_before_the_click(hub: RunningHub, program: Program) -> None:
    """The question that was open stays good: nothing is remembered of it but what the page holds."""
    password = hub.command("user", "add", "willa").strip()
    browser = Browser(hub.url)
    with program.start("login", "--web") as process:
        assert process.stderr is not None
        address = shown(iter(process.stderr), rb"(http://\S+)")
        page = browser.visit(browser.log_in("willa", password, address).headers["Location"])
        kill_service(hub)
        assert b"You are logged in" in browser.click(page, AUTHORIZE, "allow").body
        assert process.wait(60) == 0
    browser.close()
    assert program("whoami").returncode == 0


def test_the_service_killed_while_a_machine_waits(hub: RunningHub, program: Program) -> None:
    """Its code is lost with the service; the program bridges the restart and says how to go on."""
    with program.start("login", "--device") as process:
        assert process.stderr is not None
        errors = iter(process.stderr)
        assert shown(errors, rb"(Waiting)")
        kill_service(hub)
        assert process.wait(60) == 1
        rest = b"".join(errors)
    assert rest == b"Error: This login has expired; begin again with `ds login --device`.\n"
    assert not list(program.home.rglob("*.json"))


def test_a_logout_holds_over_a_kill(hub: RunningHub, program: Program) -> None:
    """The token was ended before `ds logout` said so."""
    token = hub.token("wilma", hub.command("user", "add", "wilma").strip())
    assert hub.api("POST", "/login/revoke", {"token": token}).status == 204
    kill_service(hub)
    assert hub.api("GET", "/account", token=token).status == 401
