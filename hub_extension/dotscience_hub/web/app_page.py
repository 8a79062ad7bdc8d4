"""The pages that run in the browser: one document for all their addresses, and the files it loads."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from jupyter_dotscience import _version

from .application import Rule
from .asset import Asset
from .page import Page

# Scripts and styles are files of ours and nothing else. What is drawn, from blobs or data, is pictures.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; frame-src 'self' blob:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
ADDRESSES = r"(?:projects?|runs|tasks|runners|datasets|secrets|account)(?:/.*)?"
"""Below the service's own: all that the pages' router knows. `project/…` is the published library's for a run."""
_MANIFEST = "manifest.json"
_ENTRY = "src/main.tsx"
Position = Callable[[], str]


@dataclass(frozen=True)
class Entry:
    """What the document loads first.

    Attributes:
        script: File below the folder.
        styles: Files below the folder.
    """

    script: str
    styles: tuple[str, ...]


def app_folder() -> Path:
    """Where the build puts the pages (`make lab`)."""
    return Path(str(resources.files(__package__).joinpath("static", "app")))


def app_entry(folder: Path) -> Entry | None:
    """What the build made; None where nothing was built. A build made anew while the hub runs counts at once."""
    try:
        return _read_entry(folder, (folder / _MANIFEST).stat().st_mtime_ns)
    except FileNotFoundError:
        return None


@functools.lru_cache(maxsize=2)
def _read_entry(folder: Path, changed: int) -> Entry:  # noqa: ARG001 - a change makes it be read again
    """Read the manifest; its format: https://vite.dev/guide/backend-integration."""
    manifest = json.loads((folder / _MANIFEST).read_bytes())
    entry = manifest[_ENTRY]
    return Entry(entry["file"], tuple(entry.get("css", ())))


def app_rules(prefix: str, public_url: str, folder: Path, position: Position) -> list[Rule]:
    """Rules of the document and of its files.

    Args:
        prefix: The service's path, with slashes around.
        public_url: The hub's address as people know it; empty to take the one a request came to.
        folder: Where the build is.
        position: Tells where the feed of changes is.
    """
    facts = {"public_url": public_url.rstrip("/"), "folder": folder, "position": position}
    return [
        (prefix + ADDRESSES, App, facts),
        (prefix + r"static/app/(assets/[\w.-]+)", Asset, {"path": str(folder)}),
    ]


class App(Page):
    """The document. What it shows is asked of the API with the browser's login."""

    route_name = "app"

    def initialize(self, public_url: str, folder: Path, position: Position) -> None:
        """Args: the hub's address, or empty; where the build is; where the feed of changes is."""
        self._position = position
        self._public_url = public_url
        self._folder = folder

    def get(self) -> None:
        """The document, or the way to the hub's login."""
        if not self.current_user:
            self.to_login()
            return
        url = self._public_url or f"{self.request.protocol}://{self.request.host}"
        entry = app_entry(self._folder)
        if entry is None:
            self.render_page("home.html", url=url)
            return
        self.render_page("app.html", policy=POLICY, entry=entry, facts=json.dumps(self._facts(url)))

    def _facts(self, url: str) -> dict[str, Any]:
        user = self.current_user
        return {
            "prefix": self.hub_auth.base_url,
            "hub": self.hub_auth.hub_prefix,
            "url": url,
            "user": user["name"],
            "admin": bool(user.get("admin")),
            "version": _version.__version__,
            "xsrf": self.form_token(),
            "changes": self._position(),
        }
