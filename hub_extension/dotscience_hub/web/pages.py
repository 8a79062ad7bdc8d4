"""What is at the service's own address, and the description of the API."""

from __future__ import annotations

import functools

import msgspec
from jupyterhub.services.auth import HubOAuthCallbackHandler

from jupyter_dotscience.api.openapi import describe

from .app_page import App, Position, app_folder, app_rules
from .application import Rule
from .base import BaseHandler
from .page import read_file


def page_rules(prefix: str, public_url: str, position: Position = str) -> list[Rule]:
    """Rules of the pages.

    Args:
        prefix: The service's path, with slashes around.
        public_url: The hub's address as people know it; empty to take the one a request came to.
        position: Tells where the feed of changes is.
    """
    return [
        (prefix, App, {"public_url": public_url.rstrip("/"), "folder": app_folder(), "position": position}),
        *app_rules(prefix, public_url, app_folder(), position),
        (prefix.rstrip("/"), ToHome, {"home": prefix}),
        (prefix + "static/style.css", Static, {"name": "style.css", "kind": "text/css"}),
        (prefix + "static/start.js", Static, {"name": "start.js", "kind": "text/javascript"}),
        (prefix + "api/openapi.json", Description, {}),
        (prefix + "oauth_callback", Callback, {}),
    ]


class ToHome(BaseHandler):
    """The address without its last slash."""

    def initialize(self, home: str) -> None:
        """Args: where to go."""
        self._home = home

    def get(self) -> None:
        """Go there."""
        self.redirect(self._home)


class Static(BaseHandler):
    """A file that is beside the build of the pages, and asked for anew each time."""

    route_name = "static"

    def initialize(self, name: str, kind: str) -> None:
        """Args: the file's name, and its media type."""
        self._name, self._kind = name, kind

    def get(self) -> None:
        """The file."""
        self.set_header("Content-Type", f"{self._kind}; charset=utf-8")
        self.set_header("Cache-Control", "no-cache")
        self.finish(read_file("static", self._name))


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
