"""The page that people see at the service's address, and the description of the API."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import msgspec
from jupyterhub.services.auth import HubOAuthCallbackHandler, HubOAuthenticated, UserNotAllowed
from tornado.template import Template
from tornado.web import HTTPError

from jupyter_dotscience import _version
from jupyter_dotscience.api.openapi import describe

from .application import Rule
from .base import BaseHandler

_PAGE = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def page_rules(prefix: str, public_url: str) -> list[Rule]:
    """Rules of the pages.

    Args:
        prefix: The service's path, with slashes around.
        public_url: The hub's address as people know it; empty to take the one a request came to.
    """
    return [
        (prefix, Home, {"public_url": public_url.rstrip("/")}),
        (prefix.rstrip("/"), ToHome, {"home": prefix}),
        (prefix + "static/style.css", Style, {}),
        (prefix + "api/openapi.json", Description, {}),
        (prefix + "oauth_callback", Callback, {}),
    ]


@functools.cache
def _file(folder: str, name: str) -> bytes:
    return resources.files(__package__).joinpath(folder, name).read_bytes()


class Home(BaseHandler):
    """Who you are, and what to type next."""

    route_name = "home"

    def initialize(self, public_url: str) -> None:
        """Args: the hub's address, or empty."""
        self._public_url = public_url

    async def prepare(self) -> None:
        """Find the user without blocking the event loop, as the property `current_user` would."""
        self._hub_auth_user_cache = None
        model = await self.hub_auth.get_user(self, sync=False)
        if model:
            try:
                self._hub_auth_user_cache = self.check_hub_user(model)
            except UserNotAllowed:
                raise HTTPError(403) from None

    def get(self) -> None:
        """The page, or the way to the hub's login."""
        user = self.current_user
        if not user:
            self.redirect(HubOAuthenticated.get_login_url(self))
            return
        self.set_header("Content-Security-Policy", _PAGE)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        url = self._public_url or f"{self.request.protocol}://{self.request.host}"
        page = Template(_file("templates", "home.html"))
        facts: dict[str, Any] = {"user": user["name"], "version": _version.__version__, "url": url}
        self.finish(page.generate(**facts, prefix=self.hub_auth.base_url, hub=self.hub_auth.hub_prefix))


class ToHome(BaseHandler):
    """The address without its last slash."""

    def initialize(self, home: str) -> None:
        """Args: where to go."""
        self._home = home

    def get(self) -> None:
        """Go there."""
        self.redirect(self._home)


class Style(BaseHandler):
    """The pages' style sheet."""

    route_name = "style"

    def get(self) -> None:
        """The style sheet."""
        self.set_header("Content-Type", "text/css; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(_file("static", "style.css"))


class Description(BaseHandler):
    """The API as OpenAPI 3.1."""

    route_name = "openapi"

    def get(self) -> None:
        """The description."""
        self.send_json(_description())


@functools.cache
def _description() -> bytes:
    return msgspec.json.encode(describe())


class Callback(HubOAuthCallbackHandler):  # type: ignore[misc]  # JupyterHub has no types
    """Where the hub sends the browser back after login."""

    def set_default_headers(self) -> None:
        """The address holds a code: it goes to no other site, and no cache."""
        self.set_header("Server", "dotscience")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("X-Content-Type-Options", "nosniff")
