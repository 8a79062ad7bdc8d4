"""What the launcher asks the running hub: is it there, is the runner online, make a user."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

import msgspec

from jupyter_dotscience.api import tunnel
from jupyter_dotscience.api.routes import PREFIX
from jupyter_dotscience.api.runners import Runner, RunnerList, RunnerStatus

TIMEOUT = 10.0
# The hub is on this machine: a proxy that the environment names has nothing to do with it.
_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class HubApi:
    """The hub at a loopback address.

    Attributes:
        url: Address without a slash at the end.
        token: The launcher's token.
    """

    url: str
    token: str

    def healthy(self) -> bool:
        """Whether JupyterHub itself answers."""
        return self._status("GET", "/hub/health") == 200

    def login_page(self) -> bool:
        """Whether JupyterHub's login page is served through the proxy."""
        return self._status("GET", "/hub/login") == 200

    def service_ready(self) -> bool:
        """Whether the service can serve."""
        return self._status("GET", f"{PREFIX}/ready") == 200

    def gateway_ready(self) -> bool:
        """Whether the gateway can serve."""
        return self._status("GET", f"{tunnel.PREFIX}/health") == 200

    def runner_online(self, name: str) -> bool:
        """Whether the local runner has been heard of lately."""
        return any(runner.status is RunnerStatus.ONLINE for runner in self._runners(name))

    def is_open(self, name: str) -> bool:
        """Whether tasks of the runner are kept apart from nothing."""
        return any(runner.isolation.startswith("none") for runner in self._runners(name))

    def _runners(self, name: str) -> list[Runner]:
        status, body = self._request("GET", f"{PREFIX}/runners?ref={quote(name)}")
        return msgspec.json.decode(body, type=RunnerList).items if status == 200 else []

    def add_user(self, name: str) -> bool:
        """Make the hub know a user; whether it answered. It makes no difference for one it knows."""
        return self._status("POST", f"/hub/api/users/{quote(name, safe='')}") in (201, 409)

    def _status(self, method: str, path: str) -> int:
        return self._request(method, path)[0]

    def _request(self, method: str, path: str) -> tuple[int, bytes]:
        """Status and body; 0 where nobody answers."""
        headers: dict[str, Any] = {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(self.url + path, method=method, headers=headers)  # noqa: S310 - our own URL
        try:
            with _OPENER.open(request, timeout=TIMEOUT) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except (OSError, HTTPException):
            return 0, b""
