"""What can go wrong before anything is shown."""

from __future__ import annotations

from jupyter_dotscience.api.problems import DotscienceError


class NoProject(DotscienceError):
    """Nothing says which project to show."""


class WidgetError(DotscienceError):
    """A request that cannot be shown."""
