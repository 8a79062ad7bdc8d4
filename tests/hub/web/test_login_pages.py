"""The pages that confirm a login of `ds`: nothing but a click of the right person makes a token."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from jupyter_dotscience.api.routes import TOKEN_SCOPES
from tests.formbrowser import FORM, NAVIGATE, Browser, hidden_fields
from tests.hubprocess import Answer, RunningHub, hub, require_proxy

AUTHORIZE = "/services/dotscience/cli/authorize"
DEVICE = "/services/dotscience/device"
BACK = "http://127.0.0.1:9/callback"
STATE = "s" * 43
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
LINK = {
    "redirect_uri": BACK,
    "state": STATE,
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
    "machine": "laptop",
}


def link(**changes: str) -> str:
    return f"{AUTHORIZE}?{urlencode(LINK | changes)}"


@pytest.fixture(scope="module")
def walter(running_hub: RunningHub) -> tuple[str, str]:
    """Name and password of a user."""
    return "walter", running_hub.command("user", "add", "walter").strip()


@pytest.fixture
def browser(running_hub: RunningHub, walter: tuple[str, str]) -> Iterator[Browser]:
    """Walter's, logged in to the service."""
    browser = Browser(running_hub.url)
    browser.log_in(*walter)
    browser.visit("/services/dotscience/")
    yield browser
    browser.close()


def allow(browser: Browser, page: Answer, path: str = AUTHORIZE) -> Answer:
    return browser.submit(path, hidden_fields(page) | {"decision": "allow"})


def code_of(answer: Answer) -> str:
    """The code with which the browser is sent back."""
    assert answer.status == 303
    address = urlsplit(answer.headers["Location"])
    assert f"{address.scheme}://{address.netloc}{address.path}" == BACK
    fields = parse_qs(address.query)
    assert fields.pop("state") == [STATE]
    [code] = fields.pop("code")
    assert not fields
    return code


def redeem(hub: RunningHub, code: str, verifier: str = VERIFIER) -> Answer:
    return hub.api("POST", "/login/token", {"code": code, "code_verifier": verifier})


def begin(hub: RunningHub, machine: str = "laptop") -> Any:
    return hub.api("POST", "/login/device", {"machine": machine}).json()


def poll(hub: RunningHub, begun: Any) -> Answer:
    return hub.api("POST", "/login/device/token", {"device_code": begun["device_code"]})


def tokens(hub: RunningHub, name: str) -> list[Any]:
    answer = hub.request("GET", f"/hub/api/users/{name}/tokens", token=hub.admin_token)
    return list(answer.json()["api_tokens"])


def test_the_token_is_like_that_of_a_password(running_hub: RunningHub, browser: Browser) -> None:
    """Dotscience, and of the hub one's own JupyterLab; for thirty days, with the machine's name in its note."""
    made = redeem(running_hub, code_of(allow(browser, browser.visit(link(machine="Walter's laptop"))))).json()
    [shown] = [token for token in tokens(running_hub, "walter") if token["id"] == made["id"]]
    assert shown["note"] == "ds on Walter's laptop"
    assert {scope.replace("!user", "!user=walter") for scope in TOKEN_SCOPES} <= set(shown["scopes"])
    assert not {scope for scope in shown["scopes"] if "tokens" in scope or scope.startswith(("servers", "admin"))}
    days = (dt.datetime.fromisoformat(made["expires"]) - dt.datetime.now(dt.UTC)) / dt.timedelta(days=1)
    assert 29 < days <= 30
    assert running_hub.api("GET", "/account", token=made["token"]).json()["name"] == made["user"] == "walter"
    assert running_hub.api("POST", "/projects", {}, token=made["token"]).status == 201


def test_the_token_cannot_make_or_end_tokens(running_hub: RunningHub, browser: Browser) -> None:
    """Who finds it on a disk has no way to a stronger one."""
    made = redeem(running_hub, code_of(allow(browser, browser.visit(link())))).json()
    path = "/hub/api/users/walter/tokens"
    assert running_hub.request("POST", path, {"note": "more"}, token=made["token"]).status in (403, 404)
    assert running_hub.request("DELETE", f"{path}/{made['id']}", token=made["token"]).status in (403, 404)


