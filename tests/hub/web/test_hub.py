"""The service in a real hub: who callers are, browsers, scopes, git, figures."""

from __future__ import annotations

import json
import re
import socket
import subprocess
from base64 import b64encode
from pathlib import Path
from urllib.parse import urlencode

import pytest
from dotscience_hub.launcher.hubconfig import ACCESS

from jupyter_dotscience.api.openapi import describe
from jupyter_dotscience.api.routes import PREFIX, Scope
from tests.formbrowser import NAVIGATE, Browser
from tests.hubprocess import Answer, RunningHub

HOME = "/services/dotscience/"
FETCH = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def alice(running_hub: RunningHub) -> tuple[str, str]:
    """Name and password of a user."""
    return "alice", running_hub.command("user", "add", "alice").strip()


@pytest.fixture
def browser(running_hub: RunningHub, alice: tuple[str, str]) -> Browser:
    """Alice's, logged in, with the service's page open."""
    browser = Browser(running_hub.url)
    assert browser.log_in(*alice).status == 302
    assert browser.visit(HOME).status == 200
    return browser


def basic(user: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + b64encode(f"{user}:{password}".encode()).decode()}


def test_a_user_s_token_in_every_form(running_hub: RunningHub, alice: tuple[str, str]) -> None:
    """Bearer, token, and Basic with the token as the password or, as some git tools do, as the user."""
    token = running_hub.token(*alice)
    forms = [{"Authorization": f"Bearer {token}"}, {"Authorization": f"token {token}"}]
    for headers in [*forms, basic("anyone", token), basic(token, ""), basic(token, "x-oauth-basic")]:
        answer = running_hub.api("GET", "/account", headers=headers)
        assert (answer.status, answer.json()["name"]) == (200, "alice")


@pytest.mark.parametrize(
    "header",
    ["Bearer nonsense", "Bearer", "Basic !!", "Negotiate x", "", "Bearer " + "A" * 52 + "====", "Bearer task-abc"],
)
def test_a_wrong_token_of_any_kind_is_a_401(running_hub: RunningHub, header: str) -> None:
    """A user's, runner's or task's, or none at all: never a login page, never an error 500."""
    answer = running_hub.api("GET", "/account", headers={"Authorization": header})
    assert (answer.status, answer.json()["code"]) == (401, "not_logged_in")
    assert "WWW-Authenticate" in answer.headers


def test_a_runner_s_token(running_hub: RunningHub) -> None:
    """With and without its padding; it opens what is a runner's, and nothing of a user's."""
    created = running_hub.api("POST", "/runners", {"name": "box"}, token=running_hub.admin_token).json()
    for token in (created["token"], created["token"].rstrip("=")):
        account = running_hub.api("GET", "/account", token=token).json()
        assert account == {"kind": "runner", "name": created["runner"]["id"], "admin": False}
    refused = running_hub.api("GET", "/projects", token=created["token"])
    assert (refused.status, refused.json()["code"]) == (403, "wrong_kind_of_token")


def test_a_narrow_token_can_do_only_its_scopes(running_hub: RunningHub, alice: tuple[str, str]) -> None:
    """A token without access to the service is refused everywhere, one without write access for writes."""
    outside = running_hub.token(*alice, scopes=["read:users!user=alice"])
    assert running_hub.api("GET", "/account", token=outside).status == 403
    reader = running_hub.token(*alice, scopes=[ACCESS, Scope.PROJECTS_READ.value])
    assert running_hub.api("GET", "/projects", token=reader).status == 200
    refused = running_hub.api("POST", "/projects", {}, token=reader)
    assert (refused.status, refused.json()["code"]) == (403, "missing_scope")


def test_a_writer_s_scope_includes_reading(running_hub: RunningHub, alice: tuple[str, str]) -> None:
    """Nobody has to ask for both."""
    writer = running_hub.token(*alice, scopes=[ACCESS, Scope.PROJECTS_WRITE.value])
    assert running_hub.api("POST", "/projects", {}, token=writer).status == 201
    assert running_hub.api("GET", "/projects", token=writer).status == 200


