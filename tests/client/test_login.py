"""Logging in, against a real JupyterHub without a proxy in front."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from jupyter_dotscience.api.problems import BadRequest, Unreachable
from jupyter_dotscience.api.routes import TOKEN_SCOPES, Scope
from jupyter_dotscience.client import login
from tests.services.process import free_port, wait_until

from . import script
from .script import Answer, Script

CONFIG = """
from jupyterhub.auth import Authenticator
from jupyterhub.proxy import Proxy

class NoProxy(Proxy):
    should_start = False
    async def add_route(self, routespec, target, data): pass
    async def delete_route(self, routespec): pass
    async def get_all_routes(self): return {{}}

class Passwords(Authenticator):
    async def authenticate(self, handler, data):
        return data["username"] if data["password"] == "pässword" else None

c = get_config()
c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.authenticator_class = Passwords
c.Authenticator.allow_all = True
c.Authenticator.any_allow_config = True
c.JupyterHub.bind_url = "http://127.0.0.1:{public}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{hub}"
c.JupyterHub.db_url = "sqlite://"
c.JupyterHub.cookie_secret_file = "{folder}/cookie"
c.JupyterHub.token_expires_in_max_seconds = {limit}
scopes = {scopes}
c.JupyterHub.services = [{{"name": "dotscience", "url": "http://127.0.0.1:{public}", "api_token": "x" * 32}}]
c.JupyterHub.custom_scopes = {{name: {{"description": name}} for name in scopes}}
c.JupyterHub.load_roles = [{{"name": "user", "scopes": ["self", "access:services!service=dotscience", *scopes]}}]
"""


@pytest.fixture(scope="module", params=[0, 3600], ids=["no-limit", "one-hour"])
def hub(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("hub")
    port = free_port()
    config = folder / "config.py"
    scopes = [scope.value for scope in Scope]
    config.write_text(CONFIG.format(public=free_port(), hub=port, folder=folder, scopes=scopes, limit=request.param))
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)], cwd=folder, stdout=log, stderr=subprocess.STDOUT
        )
        url = f"http://127.0.0.1:{port}"
        try:
            wait_until(lambda: _answers(url), process, "JupyterHub")
            yield url
        finally:
            process.terminate()
            process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/hub/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _scopes(url: str, token: str) -> set[str]:
    request = urllib.request.Request(f"{url}/hub/api/user", headers={"Authorization": f"token {token}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return set(json.load(answer)["scopes"])


def test_a_password_becomes_a_narrow_token(hub: str) -> None:
    """At the first login and at the next ones, the token may use Dotscience, start JupyterLab, and nothing else."""
    for name in ("alice", "alice", "Alice"):
        grant = login.with_password(hub, name, "pässword", note="ds on a test")
        assert grant.user == "alice"
        assert grant.expires is not None
        assert _scopes(hub, grant.token) >= {scope.replace("!user", "!user=alice") for scope in TOKEN_SCOPES}
        assert not {s for s in _scopes(hub, grant.token) if s.startswith(("tokens", "servers", "admin"))}


@pytest.mark.parametrize("name", ["alice", "nobody-yet", "..", "a/b"])
def test_a_wrong_password_is_refused(hub: str, name: str) -> None:
    """Known or not, a user with a wrong password gets one clear sentence."""
    with pytest.raises(login.WrongPassword, match="does not accept this password"):
        login.with_password(hub, name, "wrong", note="ds on a test")


def test_secrets_are_not_shown(hub: str) -> None:
    """The token is not part of what a debugger or a log shows of a grant."""
    grant = login.with_password(hub, "bob", "pässword", note="ds on a test")
    assert grant.token not in repr(grant)


@pytest.fixture
def other() -> Iterator[Script]:
    with script.serve() as made:
        yield made


def test_a_server_that_is_no_hub_is_said(other: Script) -> None:
    """A web server that knows no /hub is not blamed on the password."""
    other.play(Answer(404, b"<html>nothing here</html>"))
    with pytest.raises(Unreachable, match="there is no Dotscience"):
        login.with_password(other.url, "alice", "x", note="n")


def test_a_hub_without_dotscience_is_said(other: Script) -> None:
    """What the hub says about scopes it does not know reaches the person."""
    other.play(script.json({"status": 400, "message": "No such scopes: custom:dotscience"}, 400))
    with pytest.raises(BadRequest, match="No such scopes: custom:dotscience"):
        login.with_password(other.url, "alice", "x", note="n")
