"""The hub's side of a folder that is bound to a project, in the name of whoever is logged in."""

from __future__ import annotations

import hashlib
import os
import platform
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from jupyter_dotscience.api.commits import ChangedFiles, CommitCreate, CommitList, CommitResult, Missing, MissingQuery
from jupyter_dotscience.api.files import Tree
from jupyter_dotscience.api.problems import Conflict
from jupyter_dotscience.api.runs import Points, Run, RunList, RunReport

from .client import Client
from .logins import token_for
from .remote import ProjectRemote, ProjectView

Placed = tuple[CommitResult, str, list[str]]
"""(the hub's answer, the branch that has it, paths that main has changed otherwise)."""


class BoundProject:
    """A project of a hub: contents, versions, runs. Logging in again serves at once, without a new start.

    Args:
        url: The hub's address.
        project: The project's id.
        folder: The folder that is bound.
        token: Finds the token; by default as ``ds`` does.
        timeout: Seconds to wait for the hub.
    """

    def __init__(
        self,
        url: str,
        project: str,
        folder: Path,
        *,
        token: Callable[[str], str] = token_for,
        timeout: float = 30.0,
    ) -> None:
        self._url, self._project, self._folder = url, project, folder
        self._token, self._timeout = token, timeout
        self._lock = threading.Lock()
        self._client: tuple[str, Client] | None = None
        self._name = ""

    def client(self) -> Client:
        """A client with the login as it is now.

        Raises:
            NotLoggedIn: there is none.
        """
        token = self._token(self._url)
        with self._lock:
            if self._client is None or self._client[0] != token:
                self._client = token, Client(self._url, token, retry_for=0, timeout=self._timeout)
            return self._client[1]

    def find_missing(self, query: MissingQuery) -> Missing:
        """Which of these contents the project lacks."""
        return self._remote().find_missing(query)

    def put_pack(self, body: BinaryIO, size: int) -> Any:
        """Send a pack."""
        return self._remote().put_pack(body, size)

    def put_object(self, sha256: str, body: BinaryIO, size: int) -> Any:
        """Send a large content."""
        return self._remote().put_object(sha256, body, size)

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        """Versions of main, newest first."""
        return self._view().history(path, limit, cursor)

    def known_runs(self, runs: Sequence[str]) -> list[str]:
        """Those of these runs that the project has."""
        return self._view().known_runs(runs)

    def runs(self, limit: int, cursor: str | None) -> RunList:
        """Runs, newest first."""
        return self._view().runs(limit, cursor)

    def run(self, run: str) -> Run:
        """One run with all details."""
        return self._view().run(run)

    def points(self, run: str, after: int, limit: int) -> Points:
        """A run's live curves: rows with an index greater than ``after``."""
        return self._view().points(run, after, limit)

    def read_file(self, path: str, at: str, limit: int) -> bytes:
        """A file as it was."""
        return self._view().read_file(path, at, limit)

    def content(self, path: str, at: str) -> Iterator[bytes]:
        """A file as it was, in pieces."""
        return self._view().content(path, at)

    def tree(self) -> Tree:
        """All files of main's newest version."""
        return self._view().tree()

    def changes_since(self, since: str | None, limit: int, at: str = "main") -> ChangedFiles:
        """Where a version, main's newest unless named, differs from an older one."""
        return self._view().changes_since(since, limit, at)

    def record(self, request: CommitCreate, runs: Sequence[RunReport]) -> Placed:
        """Record a version on main, or, when main has other changes of the same files, on a branch of one's own."""
        client = self.client()
        request = msgspec.structs.replace(request, branch="main", runs=list(runs))
        try:
            return client.create_commit(request, project=self._project), "main", []
        except Conflict as error:
            paths = list((error.detail or {}).get("paths", []))
            if not paths:
                raise
        branch = self._branch(client)
        request = msgspec.structs.replace(request, branch=branch, keep=[])
        try:
            return client.create_commit(request, project=self._project), branch, paths
        except Conflict:
            # Somebody else's history, or that of a folder that was here before, has this name.
            request = msgspec.structs.replace(request, branch=f"{branch}-{(request.parent or 'new')[:8]}")
            return client.create_commit(request, project=self._project), request.branch, paths

    def _branch(self, client: Client) -> str:
        """A branch for this person in this folder of this machine."""
        self._name = self._name or client.get_account().name
        place = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:6]
        return f"heads/{_word(self._name)}-{_word(platform.node())}-{place}"

    def _remote(self) -> ProjectRemote:
        return ProjectRemote(self.client(), self._project)

    def _view(self) -> ProjectView:
        return ProjectView(self.client(), self._project)


def _word(text: str) -> str:
    """A text as part of a branch's name."""
    return re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60] or "somebody"