def test_a_code_serves_once_and_to_its_program_alone(running_hub: RunningHub, browser: Browser) -> None:
    """A second use and a wrong verifier get the same answer, and no token is made for them."""
    page = browser.visit(link())
    used, stolen = code_of(allow(browser, page)), code_of(allow(browser, page))
    assert redeem(running_hub, used).status == 200
    before = len(tokens(running_hub, "walter"))
    tries = [redeem(running_hub, used), redeem(running_hub, stolen, "w" * 43), redeem(running_hub, stolen)]
    assert {(answer.status, answer.json()["code"]) for answer in tries} == {(400, "invalid_grant")}
    assert len(tokens(running_hub, "walter")) == before


def test_looking_at_the_question_allows_nothing(browser: Browser) -> None:
    """It takes the click: opening the link sends the browser nowhere."""
    page = browser.visit(link())
    assert page.status == 200
    assert browser.at.endswith(link())


def test_the_question_cannot_be_framed_and_runs_no_script(browser: Browser) -> None:
    """So that no other page can lay itself over the button. The form may lead to the program alone."""
    policy = browser.visit(link()).headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://127.0.0.1:9" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    "uri", ["https://evil.example/", "http://127.0.0.1@evil.example/", "http://localhost:8000/", "javascript:alert(1)"]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_elsewhere_is_refused_with_a_sentence(browser: Browser, uri: str, method: str) -> None:
    """Neither the question nor the answer sends a browser, or a code, to another machine."""
    page = browser.visit(link())
    fields = hidden_fields(page) | {"redirect_uri": uri, "decision": "allow"}
    answer = browser.visit(link(redirect_uri=uri)) if method == "GET" else browser.submit(AUTHORIZE, fields)
    assert answer.status == 400
    assert "Location" not in answer.headers
    assert b"not on this machine" in answer.body


def test_who_is_not_logged_in_is_not_redirected_elsewhere_either(running_hub: RunningHub) -> None:
    """The check comes before the login."""
    answer = Browser(running_hub.url).visit(link(redirect_uri="https://evil.example/"))
    assert (answer.status, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("path", [AUTHORIZE, DEVICE])
def test_another_page_cannot_click(running_hub: RunningHub, browser: Browser, path: str) -> None:
    """Without the form's own token, with one of somebody else, or from another site: no code, no confirmation."""
    begun = begin(running_hub)
    page = browser.visit(link() if path == AUTHORIZE else f"{DEVICE}?user_code={begun['user_code']}")
    fields = hidden_fields(page) | {"decision": "allow"}
    own = fields.pop("_xsrf")
    cross = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}
    for sent, headers in [
        (fields, NAVIGATE),
        (fields | {"_xsrf": own[:-3] + "AAA"}, NAVIGATE),
        (fields, cross),
        (fields, {}),
    ]:
        answer = browser.ask("POST", path, urlencode(sent).encode(), **headers, **FORM)
        assert (answer.status, "Location" in answer.headers) in ((401, False), (403, False))
    assert poll(running_hub, begun).json()["code"] == "authorization_pending"


@pytest.mark.parametrize("path", [AUTHORIZE, DEVICE])
def test_a_token_cannot_click(running_hub: RunningHub, path: str) -> None:
    """Otherwise a narrow token could be made into a wide one."""
    begun = begin(running_hub)
    fields = urlencode(LINK | {"decision": "allow", "user_code": begun["user_code"]}).encode()
    answer = running_hub.request("POST", path, fields, token=running_hub.admin_token, headers=FORM)
    assert (answer.status, "Location" in answer.headers) == (403, False)
    assert poll(running_hub, begun).json()["code"] == "authorization_pending"


def test_whoever_logged_out_cannot_click(browser: Browser) -> None:
    """The page says so; it does not send the click through a login."""
    page = browser.visit(link())
    browser.cookies = {key: value for key, value in browser.cookies.items() if key[0] == "_xsrf"}
    answer = allow(browser, page)
    assert (answer.status, "Location" in answer.headers) == (401, False)


def test_names_of_machines_are_shown_as_text(running_hub: RunningHub, browser: Browser) -> None:
    """Anybody chooses them."""
    machine = "<b onclick=x>'\"&amp;\u202e"
    begun = begin(running_hub, machine)
    for page in (browser.visit(link(machine=machine)), browser.visit(f"{DEVICE}?user_code={begun['user_code']}")):
        assert page.status == 200
        assert b"<b onclick" not in page.body
        assert b"&lt;b onclick=x&gt;" in page.body


