"""The websocket by which pages hear of changes; what is said on it: see `api.changes`.

Three things guard it. The page's origin is the hub's own: browsers let any page open a websocket, with its user's
cookies. Where a cookie speaks, the page must know its XSRF token too: on a hub without a domain per user JupyterLabs
have the same origin. And before anything is told, it is asked again whether the login still holds.
"""

from __future__ import annotations

import asyncio
import hmac
import time
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import msgspec
from tornado.iostream import StreamClosedError
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from dotscience_hub.services.caller import Caller
from dotscience_hub.services.feed import EVERYTHING, Feed
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.changes import (
    CLOSE_ENDED,
    CLOSE_REFUSED,
    LISTEN_SECONDS,
    MAX_LISTEN,
    PATH,
    Listen,
    Notice,
    Notices,
)
from jupyter_dotscience.api.problems import BadRequest, Forbidden, NotLoggedIn, Unavailable
from jupyter_dotscience.api.routes import Scope

from .application import Rule
from .authentication import Authentication
from .base import BaseHandler

MOST = 200
"""Different notices that wait for a slow page; beyond, it is told that everything changed."""
PING_SECONDS = 25.0
"""Something on the way may close what is silent for a minute; and who does not answer in that time is gone."""
IDLE_CHECK_SECONDS = 300.0
"""So often the login of a page that is told nothing is asked for."""
GOING_AWAY, TRY_LATER = 1001, 1013
_decode = msgspec.json.Decoder(Listen).decode
_encode = msgspec.json.Encoder().encode


def changes_rule(prefix: str, feed: Feed, authentication: Authentication, public_url: str) -> Rule:
    """The rule of the websocket.

    Args:
        prefix: The API's root.
        feed: What is told.
        authentication: Whom.
        public_url: The hub's address as people know it; empty to take the one a request came to.
    """
    facts = {"feed": feed, "authentication": authentication, "public_url": public_url}
    return (prefix + PATH, ChangesSocket, facts)


class ChangesSocket(BaseHandler, WebSocketHandler):
    """One page's connection; a `Listener`."""

    route_name = "changes"

    def initialize(self, feed: Feed, authentication: Authentication, public_url: str) -> None:
        """Args: see `changes_rule`."""
        self._feed = feed
        self._authentication = authentication
        self._public = urlsplit(public_url).netloc.lower()
        self._asked = time.monotonic()
        self._waiting: set[Notice] = set()
        self._at = ""
        self._due = self._joined = self._sending = False
        self._patience: asyncio.TimerHandle | None = None
        self._work: asyncio.Task[None] | None = None

    async def prepare(self) -> None:
        """Everything that can be refused before there is a websocket."""
        if self.request.headers.get("Upgrade", "").lower() != "websocket":
            raise BadRequest("Here is a websocket; there is nothing to get.", code="not_a_websocket")
        if self.request.query:
            raise BadRequest("This address takes no parameters; send a token as `Authorization: Bearer TOKEN`.")
        self._by_cookie = "Authorization" not in self.request.headers
        self._check_origin()
        self.caller = _admitted(await self._authentication.identify(self))
        self._feed.check_room(self.caller.name)
        # Later it could not be asked for: to know it, a handler may want to set a cookie.
        token: str | bytes = self.xsrf_token if self._by_cookie else ""
        self._xsrf = token.encode() if isinstance(token, str) else token

    def _check_origin(self) -> None:
        origin = self.request.headers.get("Origin")
        if origin is None and not self._by_cookie:
            return  # a program
        place = urlsplit(origin or "").netloc.lower()
        if not place or place not in {self.request.headers.get("Host", "").lower(), self._public}:
            raise Forbidden("A page of another site may not listen to this hub.", code="foreign_origin")

    def check_origin(self, origin: str) -> bool:
        """It was checked before the caller was asked for."""
        return True

    def get_compression_options(self) -> dict[str, Any] | None:
        """None: a few words are not worth the memory of a compressor for each connection."""
        return None

    @property
    def ping_interval(self) -> float:
        """Seconds."""
        return PING_SECONDS

    @property
    def max_message_size(self) -> int:
        """Bytes."""
        return MAX_LISTEN

    def open(self, *_: str, **__: str) -> None:
        """Wait for the first word."""
        self.set_nodelay(True)
        loop = asyncio.get_running_loop()
        self._patience = loop.call_later(LISTEN_SECONDS, self.close, CLOSE_REFUSED, "nothing was said")

    async def on_message(self, message: str | bytes) -> None:
        """The first word; there is no second."""
        if self._joined:
            self.close(1008, "there is nothing more to say")
            return
        try:
            said = _decode(message)
        except msgspec.MsgspecError:
            self.close(1007, "this is no first word")
            return
        if self._by_cookie and not hmac.compare_digest(said.xsrf.encode(), self._xsrf):
            self.close(CLOSE_REFUSED, "this is no page of the hub")
            return
        self._joined = True
        self._hush()
        await self._feed.join(self, said.since)

    def on_close(self) -> None:
        """The page is gone."""
        self._hush()
        self._feed.leave(self)

    def tell(self, notices: Iterable[Notice], at: str) -> None:
        """Send it when the page takes it; see `Listener`."""
        self._waiting.update(notices)
        if len(self._waiting) > MOST:
            self._waiting = {EVERYTHING}
        self._at, self._due = at, True
        if not self._sending:
            self._sending = True
            self._work = asyncio.ensure_future(self._send())

    def end(self) -> None:
        """The service stops."""
        self.close(GOING_AWAY, "the hub is stopping")

    async def _send(self) -> None:
        """Send what waits; a message at a time, so that a page that reads slowly costs one message of memory."""
        try:
            while self._due and await self._may_listen():
                notices, self._waiting, self._due = self._waiting, set(), False
                await self.write_message(_encode(Notices(at=self._at, notices=list(notices))).decode())
        except (WebSocketClosedError, StreamClosedError):
            self._feed.leave(self)
        finally:
            self._sending = False

    async def _may_listen(self) -> bool:
        """Whether the login still holds; the hub's answers are believed as long as for any request."""
        if not self._waiting and time.monotonic() - self._asked < IDLE_CHECK_SECONDS:
            return True
        try:
            self.caller = _admitted(await self._authentication.again(self))
        except (NotLoggedIn, Forbidden):
            self.close(CLOSE_ENDED, "the login has ended")
            return False
        except Unavailable:
            self.close(TRY_LATER, "JupyterHub does not answer")
            return False
        self._asked = time.monotonic()
        return True

    def _hush(self) -> None:
        if self._patience is not None:
            self._patience.cancel()


def _admitted(caller: Caller) -> Caller:
    if caller.kind is not Principal.USER:
        raise Forbidden("Only people listen to changes.", code="wrong_kind_of_token")
    if Scope.PROJECTS_READ.value not in caller.scopes:
        raise Forbidden(f"This token lacks the scope {Scope.PROJECTS_READ.value}.", code="missing_scope")
    return caller
