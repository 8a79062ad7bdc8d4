"""One version with the runs that belong to it: those in notebooks and from kernels that nobody knows yet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import DotscienceError
from jupyter_dotscience.api.runs import RunReport

from .committers import Committer
from .notebooks import Notebooks

T = TypeVar("T")
_MOST = 1000
"""Runs in one order; the rest comes with the next version."""


@dataclass(frozen=True)
class Outcome:
    """What came of an attempt to make a version.

    Attributes:
        made: The committer's answer.
        runs: The runs it was given.
        notebooks: Number of runs, and what is wrong, by notebook.
    """

    made: control.Made
    runs: Sequence[RunReport] = ()
    notebooks: dict[str, tuple[int, str]] = field(default_factory=dict)


class Recorder:
    """Makes versions, with runs. Called from one thread at a time.

    Args:
        committer: Whom to ask.
        notebooks: Of the workspace.
    """

    def __init__(self, committer: Committer, notebooks: Notebooks) -> None:
        self._committer, self._notebooks = committer, notebooks
        self._seen: set[str] = set()

    def commit(
        self, message: str, published: Sequence[RunReport], keep: Sequence[str], *, patient: bool = False
    ) -> Outcome:
        """Make a version of the workspace as it is.

        Args:
            message: Empty: whoever makes it finds words.
            published: Runs that kernels have published since the last one.
            keep: Conflicting paths of which this workspace's version shall stand.
            patient: Large files that are being written may wait for a later version.

        Raises:
            DotscienceError: it cannot be made; the runs will be found again.
        """
        found = self._notebooks.look()
        fresh = self._fresh([*published, *found])
        later = fresh[_MOST:]
        try:
            order = control.Commit(message=message, runs=fresh[:_MOST], keep=list(keep), patient=patient)
            made = self._committer.ask(order, control.Made)
        except DotscienceError:
            self._notebooks.forget(run.id for run in found)
            raise
        self._notebooks.forget(run.id for run in later)
        self._seen.update(run.id for run in fresh[:_MOST])
        return Outcome(made, fresh[:_MOST], self._counts())

    def ask(self, order: control.Order, kind: type[T]) -> T:
        """Give another order."""
        return self._committer.ask(order, kind)

    def close(self) -> None:
        """No more orders."""
        self._committer.close()

    def _fresh(self, runs: Sequence[RunReport]) -> list[RunReport]:
        """Each run once, without those that the project has: a copied notebook, one of an earlier session."""
        unique = {run.id: run for run in reversed(runs) if run.id not in self._seen}
        fresh = [unique.pop(run.id) for run in runs if run.id in unique]
        if not fresh:
            return []
        known: set[str] = set()
        try:
            for start in range(0, len(fresh), _MOST):
                asked = [run.id for run in fresh[start : start + _MOST]]
                known.update(self._committer.ask(control.Known(runs=asked), control.KnownRuns).runs)
        except DotscienceError:
            return fresh  # The hub is away. It takes no run twice.
        self._seen |= known
        return [run for run in fresh if run.id not in known]

    def _counts(self) -> dict[str, tuple[int, str]]:
        return {path: (len(found.runs), found.error) for path, found in self._notebooks.found.items()}
