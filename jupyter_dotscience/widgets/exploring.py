"""Parameters against a summary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jupyter_dotscience.api.runs import RunRow

from . import charts, columns, markup, reading
from .columns import Column
from .errors import WidgetError
from .finding import Source

_MOST_AXES = 8
_STATIC_ROWS = 50


class ExploreView:
    """What the charts show.

    Args:
        x: Parameters; empty for those that vary.
        y: A summary; None for the one that most runs have.
        limit: At most so many runs.

    Raises:
        WidgetError: the limit is none.
    """

    name = "explore"
    pause = 10.0

    def __init__(self, x: Sequence[str], y: str | None, limit: int) -> None:
        if not 1 <= limit <= 100_000:
            raise WidgetError("The limit must be a number from 1 to 100000.")
        self._wanted, self._goal, self._limit = x, y, limit
        self._state: tuple[list[RunRow], bool] | None = None
        self._rows: list[RunRow] = []
        self._x: list[Column] = []
        self._y: list[Column] = []

    def load(self, source: Source) -> bool:
        """Read the runs; True when something has changed.

        Raises:
            WidgetError: no run has a column that was named.
        """
        state = reading.newest_runs(source, self._limit)
        if state == self._state:
            return False
        found = columns.of_runs(state[0])
        x = [_named(found, name, ("parameters", "labels", "summary")) for name in self._wanted] or _varying(found)
        y = [column for column in found if column.group == "summary" and _has_numbers(column)]
        if self._goal is not None:
            goal = _named(found, self._goal, ("summary", "parameters", "labels"))
            y = [goal, *(column for column in y if column.key != goal.key)]
        x, y = x[:_MOST_AXES], y[:_MOST_AXES]
        there = [at for at in range(len(state[0])) if any(column.values[at] is not None for column in [*x, *y])]
        self._x, self._y = [_only(column, there) for column in x], [_only(column, there) for column in y]
        self._rows, self._state = [state[0][at] for at in there], state
        return True

    def data(self) -> dict[str, Any]:
        """For the widget: columns of equal length, of which the first of ``y`` is the goal."""
        return {
            "runs": [row.id for row in self._rows],
            "descriptions": [columns.shortened(row.description) or "" for row in self._rows],
            "x": [_told(column) for column in self._x],
            "y": [_told(column) for column in self._y],
        }

    def html(self) -> str:
        """Without a script."""
        if not self._x or not self._y:
            return markup.element("p", self._nothing())
        x, y = self._x[0], self._y[0]
        parts = [charts.scatter(self._points(x, y), x.name, y.name)] if _has_numbers(x) else []
        if len(self._x) > 1:
            parts.append(charts.parallel([_axis(column) for column in [*self._x, y]], len(self._rows)))
        return markup.element("div", parts, self._table())

    def text(self) -> str:
        """In plain text."""
        if not self._x or not self._y:
            return self._nothing()
        return markup.text_table([column.name for column in self._shown()], self._cells())

    def _nothing(self) -> str:
        missing = "parameters that vary" if self._y else "summaries that are numbers"
        return f"There is nothing to draw yet: {len(self._rows)} runs, without {missing}."

    def _points(self, x: Column, y: Column) -> list[tuple[float, float, str]]:
        together = zip(x.numbers(), y.numbers(), self._rows, strict=True)
        return [
            (a, b, f"{row.description or row.id}: {x.name} {markup.shown(a)}, {y.name} {markup.shown(b)}")
            for a, b, row in together
            if a is not None and b is not None
        ]

    def _shown(self) -> list[Column]:
        return [*self._x, self._y[0]]

    def _cells(self) -> list[list[str]]:
        shown = self._shown()
        rows = range(min(len(self._rows), _STATIC_ROWS))
        return [[columns.shortened(column.values[row], 40) or "" for column in shown] for row in rows]

    def _table(self) -> str:
        cells = self._cells()
        caption = f"{len(self._rows)} runs" + (f", the newest {len(cells)}" if len(cells) < len(self._rows) else "")
        return markup.table([column.name for column in self._shown()], cells, caption)


def _has_numbers(column: Column) -> bool:
    return any(value is not None for value in column.numbers())


def _only(column: Column, there: Sequence[int]) -> Column:
    return Column(column.group, column.name, [column.values[at] for at in there])


def _named(found: Sequence[Column], name: str, groups: Sequence[str]) -> Column:
    """The column that a name means: in full, or the first group that has it."""
    for key in (name, *(f"{group}.{name}" for group in groups)):
        for column in found:
            if column.key == key and column.group != "run":
                return column
    there = ", ".join(column.name for column in found if column.group in ("parameters", "summary")) or "none yet"
    raise WidgetError(f"No run has a parameter or summary {name!r}. There are: {there}.")


def _varying(found: Sequence[Column]) -> list[Column]:
    varying = [c for c in found if c.group == "parameters" and len({v for v in c.values if v is not None}) > 1]
    return sorted(varying, key=lambda column: not column.is_numeric())


def _told(column: Column) -> dict[str, Any]:
    return {"name": columns.shortened(column.name), "values": [columns.shortened(value, 80) for value in column.values]}


def _axis(column: Column) -> tuple[str, Sequence[float | None], Sequence[str]]:
    """Numbers as they are, and text by its place in the alphabet."""
    if column.is_numeric():
        return column.name, column.numbers(), ()
    known = sorted({value for value in column.values if value is not None})
    at = {value: float(place) for place, value in enumerate(known)}
    return column.name, [at[value] if value is not None else None for value in column.values], known
