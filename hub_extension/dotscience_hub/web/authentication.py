"""Who calls: a runner, a task, or a user of the hub with a token or in a browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Container
from typing import Any, Protocol

from jupyterhub.services.auth import HubOAuth
from tornado.web import HTTPError

from dotscience_hub.services.caller import Caller
from dotscience_hub.store.tokens import TASK_PREFIX
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import Forbidden, NotLoggedIn, Unavailable
from jupyter_dotscience.api.routes import Scope

from .base import BaseHandler
from .credential import token_of

_RUNNER = re.compile(r"[A-Z2-7]{52}(====)?")
_HELP = "make one on the hub's token page or with `ds login`"
SERVICE_NAME = "service/"
"""Before the name of a hub service that calls: no user's name can hold a slash."""


class AgentTokens(Protocol):
    """Knows the tokens that are not the hub's. Called on a worker thread."""

    def runner_caller(self, token: str, /) -> Caller | None:
        """The runner with this token."""
        ...

    def task_caller(self, token: str, /) -> Caller | None:
        """The task with this token, while its lease is held."""
        ...


class Authentication:
    """Finds the caller of a request."""

    def __init__(
        self,
        hub: HubOAuth,
        agents: AgentTokens,
        in_thread: Callable[[Callable[[], Caller | None]], Awaitable[Caller | None]],
        ended: Container[str] = (),
    ) -> None:
        """Args: the hub's helper, our own tokens, what runs blocking work, and users' tokens that were ended."""
        self._hub = hub
        self._agents = agents
        self._in_thread = in_thread
        self._ended = ended

    async def identify(self, handler: BaseHandler) -> Caller:
        """The caller.

        Raises:
            NotLoggedIn: No, a wrong or an expired token.
            Forbidden: A token that does not open this service, or a browser's request from another page.
            Unavailable: JupyterHub does not answer.
        """
        header = handler.request.headers.get("Authorization")
        if header is None:
            return await self._browser(handler)
        token = token_of(header)
        if token is None:
            raise NotLoggedIn(f"The Authorization header holds no token; send `Bearer TOKEN` ({_HELP}).")
        if _RUNNER.fullmatch(token):
            return await self._agent(self._agents.runner_caller, token, "no runner's (any more)")
        if token.startswith(TASK_PREFIX):
            return await self._agent(self._agents.task_caller, token, "no running task's (any more)")
        return await self._user(token)

    async def again(self, handler: BaseHandler) -> Caller:
        """The user of a connection that stays open, as the hub knows them now.

        Raises:
            NotLoggedIn: The token, or the browser's login, has ended.
            Forbidden: It does not open this service any more.
            Unavailable: JupyterHub does not answer.
        """
        header = handler.request.headers.get("Authorization")
        token = self._hub.get_token(handler) if header is None else token_of(header)
        if not token:
            raise NotLoggedIn("The login in this browser has ended.")
        return await self._user(token, self._hub.get_session_id(handler) if header is None else "")

    async def _agent(self, look: Callable[[str], Caller | None], token: str, wrong: str) -> Caller:
        caller = await self._in_thread(lambda: look(token))
        if caller is None:
            raise NotLoggedIn(f"This token is {wrong}.")
        return caller

    async def _user(self, token: str, session: str = "") -> Caller:
        if token in self._ended:
            raise NotLoggedIn(f"This token was ended by a logout; {_HELP}.")
        try:
            model = await self._hub.user_for_token(token, session_id=session, sync=False)
        except HTTPError:
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.") from None
        if not model:
            raise NotLoggedIn(f"This token is wrong or has expired; {_HELP}.")
        return self._caller(model)

    async def _browser(self, handler: BaseHandler) -> Caller:
        """The cookie's user. The cookie alone is not enough where another page could have made the browser send it."""
        try:
            model = await self._hub.get_user(handler, sync=False)
        except HTTPError as error:
            if error.status_code < 500:
                raise
            raise Unavailable("JupyterHub does not answer the service; try again in a moment.") from None
        if not model:
            raise NotLoggedIn(f"Log in: send `Authorization: Bearer TOKEN` ({_HELP}).")
        try:
            self._hub.check_xsrf_cookie(handler)
        except HTTPError:
            raise Forbidden("A browser must send the page's XSRF token in the header X-XSRFToken.") from None
        return self._caller(model)

    def _caller(self, model: dict[str, Any]) -> Caller:
        if not self._hub.check_scopes(self._hub.access_scopes, model):
            raise Forbidden("This token does not open Dotscience: it lacks the scope access:services.")
        name = model["name"] if model["kind"] == "user" else SERVICE_NAME + model["name"]
        scopes = frozenset(scope.value for scope in Scope if self._hub.check_scopes({scope.value}, model))
        return Caller(kind=Principal.USER, name=name, admin=bool(model.get("admin")), scopes=scopes)
