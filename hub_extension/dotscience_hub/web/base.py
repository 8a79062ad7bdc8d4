"""What all handlers of the service have in common: headers, errors as Problems, the access log's facts."""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from types import TracebackType
from typing import Any

import msgspec
from jupyterhub.services.auth import HubOAuthenticated
from tornado.iostream import StreamClosedError
from tornado.web import RequestHandler

from dotscience_hub.services.caller import Caller
from jupyter_dotscience.api.problems import NotFound

from .problems import is_expected, problem_of

log = logging.getLogger("dotscience.web")

_CLOSED = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
REALM = "Dotscience"


class BaseHandler(HubOAuthenticated, RequestHandler):  # type: ignore[misc]  # JupyterHub has no types
    """Base of every handler.

    Attributes:
        caller: Who calls, once that is known.
        route_name: For logs and metrics; never a path, which could be anything.
    """

    caller: Caller | None = None
    route_name = "other"
    challenge = f'Bearer realm="{REALM}"'

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As tornado calls it."""
        self.request_id = secrets.token_hex(6)
        self.started = time.monotonic()
        super().__init__(*args, **kwargs)

    def set_default_headers(self) -> None:
        """Nothing is cached, sniffed, framed or run."""
        self.set_header("Server", "dotscience")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "no-store")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Content-Security-Policy", _CLOSED)

    def compute_etag(self) -> str | None:
        """None: nothing is cached, so a hash of each answer would be for nothing."""
        return None

    @property
    def headers_sent(self) -> bool:
        """Whether the status is on its way, so that no Problem can be told any more."""
        return bool(self._headers_written)

    def abort(self) -> None:
        """Close the connection in the middle of an answer, so that nobody takes a part for the whole."""
        self._finished = True
        with contextlib.suppress(StreamClosedError):
            self.request.connection.close()  # type: ignore[union-attr]

    def check_xsrf_cookie(self) -> None:
        """Too early: tornado asks before anyone knows whether a token or the cookie speaks. See `authentication`."""

    def get_login_url(self) -> str:
        """A program is never sent to a login page."""
        raise NotFound("There is no login page here.")

    def log_exception(
        self, typ: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None
    ) -> None:
        """A defect with its traceback; an expected error not at all, for the access log has its status."""
        if not is_expected(value) and value is not None:
            log.error("request %s (%s) failed", self.request_id, self.route_name, exc_info=value)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer with a Problem."""
        problem = problem_of(kwargs.get("exc_info", (None, None))[1], self.request_id)
        self.set_status(problem.status)
        if problem.status == 401:
            self.set_header("WWW-Authenticate", self.challenge)
        if problem.status == 503:
            self.set_header("Retry-After", "1")
        self.send_json(msgspec.json.encode(problem))

    def send_json(self, body: bytes) -> None:
        """Finish with a JSON body."""
        self.set_header("Content-Type", "application/json")
        self.finish(body)


class NothingHere(BaseHandler):
    """The answer at an address that does not exist."""

    def prepare(self) -> None:
        """Refuse whatever the method."""
        raise NotFound(f"There is nothing at {self.request.path[:200]}.")
