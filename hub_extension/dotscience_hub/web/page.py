"""What all pages have in common: the user of the browser, templates, and errors that people can read."""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

from jupyterhub.services.auth import HubOAuthenticated, UserNotAllowed
from tornado.template import DictLoader
from tornado.web import HTTPError

from jupyter_dotscience import _version
from jupyter_dotscience.api.problems import Forbidden, NotLoggedIn

from .base import BaseHandler
from .problems import problem_of

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action "
_TEMPLATES = ("app.html", "base.html", "home.html", "confirm.html", "device.html", "message.html")


def read_file(folder: str, name: str) -> bytes:
    """A file that belongs to the pages."""
    return resources.files(__package__).joinpath(folder, name).read_bytes()


@functools.cache
def _templates() -> DictLoader:
    return DictLoader({name: read_file("templates", name).decode() for name in _TEMPLATES})


class Page(BaseHandler):
    """Base of the pages. They are never framed, and their forms go where the page says."""

    async def prepare(self) -> None:
        """Find the user without blocking the event loop, as the property `current_user` would."""
        self._hub_auth_user_cache = None
        model = await self.hub_auth.get_user(self, sync=False)
        if model:
            try:
                self._hub_auth_user_cache = self.check_hub_user(model)
            except UserNotAllowed:
                raise HTTPError(403) from None

    def render_page(self, template: str, *, forms: str = "'none'", policy: str | None = None, **facts: Any) -> None:
        """Answer with a page.

        Args:
            template: Its file.
            forms: Where forms may go, redirects after them included: the sources of a form-action.
            policy: Another Content-Security-Policy than that of pages without script.
            facts: What the template names.
        """
        user = self.current_user
        known = {"user": user["name"] if user else "", "version": _version.__version__}
        known |= {"prefix": self.hub_auth.base_url, "hub": self.hub_auth.hub_prefix}
        body = _templates().load(template).generate(**known, **facts)
        self.set_header("Content-Security-Policy", policy or _POLICY + forms)
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.finish(body)

    def to_login(self) -> None:
        """Send the browser to the hub's login, and back here after it."""
        self.redirect(HubOAuthenticated.get_login_url(self))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Say in a page what is wrong."""
        problem = problem_of(kwargs.get("exc_info", (None, None))[1], self.request_id)
        self.set_status(problem.status)
        self.render_page("message.html", title="This did not work", text=problem.message)

    def require_click(self) -> dict[str, Any]:
        """The user whose click in a page of ours this POST is.

        Raises:
            NotLoggedIn: The login in the browser has ended.
            Forbidden: It came from elsewhere.
        """
        # A token's request would pass without the XSRF token.
        if "Authorization" in self.request.headers or getattr(self, "_token_authenticated", False):
            raise Forbidden("This page is for people; it takes no token.")
        user: dict[str, Any] | None = self.current_user
        if not user or user["kind"] != "user":
            raise NotLoggedIn("Your login in this browser has ended; open the page anew.")
        try:
            self.hub_auth.check_xsrf_cookie(self)
        except HTTPError:
            raise Forbidden("This click did not come from the page of this hub; open the page anew.") from None
        return user

    def form_token(self) -> str:
        """What the page's forms must send as `_xsrf`."""
        token: str | bytes = self.xsrf_token
        return token.decode() if isinstance(token, bytes) else token

    def field(self, name: str) -> str:
        """A parameter of the address or the form, the last of its name; empty when there is none."""
        return str(self.get_argument(name, ""))
