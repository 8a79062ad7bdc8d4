"""Which project a notebook shows, and how its data come to the kernel."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol, TypeVar

import msgspec

from jupyter_dotscience.api import control
from jupyter_dotscience.api.commits import CommitList
from jupyter_dotscience.api.projects import ProjectQuery
from jupyter_dotscience.api.runs import Points, Run, RunList
from jupyter_dotscience.client import logins
from jupyter_dotscience.client.address import normalize
from jupyter_dotscience.client.bound import BoundProject
from jupyter_dotscience.workspace.binding import Binding

from .errors import NoProject

T = TypeVar("T")
_TIMEOUT = 10.0
PROJECT_VARIABLE = "DOTSCIENCE_PROJECT"
_TASKS_PROJECT = "DOTSCIENCE_PROJECT_ID"
_ROOT = "DOTSCIENCE_PROJECT_DOT_ROOT"


class Source(Protocol):
    """What the widgets ask of one project. Called from several threads; raises DotscienceError."""

    def runs(self, limit: int, cursor: str | None) -> RunList:
        """Runs, newest first; ``limit`` is at most 200."""

    def run(self, run: str) -> Run:
        """One run with all details."""

    def points(self, run: str, after: int, limit: int) -> Points:
        """Live curves: values of rows with an index greater than ``after``, at most ``limit``."""

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        """Versions, newest first; ``limit`` is at most 200."""


class AgentSource:
    """The agent of the runner that the notebook is on, over its control socket: no login is needed there.

    Args:
        folder: The control folder.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def runs(self, limit: int, cursor: str | None) -> RunList:
        """Runs, newest first."""
        return self._ask(control.ListRuns(limit=limit, cursor=cursor), RunList)

    def run(self, run: str) -> Run:
        """One run with all details."""
        return self._ask(control.ReadRun(run=run), Run)

    def points(self, run: str, after: int, limit: int) -> Points:
        """Live curves."""
        return self._ask(control.ReadPoints(run=run, after=after, limit=limit), Points)

    def history(self, path: str | None, limit: int, cursor: str | None) -> CommitList:
        """Versions, newest first."""
        return self._ask(control.History(path=path, limit=limit, cursor=cursor), CommitList)

    def _ask(self, order: control.Order, kind: type[T]) -> T:
        return msgspec.json.decode(control.ask(self._folder, order, timeout=_TIMEOUT), type=kind)


def find(project: str | None, hub: str | None) -> Source:
    """The project that is meant.

    Args:
        project: Id, beginning of one, or name; None for the variable, the task's, or the folder's.
        hub: The hub's address; None for the variable DOTSCIENCE_URL, the folder's, or that of ``ds set server-url``.

    Raises:
        NoProject: nothing says which, or not which hub.
        DotscienceError: there is no such project, or no login.
    """
    wanted = project or os.environ.get(PROJECT_VARIABLE)
    folder = os.environ.get(control.FOLDER_VARIABLE)
    if folder and hub is None and wanted in (None, os.environ.get(_TASKS_PROJECT)):
        return AgentSource(Path(folder))
    binding = Binding.find(Path.cwd())
    if wanted is None:
        if binding is None:
            raise NoProject(
                "This folder belongs to no project. Bind it with `ds init PROJECT`, or name one: runs(project=NAME)."
            )
        return BoundProject(binding.bound.url, binding.bound.project, binding.root, timeout=_TIMEOUT)
    known = binding.bound.url if binding is not None else None
    return _named(wanted, hub or os.environ.get("DOTSCIENCE_URL") or known or logins.chosen_hub())


def _named(project: str, hub: str | None) -> Source:
    if not hub:
        raise NoProject("No hub is known here. Name it with `ds set server-url URL`, or as runs(hub=URL).")
    url, here = normalize(hub), Path.cwd()
    found = BoundProject(url, "", here, timeout=_TIMEOUT).client().list_projects(query=ProjectQuery(ref=project)).items
    for matches in ([p for p in found if p.id == project], [p for p in found if p.name == project], found):
        if len(matches) == 1:
            return BoundProject(url, matches[0].id, here, timeout=_TIMEOUT)
        if matches:
            listed = ", ".join(match.id for match in matches)
            raise NoProject(f"{project!r} means several projects; say which by its id: {listed}.")
    raise NoProject(f"There is no project {project!r} for you at {url}; `ds project ls` lists yours.")


def in_workspace(file: str) -> str:
    """A file as the workspace names it: relative to its top, where the notebook is in a folder of it.

    Args:
        file: As typed: so already, or relative to the current folder.
    """
    binding = Binding.find(Path.cwd())
    root = binding.root if binding is not None else Path(os.environ.get(_ROOT) or ".").resolve()
    given = Path(os.path.normpath(Path.cwd().resolve() / file))  # not resolved: a link is a file of its own
    if given.is_relative_to(root) and (Path(file).is_absolute() or given.exists()):
        return given.relative_to(root).as_posix()
    return Path(file).as_posix()
