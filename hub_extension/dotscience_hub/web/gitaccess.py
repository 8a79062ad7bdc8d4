"""Who may use git and git-lfs on which project or dataset."""

from __future__ import annotations

import re
from typing import Protocol

from tornado.web import RequestHandler

from dotscience_hub.services.caller import Caller
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.problems import Conflict, NotFound, NotLoggedIn
from jupyter_dotscience.api.projects import ProjectList, ProjectQuery, Role
from jupyter_dotscience.api.routes import BY_NAME

from .authentication import Authentication
from .base import BaseHandler
from .dispatch import Access, Dispatcher
from .git_http import GitAccess

_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Fetching is allowed to whom reading files is, pushing to whom recording commits is.
_LIKE = {Role.READER: BY_NAME["get_tree"], Role.WRITER: BY_NAME["create_commit"]}
_LIKE_DATASET = {Role.READER: BY_NAME["get_dataset_tree"], Role.WRITER: BY_NAME["create_dataset_commit"]}


class FindsProjects(Protocol):
    """Finds projects by what people call them."""

    def list_projects(self, caller: Caller, *, query: ProjectQuery) -> ProjectList:
        """Those that the caller may see."""
        ...


class Writable(Protocol):
    """Says which datasets people send the files of."""

    def check_writable(self, dataset: str) -> None:
        """Refuse where they come from elsewhere."""
        ...


class GitAuthorization:
    """See :class:`dotscience_hub.web.git_http.Authorize`."""

    def __init__(
        self,
        authentication: Authentication,
        access: Access,
        projects: FindsProjects,
        datasets: Writable,
        dispatcher: Dispatcher,
    ) -> None:
        """Args: who calls, what they may, which project or dataset is meant, and where blocking work is done."""
        self._datasets = datasets
        self._authentication = authentication
        self._access = access
        self._projects = projects
        self._dispatcher = dispatcher

    async def __call__(self, handler: RequestHandler, project: str, role: Role) -> GitAccess:
        """The project's id and the caller's name.

        Raises:
            ApiError: The caller may not, or there is no such project.
        """
        assert isinstance(handler, BaseHandler)
        if "Authorization" not in handler.request.headers:
            # Never the cookie: git has none, and a page elsewhere must not push with a visitor's.
            raise NotLoggedIn("Log in with any user name and a token as the password (`ds login` makes one).")
        caller = handler.caller = await self._authentication.identify(handler)
        found = await self._dispatcher.in_thread(lambda: self._find(caller, project, role))
        return GitAccess(project=found, author=caller.name)

    def _find(self, caller: Caller, ref: str, role: Role) -> str:
        project = ref if _ID.fullmatch(ref) or caller.kind is not Principal.USER else self._by_name(caller, ref)
        try:
            self._access.check(_LIKE[role], caller, {"project": project})
        except NotFound:
            self._check_dataset(caller, project, role)
        return project

    def _check_dataset(self, caller: Caller, dataset: str, role: Role) -> None:
        try:
            self._access.check(_LIKE_DATASET[role], caller, {"dataset": dataset})
        except NotFound:
            raise NotFound("There is no such project or dataset, or it is not shared with you.") from None
        if role is Role.WRITER:
            self._datasets.check_writable(dataset)

    def _by_name(self, caller: Caller, ref: str) -> str:
        found = self._projects.list_projects(caller, query=ProjectQuery(ref=ref, limit=10)).items
        if not found:
            raise NotFound("There is no such project, or it is not shared with you.")
        if len(found) > 1:
            ids = ", ".join(item.id for item in found)
            raise Conflict(f"Several projects are called {ref[:200]!r}; use one of the ids {ids}.", code="ambiguous")
        return found[0].id
