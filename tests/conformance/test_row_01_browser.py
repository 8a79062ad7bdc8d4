"""Row 1: `ds login --web`, `ds login --device`, and `ds logout`, with people who confirm in a browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.formbrowser import Browser
from tests.hubprocess import hub

from .site import Site
from .terminal import INTERRUPT, Terminal

AUTHORIZE = "/services/dotscience/cli/authorize"
DEVICE = "/services/dotscience/device"


def without_browser(program: Program) -> Program:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "SSH_CONNECTION", "SSH_TTY"):
        program.environment.pop(name, None)
    return program


@pytest.fixture
def fresh(site: Site, tmp_path: Path) -> Program:
    """Nobody is logged in, there is no browser to open, and the hub is chosen."""
    program = without_browser(Program.at(tmp_path / "home"))
    assert program("set", "server-url", site.hub.url).returncode == 0
    return program


@pytest.fixture(scope="module")
def password(site: Site) -> str:
    """The password of the user `wanda`."""
    return site.hub.command("user", "add", "wanda").strip()


@pytest.fixture
def browser(site: Site) -> Iterator[Browser]:
    """Of somebody who is not logged in."""
    browser = Browser(site.hub.url)
    yield browser
    browser.close()


def kept(program: Program) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in program.home.rglob("*") if file.is_file()}


def address(terminal: Terminal) -> str:
    """Where `--web` sends the browser."""
    terminal.expect(b"machine=")
    terminal.expect(b"\r\n", terminal.seen.index(b"machine="))
    return re.findall(rb"\s(http://\S+machine=\S+)\s", terminal.seen)[0].decode()


def user_code(terminal: Terminal) -> str:
    """What `--device` tells to type."""
    terminal.expect(b"Waiting...")
    return re.findall(rb"type the code  ([A-Z]{4}-[A-Z]{4})\r", terminal.seen)[0].decode()


def test_web_logs_in_who_confirms_in_the_browser(site: Site, fresh: Program, password: str, browser: Browser) -> None:
    """The address leads through the hub's login to a question; after the click both sides say that it is done."""
    with Terminal(fresh, "login", "--web") as terminal:
        page = browser.visit(browser.log_in("wanda", password, address(terminal)).headers["Location"])
        assert browser.at.startswith(site.hub.url + AUTHORIZE)
        end = browser.click(page, AUTHORIZE, "allow")
        assert terminal.end() == 0
    assert b"You are logged in" in end.body
    assert terminal.seen.endswith(b"Authenticated successfully.\r\nYou are wanda.\r\n")
    assert fresh("whoami").stdout.decode() == f"wanda at {site.hub.url}\n"
    assert fresh("project", "create").returncode == 0


def test_device_logs_in_who_types_the_code_elsewhere(
    site: Site, fresh: Program, password: str, browser: Browser
) -> None:
    """The page asks for the code that the terminal shows, and shows it again with the question."""
    with Terminal(fresh, "login", "--device") as terminal:
        code = user_code(terminal)
        page = browser.visit(browser.log_in("wanda", password, DEVICE).headers["Location"])
        assert b'name="user_code"' in page.body
        page = browser.visit(f"{DEVICE}?user_code={code.lower().replace('-', '')}")
        assert code in page.body.decode()
        end = browser.click(page, DEVICE, "allow")
        assert terminal.end() == 0
    assert b"You are logged in" in end.body
    assert terminal.seen.endswith(b"Authenticated successfully.\r\nYou are wanda.\r\n")
    assert fresh("whoami").stdout.decode() == f"wanda at {site.hub.url}\n"


@pytest.mark.parametrize("way", ["--web", "--device"])
def test_who_refuses_in_the_browser_is_not_logged_in(fresh: Program, password: str, browser: Browser, way: str) -> None:
    """The terminal says so in one sentence; nothing is stored."""
    before = kept(fresh)
    with Terminal(fresh, "login", way) as terminal:
        at = address(terminal) if way == "--web" else f"{DEVICE}?user_code={user_code(terminal)}"
        page = browser.visit(browser.log_in("wanda", password, at).headers["Location"])
        end = browser.click(page, AUTHORIZE if way == "--web" else DEVICE, "refuse")
        assert terminal.end() == 1
    assert b"Not logged in" in end.body
    assert b"Error: The login was refused in the browser; nothing is stored." in terminal.seen
    assert kept(fresh) == before


