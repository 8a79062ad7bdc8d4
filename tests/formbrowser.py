"""As much of a browser as the hub's pages need: cookies, redirects, forms. It runs no script; the pages have none."""

from __future__ import annotations

import re
from html import unescape
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

import urllib3

from tests.hubprocess import Answer

NAVIGATE = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "same-origin"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]*)" value="([^"]*)">')


class Browser:
    """Keeps cookies of one hub by path, and follows redirects.

    Args:
        url: The hub's address; other addresses are visited without cookies.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(30))
        self.cookies: dict[tuple[str, str], str] = {}
        self.at = url
        """Where it is."""

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request with the cookies that belong to its path."""
        self.at = urljoin(self._url, path)
        sent: dict[str, str] = dict(headers)
        if self.at.startswith(self._url + "/"):
            at = urlsplit(self.at).path
            cookies = [f"{name}={value}" for (name, under), value in self.cookies.items() if at.startswith(under)]
            sent["Cookie"] = "; ".join(cookies)
        answer = self._http.request(method, self.at, body=body, headers=sent, redirect=False)
        for text in answer.headers.getlist("Set-Cookie"):
            for morsel in SimpleCookie(text).values():
                self.cookies[morsel.key, morsel["path"]] = morsel.value
        return Answer(answer.status, answer.headers, answer.data)

    def visit(self, path: str) -> Answer:
        """A page, with all redirects."""
        return self._follow(self.ask("GET", path, **NAVIGATE))

    def _follow(self, answer: Answer) -> Answer:
        for _ in range(12):
            if answer.status not in (301, 302, 303):
                return answer
            answer = self.ask("GET", urljoin(self.at, answer.headers["Location"]), **NAVIGATE)
        raise AssertionError(f"redirected for ever, last to {self.at}")

    def submit(self, path: str, fields: dict[str, str]) -> Answer:
        """Send a form, without following where it leads."""
        return self.ask("POST", path, urlencode(fields).encode(), **NAVIGATE, **FORM)

    def click(self, page: Answer, path: str, decision: str) -> Answer:
        """Press a button of a confirmation page, and follow."""
        return self._follow(self.submit(path, hidden_fields(page) | {"decision": decision}))

    def log_in(self, name: str, password: str, at: str = "/hub/login") -> Answer:
        """Through the hub's login form, opened at an address that leads to it."""
        self.visit(at)
        form = {"username": name, "password": password, "_xsrf": self.cookies["_xsrf", "/hub/"]}
        return self.submit(self.at.replace(self._url, "", 1), form)

    def close(self) -> None:
        """Close connections."""
        self._http.clear()


def hidden_fields(page: Answer) -> dict[str, str]:
    """The hidden fields of the forms of a page."""
    return {unescape(name): unescape(value) for name, value in _HIDDEN.findall(page.body.decode())}
