"""The curves of a run while it trains."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from jupyter_dotscience.api.runs import Points, Run, RunStatus

from . import charts, columns, markup
from .errors import WidgetError
from .finding import Source

_PAGE = 20_000
_LOOKED_AT = 50
"""The newest runs, among which the one that trains is looked for."""
_MOST_KEPT, _MOST_SENT = 100_000, 600
_MOST_CURVES, _STATIC_CURVES = 48, 12


@dataclass
class Line:
    """One curve as far as it is known: steps and values of equal length, None for what is no finite number."""

    steps: list[float] = field(default_factory=list)
    values: list[float | None] = field(default_factory=list)
    count: int = 0
    last: float | None = None

    def add(self, steps: list[int], values: list[float | str]) -> None:
        """What was logged since. A very long curve is kept thinned."""
        self.count += len(steps)
        self.steps += steps
        self.values += [value if isinstance(value, int | float) and math.isfinite(value) else None for value in values]
        self.last = self.values[-1] if self.values else None
        if len(self.steps) > _MOST_KEPT:
            self.steps, self.values = thinned(self.steps, self.values, _MOST_KEPT // 2)


class LiveView:
    """What the curves show.

    Args:
        run: Id or the beginning of one; None for the newest that trains, else the newest.
    """

    name = "live"
    pause = 1.0

    def __init__(self, run: str | None) -> None:
        self._wanted = run
        self._run: Run | None = None
        self._lines: dict[str, Line] = {}
        self._after = -1

    def load(self, source: Source) -> bool:
        """Read what was logged since; True when something has changed.

        Raises:
            WidgetError: there is no such run.
        """
        before = self._run
        if before is None or (self._wanted is None and before.status is not RunStatus.RUNNING):
            chosen = self._choose(source)
        else:
            chosen = before.id
        if chosen is None:
            return False
        if before is not None and before.id == chosen and before.status is not RunStatus.RUNNING:
            return False  # all of it was read
        found = source.run(chosen)  # before the points: what comes after it ended is read once more
        if before is None or before.id != found.id:
            self._lines, self._after = {}, -1
        grown = self._read(source, found.id)
        self._run = found
        return grown or found != before

    def data(self) -> dict[str, Any]:
        """For the widget: one pair of columns a curve."""
        run, lines = self._run, self._lines
        shown = sorted(lines.items())[:_MOST_CURVES]
        return {
            "run": run.id if run else "",
            "status": run.status.value if run else "",
            "description": (columns.shortened(run.description) or "") if run else "",
            "more": max(0, len(lines) - len(shown)),
            "curves": [_told(name, line) for name, line in shown],
        }

    def html(self) -> str:
        """Without a script."""
        if self._run is None:
            return markup.element("p", self._title())
        shown = sorted(self._lines.items())[:_STATIC_CURVES]
        drawn = [charts.line(*thinned(line.steps, line.values, _MOST_SENT), name) for name, line in shown]
        return markup.element("div", drawn, markup.table(_HEADINGS, self._figures(), self._title()))

    def text(self) -> str:
        """In plain text."""
        title = self._title()
        return title + "\n" + markup.text_table(_HEADINGS, self._figures()) if self._lines else title

    def _title(self) -> str:
        if self._run is None:
            return "No run is recorded yet."
        said = columns.shortened(self._run.description, 80)
        title = f"Run {self._run.id}, {self._run.status.value}" + (f": {said}" if said else "")
        return title if self._lines else f"{title}. It has logged no curves."

    def _figures(self) -> list[list[str]]:
        rows = []
        for name, line in sorted(self._lines.items())[:_MOST_CURVES]:
            there = [value for value in line.values if value is not None]
            figures = [line.last, min(there, default=None), max(there, default=None)]
            told = ["" if value is None else markup.shown(value) for value in figures]
            rows.append([columns.shortened(name, 80) or "", str(line.count), *told])
        return rows

    def _choose(self, source: Source) -> str | None:
        rows = source.runs(_LOOKED_AT, None).items
        if self._wanted is not None:
            matches = [row.id for row in rows if row.id.startswith(self._wanted)]
            return self._wanted if self._wanted in matches or len(matches) != 1 else matches[0]
        training = [row.id for row in rows if row.status is RunStatus.RUNNING]
        return next(iter([*training, *(row.id for row in rows)]), None)

    def _read(self, source: Source, run: str) -> bool:
        """Read all that is new, page by page."""
        grown = False
        while True:
            found = _whole_rows(source.points(run, self._after, _PAGE))
            if not found.curves:
                return grown
            grown = True
            for name, curve in found.curves.items():
                self._lines.setdefault(name, Line()).add(curve.steps, curve.values)
            self._after = max(curve.rows[-1] for curve in found.curves.values())


def thinned(steps: list[float], values: list[float | None], most: int) -> tuple[list[float], list[float | None]]:
    """At most about ``most`` points, of which each stretch keeps its least and its greatest, so that peaks stay."""
    if len(steps) <= most:
        return steps, values
    size = math.ceil(len(steps) / (most // 2))
    kept: list[int] = []
    for start in range(0, len(steps), size):
        there = [at for at in range(start, min(start + size, len(steps))) if values[at] is not None]
        ends = (
            [min(there, key=lambda at: values[at] or 0.0), max(there, key=lambda at: values[at] or 0.0)]
            if there
            else [start]
        )
        kept += sorted(set(ends))
    if kept[-1] != len(steps) - 1:
        kept.append(len(steps) - 1)
    return [steps[at] for at in kept], [values[at] for at in kept]


_HEADINGS = ("curve", "points", "last", "least", "greatest")


def _whole_rows(points: Points) -> Points:
    """Without the last row when the page was full: the rest of it comes with the next page."""
    count = sum(len(curve.rows) for curve in points.curves.values())
    if count < _PAGE:
        return points
    first = min(curve.rows[0] for curve in points.curves.values())
    last = max(curve.rows[-1] for curve in points.curves.values())
    if first == last:
        raise WidgetError("The run logs more than 20,000 curves at once; that is too many to draw.")
    for curve in points.curves.values():
        if curve.rows[-1] == last:
            for column in (curve.rows, curve.steps, curve.times, curve.values):
                column.pop()
    return Points(curves={name: curve for name, curve in points.curves.items() if curve.rows})


def _told(name: str, line: Line) -> dict[str, Any]:
    steps, values = thinned(line.steps, line.values, _MOST_SENT)
    return {"name": columns.shortened(name), "count": line.count, "steps": steps, "values": values}