@pytest.mark.parametrize(("way", "shown"), [("--web", b"machine="), ("--device", b"Waiting...")])
def test_interrupting_the_wait_stores_nothing(fresh: Program, way: str, shown: bytes) -> None:
    """Ctrl-C leaves with 130 and no traceback."""
    before = kept(fresh)
    with Terminal(fresh, "login", way) as terminal:
        terminal.expect(shown)
        terminal.settle()
        terminal.type(INTERRUPT)
        assert terminal.end() == 130
    assert b"Traceback" not in terminal.seen
    assert kept(fresh) == before


def test_another_user_in_the_browser_is_not_taken(fresh: Program, password: str, browser: Browser) -> None:
    """Who says whose login it must be gets no other."""
    before = kept(fresh)
    with Terminal(fresh, "login", "--web", "alice") as terminal:
        page = browser.visit(browser.log_in("wanda", password, address(terminal)).headers["Location"])
        browser.click(page, AUTHORIZE, "allow")
        assert terminal.end() == 1
    assert b"Error: In the browser you are wanda, not alice; nothing is stored." in terminal.seen
    assert kept(fresh) == before


def test_logout_ends_the_token(site: Site, fresh: Program, password: str) -> None:
    """It opens Dotscience no more, for whoever may have a copy of it, and also after the hub's cache is asked."""
    fresh("login", "wanda", stdin=password.encode())
    [token] = re.findall(rb'"token": "([^"]+)"', b"".join(kept(fresh).values()))
    copy = fresh.with_variables(DOTSCIENCE_TOKEN=token.decode())
    assert copy("whoami").returncode == 0
    done = fresh("logout")
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, f"Logged out of {site.hub.url}.\n", b"")
    after = copy("whoami")
    assert (after.returncode, b"ended by a logout" in after.stderr) == (1, True)


def test_in_a_remote_session_web_points_to_device(fresh: Program) -> None:
    """A browser elsewhere could not come back here."""
    done = fresh.with_variables(SSH_CONNECTION="192.0.2.1 1 192.0.2.2 22")("login", "--web")
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr == b"Error: There is no browser in this SSH session; use `ds login --device`.\n"


ELSEWHERE = """
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler


class Arrival(BaseHandler):
    async def get(self):
        user = await self.login_user({"name": "Olga"})
        self.redirect(self.get_next_url(user))


class Elsewhere(Authenticator):
    \"\"\"People come from a site that has logged them in, as with OAuth. There is nothing to give a password to.\"\"\"

    login_service = "Elsewhere"
    auto_login = True

    def login_url(self, base_url):
        return base_url + "elsewhere"

    def get_handlers(self, app):
        return [("/elsewhere", Arrival)]

    async def authenticate(self, handler, data):
        return data if handler.request.path.endswith("/elsewhere") else None


c.JupyterHub.authenticator_class = Elsewhere
c.Authenticator.allow_all = True
"""


def test_a_hub_whose_people_log_in_elsewhere(tmp_path: Path) -> None:
    """A first visit by `--web` and by `--device` makes the user known; a password is refused with the way to go."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "jupyterhub_config.py").write_text(ELSEWHERE)
    with hub(data, "--no-runner") as running:
        program = without_browser(Program.at(tmp_path / "home", DOTSCIENCE_URL=running.url))
        refused = program("login", "olga", stdin=b"some password\n")
        assert (refused.returncode, b"`ds login --web`" in refused.stderr) == (1, True)
        for way in ("--web", "--device"):
            browser = Browser(running.url)
            with Terminal(program, "login", way) as terminal:
                at = address(terminal) if way == "--web" else f"{DEVICE}?user_code={user_code(terminal)}"
                browser.click(browser.visit(at), AUTHORIZE if way == "--web" else DEVICE, "allow")
                assert terminal.end() == 0
            browser.close()
            assert program("whoami").stdout.decode() == f"olga at {running.url}\n"
            [token] = re.findall(rb'"token": "([^"]+)"', b"".join(kept(program).values()))
            assert token not in (tmp_path / "data.log").read_bytes()
            assert program("logout").returncode == 0
