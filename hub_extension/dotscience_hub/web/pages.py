"""The page that people see at the service's address, and the description of the API."""

from __future__ import annotations

import functools

import msgspec
from jupyterhub.services.auth import HubOAuthCallbackHandler

from jupyter_dotscience.api.openapi import describe

from .application import Rule
from .base import BaseHandler
from .page import Page, read_file


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


class Home(Page):
    """Who you are, and what to type next."""

    route_name = "home"

    def initialize(self, public_url: str) -> None:
        """Args: the hub's address, or empty."""
        self._public_url = public_url

    def get(self) -> None:
        """The page, or the way to the hub's login."""
        if not self.current_user:
            self.to_login()
            return
        self.render_page("home.html", url=self._public_url or f"{self.request.protocol}://{self.request.host}")


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
        self.finish(read_file("static", "style.css"))


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