def test_the_page_knows_who_you_are_and_runs_nothing_inline(browser: Browser, running_hub: RunningHub) -> None:
    """After the login with JupyterHub; its style sheet is there. Where no pages were built, it says how to begin."""
    page = browser.ask("GET", HOME, **NAVIGATE)
    text = page.body.decode()
    assert "alice" in text
    assert running_hub.url in text
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]* src=)", text)
    assert "style=" not in text
    (style,) = re.findall(r'stylesheet" href="([^"]+)"', text)
    assert browser.ask("GET", style).headers["Content-Type"].startswith("text/css")


def test_a_stranger_s_browser_is_led_to_the_login(running_hub: RunningHub) -> None:
    """The page redirects; the API never does."""
    page = Browser(running_hub.url).visit(HOME)
    assert page.status == 200
    assert b'name="password"' in page.body
    assert running_hub.api("GET", "/projects", headers=FETCH).status == 401


def test_a_browser_s_fetch_needs_the_page_s_xsrf_token(browser: Browser) -> None:
    """The cookie alone is not enough for what another page could make a browser send."""
    token = browser.cookies["_xsrf", HOME]
    path, body = PREFIX + "/projects", b"{}"
    assert browser.ask("GET", path, **FETCH).status == 403
    assert browser.ask("POST", path, body, **FETCH).status == 403
    assert browser.ask("POST", path, body, Cookie2="x").status == 403
    assert browser.ask("POST", path, body, **NAVIGATE).status == 403
    cross = {"Sec-Fetch-Mode": "cors", "Sec-Fetch-Site": "cross-site"}
    assert browser.ask("POST", path, body, **cross).status == 403
    assert browser.ask("GET", path, **FETCH, **{"X-XSRFToken": token}).status == 200
    assert browser.ask("POST", path, body, **FETCH, **{"X-XSRFToken": token}).status == 201


def test_a_token_needs_no_xsrf_token(running_hub: RunningHub, alice: tuple[str, str], browser: Browser) -> None:
    """Also beside a cookie: the token speaks, and its owner is the caller."""
    admin = {"Authorization": f"Bearer {running_hub.admin_token}"}
    answer = browser.ask("POST", PREFIX + "/projects", b"{}", **admin)
    assert answer.status == 201
    assert answer.json()["owner"] == "admin"


def test_a_password_can_be_changed_on_a_page(running_hub: RunningHub) -> None:
    """The old one must be given, the new one twice; then only the new one works."""
    old = running_hub.command("user", "add", "carol").strip()
    browser = Browser(running_hub.url)
    assert browser.log_in("carol", old).status == 302
    path = "/hub/auth/change-password"
    assert browser.visit(path).status == 200

    def change(**fields: str) -> Answer:
        form = urlencode({"_xsrf": browser.cookies["_xsrf", "/hub/"], **fields}).encode()
        return browser.ask("POST", path, form, **NAVIGATE, **{"Content-Type": "application/x-www-form-urlencoded"})

    new = "correct horse battery"
    assert change(old="wrong", new=new, again=new).status == 400
    assert change(old=old, new=new, again="other").status == 400
    assert change(old=old, new="short", again="short").status == 400
    assert b"is changed" in change(old=old, new=new, again=new).body
    assert running_hub.token("carol", new)


def test_a_server_without_a_project_is_refused(running_hub: RunningHub, alice: tuple[str, str]) -> None:
    """Whoever asks for one is told to choose a project."""
    token = running_hub.token(*alice)
    assert running_hub.request("POST", "/hub/api/users/alice/server", token=token).status == 202
    said = running_hub.request("GET", "/hub/api/users/alice/server/progress", token=token).body
    assert b"Choose a project for JupyterLab." in said


def test_the_description_of_the_api_is_served(running_hub: RunningHub) -> None:
    """The same as the one made from the contract."""
    assert running_hub.api("GET", "/openapi.json").json() == json.loads(json.dumps(describe()))