def test_a_device_login_ends_in_a_token(running_hub: RunningHub, browser: Browser) -> None:
    """Pending, then confirmed, then over."""
    begun = begin(running_hub)
    assert poll(running_hub, begun).json()["code"] == "authorization_pending"
    assert poll(running_hub, begun).json()["code"] == "slow_down"
    page = browser.visit(begun["verification_uri_complete"])
    assert begun["user_code"].encode() in page.body
    assert allow(browser, page, DEVICE).status == 303
    made = poll(running_hub, begun).json()
    assert running_hub.api("GET", "/account", token=made["token"]).json()["name"] == "walter"
    assert poll(running_hub, begun).json()["code"] == "expired_token"


def test_a_second_click_is_no_second_decision(running_hub: RunningHub, browser: Browser) -> None:
    """It shows what came of the first, whichever button it was; for anybody else there is nothing to decide."""
    begun = begin(running_hub)
    page = browser.visit(begun["verification_uri_complete"])
    fields = hidden_fields(page)
    ends = [browser.submit(DEVICE, fields | {"decision": each}).headers["Location"] for each in ("refuse", "allow")]
    assert ends == ["/services/dotscience/cli/failed"] * 2
    other = Browser(running_hub.url)
    other.log_in("winnie", running_hub.command("user", "add", "winnie").strip())
    assert other.visit(begun["verification_uri_complete"]).status == 400
    other.close()
    assert poll(running_hub, begun).json()["code"] == "access_denied"


def test_guessing_codes_is_slowed_down(running_hub: RunningHub) -> None:
    """After ten wrong ones a right one is not looked at either, for this user."""
    guesser = Browser(running_hub.url)
    guesser.log_in("gus", running_hub.command("user", "add", "gus").strip())
    begun = begin(running_hub)
    for guess in range(10):
        assert b"No login waits" in guesser.visit(f"{DEVICE}?user_code=XXXX-XXX{guess}").body
    assert b"Too many wrong codes" in guesser.visit(f"{DEVICE}?user_code={begun['user_code']}").body
    guesser.close()
    assert poll(running_hub, begun).json()["code"] == "authorization_pending"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/login/token", {"code": "short", "code_verifier": VERIFIER}),
        ("/login/token", {"code": "c" * 43, "code_verifier": "v" * 42}),
        ("/login/token", {"code": "c" * 43}),
        ("/login/device", {"machine": ""}),
        ("/login/device", {"machine": "a\u0000b"}),
        ("/login/device", {"machine": "m" * 101}),
        ("/login/device/token", {"device_code": ["c" * 43]}),
        ("/login/revoke", {"token": "two words"}),
        ("/login/revoke", {"token": "t" * 1001}),
    ],
)
def test_malformed_requests_are_refused(running_hub: RunningHub, path: str, body: Any) -> None:
    """By the contract, with a sentence."""
    answer = running_hub.api("POST", path, body)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")


def test_a_revoked_token_stays_so(running_hub: RunningHub, walter: tuple[str, str]) -> None:
    """At once though JupyterHub's answer about it is remembered, in every form; revoking again is no error."""
    token = running_hub.token(*walter)
    assert running_hub.api("GET", "/account", token=token).status == 200
    for _ in range(2):
        assert running_hub.api("POST", "/login/revoke", {"token": token}).status == 204
    basic = "Basic " + base64.b64encode(f"git:{token}".encode()).decode()
    for header in (f"Bearer {token}", f"token {token}", basic):
        answer = running_hub.api("GET", "/account", headers={"Authorization": header})
        assert (answer.status, "ended by a logout" in answer.json()["message"]) == (401, True)


WITHOUT_TOKENS = """
for service in c.JupyterHub.services:
    if service["name"] == "dotscience":
        service["oauth_client_allowed_scopes"].remove("tokens!user")
"""


def test_a_hub_that_does_not_let_the_service_make_tokens(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Who configured it without `tokens!user` is told so. What was revoked stays so over a restart."""
    require_proxy()
    folder = tmp_path_factory.mktemp("strict") / "data"
    folder.mkdir()
    (folder / "jupyterhub_config.py").write_text(WITHOUT_TOKENS)
    with hub(folder, "--no-runner") as strict:
        password = strict.command("user", "add", "walter").strip()
        browser = Browser(strict.url)
        browser.log_in("walter", password)
        answer = redeem(strict, code_of(allow(browser, browser.visit(link()))))
        browser.close()
        assert (answer.status, "`tokens!user`" in answer.json()["message"]) == (403, True)
        token = strict.token("walter", password)
        assert strict.api("POST", "/login/revoke", {"token": token}).status == 204
    with hub(folder, "--no-runner") as strict:
        assert strict.api("GET", "/account", token=token).status == 401
