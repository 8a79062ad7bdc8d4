"""A project's runs in a notebook: ``runs()``, ``explore()``, ``live()``, ``provenance()``.

Each answers something that a notebook shows: with anywidget installed it is alive while the notebook is open, and
beside it, or alone where anywidget is missing, stand HTML and text that need no script, for nbconvert and code hosts.
Which project: the one of the task's JupyterLab, else of the folder (``ds clone``, ``ds init``), else the one named by
``project=`` or the variable DOTSCIENCE_PROJECT; with the login of ``ds login``. See docs/howto/widgets.md.

::

    DotscienceError
    ├── NoProject         nothing says which project
    └── WidgetError       a request that cannot be shown
"""

from __future__ import annotations

from collections.abc import Sequence

from . import finding
from .ancestry import AncestryView
from .curves import LiveView
from .errors import NoProject, WidgetError
from .exploring import ExploreView
from .shown import Shown
from .table import RunsTable, TableView

__all__ = ["NoProject", "RunsTable", "Shown", "WidgetError", "explore", "live", "provenance", "runs"]


def runs(*, project: str | None = None, hub: str | None = None, limit: int = 200) -> RunsTable:
    """A table of the project's runs, newest first, that goes on as runs are recorded.

    Args:
        project: Id, beginning of one, or name; by default the folder's project.
        hub: The hub's address, where neither the folder nor ``ds set server-url`` says it.
        limit: At most so many runs.

    Raises:
        DotscienceError: no project, no login, no hub; the text says what to do.
    """
    return RunsTable(TableView(limit), finding.find(project, hub))


def explore(
    x: str | Sequence[str] | None = None,
    y: str | None = None,
    *,
    project: str | None = None,
    hub: str | None = None,
    limit: int = 1000,
) -> Shown:
    """Parameters against a summary: a scatter plot, and parallel coordinates.

    Args:
        x: A parameter, or several; by default those that vary.
        y: A summary; by default the one that most runs have.
        project: As for :func:`runs`.
        hub: As for :func:`runs`.
        limit: At most so many runs, the newest.

    Raises:
        WidgetError: no run has such a column.
        DotscienceError: as for :func:`runs`.
    """
    wanted = [x] if isinstance(x, str) else list(x or ())
    return Shown(ExploreView(wanted, y, limit), finding.find(project, hub))


def live(run: str | None = None, *, project: str | None = None, hub: str | None = None) -> Shown:
    """The curves that a run logs, while it trains.

    Args:
        run: Its id or the beginning of one; by default the newest run that trains, else the newest.
        project: As for :func:`runs`.
        hub: As for :func:`runs`.

    Raises:
        WidgetError: there is no such run.
        DotscienceError: as for :func:`runs`.
    """
    return Shown(LiveView(run), finding.find(project, hub))


def provenance(file: str, *, project: str | None = None, hub: str | None = None) -> Shown:
    """Where a file comes from: the run that wrote it, that run's inputs, the runs that wrote those, to the start.

    Args:
        file: Its path in the workspace, or relative to the current folder.
        project: As for :func:`runs`.
        hub: As for :func:`runs`.

    Raises:
        WidgetError: the project has no such file.
        DotscienceError: as for :func:`runs`.
    """
    return Shown(AncestryView(finding.in_workspace(file)), finding.find(project, hub))
