"""``ds login --web``: a browser on this machine, which comes back to a listener on the loopback interface.

RFC 8252, section 7.3, with PKCE (RFC 7636). What the browser brings is a code that serves once, soon, and only to who
knows the verifier, which never leaves this process but to the hub.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import queue
import secrets
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlencode, urlsplit

from .guard import Failure, say

if TYPE_CHECKING:
    from jupyter_dotscience.api.logins import LoginGrant
    from jupyter_dotscience.client import Client

PATIENCE = 600.0
"""Seconds that a person has to confirm, a login at the hub and its second factor included."""
_CALLBACK = "/callback"
_LAST_ANSWER = 5.0
"""Seconds that the browser has to fetch where to go, when all is done."""


def log_in(client: Client, machine: str, *, open_browser: bool = True, patience: float = PATIENCE) -> LoginGrant:
    """A token, once somebody has confirmed it in a browser on this machine.

    Args:
        client: Of the hub, without a token.
        machine: What this machine calls itself.
        open_browser: False to print the address only.
        patience: Seconds to wait.

    Raises:
        Failure: refused, or nobody confirmed in time.
        DotscienceError: the hub refuses, or cannot be reached.
    """
    from jupyter_dotscience.api.logins import OUTCOME_PAGES, CodeRedeem

    client.get_version()  # A hub that is away is said here, and not by the browser.
    verifier = secrets.token_urlsafe(48)
    with _Listener.running() as listener:
        _show(_address(client.url, listener, verifier, machine), open_browser=open_browser)
        answer = listener.wait(patience)
        succeeded = False
        try:
            grant = client.redeem_login_code(CodeRedeem(code=_code(answer), code_verifier=verifier))
            succeeded = True
            return grant
        finally:
            listener.finish(client.url + OUTCOME_PAGES[succeeded])


def has_browser() -> bool:
    """Whether a window can be opened here. A browser in the terminal does not count: it would take the terminal."""
    return sys.platform in ("darwin", "win32") or _has_display()


def is_remote() -> bool:
    """Whether the person sits at another machine, whose browser cannot come back to this one."""
    return bool(os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY")) and not _has_display()


def _has_display() -> bool:
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _address(hub: str, listener: _Listener, verifier: str, machine: str) -> str:
    from jupyter_dotscience.api.logins import AUTHORIZE_PAGE

    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    fields = {
        "redirect_uri": f"http://127.0.0.1:{listener.server_port}{_CALLBACK}",
        "state": listener.state,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
        "machine": machine,
    }
    return f"{hub}{AUTHORIZE_PAGE}?{urlencode(fields)}"


def _show(address: str, *, open_browser: bool) -> None:
    say(f"Confirm the login in your browser:\n\n  {address}\n")
    if not has_browser():
        say("The browser must be on this machine; for one on any other use `ds login --device`.")
    elif open_browser:
        import webbrowser

        # Some browsers return when their window is closed.
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _code(answer: dict[str, str]) -> str:
    if answer.get("error") == "access_denied":
        raise Failure("The login was refused in the browser; nothing is stored.")
    if not answer.get("code"):
        raise Failure("The browser brought no code; begin again with `ds login --web`.")
    return answer["code"]


class _Listener(ThreadingHTTPServer):
    """Where the browser comes back to.

    Attributes:
        state: What the browser must bring, so that no other page can hand us another person's login.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Visit)
        self.state = secrets.token_urlsafe(32)
        self._answers: queue.Queue[dict[str, str]] = queue.Queue()
        self._next = ""
        self._done = threading.Event()
        self._told = threading.Event()

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[_Listener]:
        """A listener, for the time of the block."""
        with cls() as listener:
            thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield listener
            finally:
                listener.shutdown()

    def wait(self, patience: float) -> dict[str, str]:
        """What the browser brings.

        Raises:
            Failure: nothing, in time.
        """
        try:
            return self._answers.get(timeout=patience)
        except queue.Empty:
            raise Failure(
                f"Nobody confirmed the login within {patience / 60:.0f} minutes; begin again with `ds login --web`."
            ) from None

    def finish(self, address: str) -> None:
        """Send the browser, which waits, to a page that says how it went."""
        self._next = address
        self._done.set()
        self._told.wait(_LAST_ANSWER)

    def receive(self, answer: dict[str, str], send_on: Callable[[str], None]) -> None:
        """The browser is here with an answer; called on its thread."""
        self._answers.put(answer)
        self._done.wait()
        send_on(self._next)
        self._told.set()

    def handle_error(self, request: object, client_address: object) -> None:
        """A visitor who went away is no news."""


class _Visit(BaseHTTPRequestHandler):
    """One request. Whoever does not bring the state is nobody we wait for."""

    server: _Listener
    timeout = 10
    server_version = "ds"
    sys_version = ""

    def do_GET(self) -> None:
        """The browser, or somebody else."""
        address = urlsplit(self.path)
        fields = {name: values[-1] for name, values in parse_qs(address.query).items()}
        brought = fields.get("state", "").encode()
        if address.path != _CALLBACK or not hmac.compare_digest(brought, self.server.state.encode()):
            self.send_error(404)
            return
        self.server.receive(fields, self._send_on)

    def _send_on(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Nothing: the address holds the code."""