def test_figures_are_for_admins(running_hub: RunningHub, alice: tuple[str, str]) -> None:
    """In Prometheus' format, with each route by its name."""
    assert running_hub.api("GET", "/metrics").status == 401
    assert running_hub.api("GET", "/metrics", token=running_hub.token(*alice)).status == 403
    running_hub.api("GET", "/projects", token=running_hub.admin_token)
    answer = running_hub.api("GET", "/metrics", token=running_hub.admin_token)
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert re.search(rb'dotscience_requests_total\{route="list_projects",status="200"\} \d', answer.body)
    for name in (b"dotscience_request_seconds_bucket", b"dotscience_runners_online", b"dotscience_log_entries_total"):
        assert name in answer.body


def test_probes_are_below_the_service_itself(running_hub: RunningHub) -> None:
    """Monitors find health, readiness and figures without knowing of the API, with the same access."""
    base = "/services/dotscience"
    assert [running_hub.request("GET", base + path).status for path in ("/health", "/ready", "/metrics")] == [
        200,
        200,
        401,
    ]
    answer = running_hub.request("GET", base + "/metrics", token=running_hub.admin_token)
    assert b"dotscience_runners_online" in answer.body


def test_readiness_names_its_parts(running_hub: RunningHub) -> None:
    """For those who watch."""
    checks = running_hub.api("GET", "/ready").json()["checks"]
    assert checks == {"database": "ok", "storage": "ok", "jupyterhub": "ok"}


def test_git_clones_by_name_with_a_token(running_hub: RunningHub, alice: tuple[str, str], tmp_path: Path) -> None:
    """The token is the password; without one, or for a stranger, git is refused."""
    token = running_hub.token(*alice)
    name = "for git"
    running_hub.api("POST", "/projects", {"name": name}, token=token)
    bob = running_hub.make_user()

    def clone(user: str, password: str, folder: str) -> subprocess.CompletedProcess[str]:
        url = running_hub.url.replace("://", f"://{user}:{password}@") + "/services/dotscience/git/for%20git"
        environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "GIT_TERMINAL_PROMPT": "0", "HOME": str(tmp_path)}
        command = ["git", "clone", url, str(tmp_path / folder)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)

    assert clone("alice", token, "mine").returncode == 0
    assert clone("alice", "wrong", "wrong").returncode != 0
    assert "not found" in clone("bob", bob, "stranger").stderr


def test_the_cookie_does_not_open_git(browser: Browser) -> None:
    """A page elsewhere must not fetch or push with a visitor's cookie."""
    answer = browser.ask("GET", "/services/dotscience/git/x/info/refs?service=git-receive-pack", **NAVIGATE)
    assert answer.status == 401


def test_no_token_is_in_any_log(running_hub: RunningHub) -> None:
    """Neither a user's, nor a runner's, nor the launcher's own."""
    created = running_hub.api("POST", "/runners", {}, token=running_hub.admin_token).json()
    running_hub.api("GET", "/account", token=created["token"])
    running_hub.api("GET", f"/account?token={running_hub.admin_token}", token=running_hub.admin_token)
    launcher = (running_hub.data_dir / "secrets" / "launcher").read_text()
    for log in (running_hub.data_dir / "logs").iterdir():
        text = log.read_text()
        assert text
        for secret in (running_hub.admin_token, created["token"], launcher, str(running_hub.password)):
            assert secret not in text


@pytest.mark.parametrize("path", ["nothing", "git/x/info/lfs/objects/batch", ""])
def test_nobody_unknown_makes_the_service_hold_a_large_body(running_hub: RunningHub, path: str) -> None:
    """What is announced as larger than any such request can be is refused before it comes (B8)."""
    port = json.loads((running_hub.data_dir / "state" / "ports.json").read_text())["service"]
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        head = f"POST /services/dotscience/{path} HTTP/1.1\r\nHost: hub\r\nContent-Length: {90 << 20}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(12) == b"HTTP/1.1 400"
