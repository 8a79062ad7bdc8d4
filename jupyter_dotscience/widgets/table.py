"""Runs as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jupyter_dotscience.api.runs import RunRow

from . import columns, markup, reading
from .columns import Column
from .errors import WidgetError
from .finding import Source
from .shown import Shown

if TYPE_CHECKING:
    import pandas as pd

_MOST_COLUMNS = 60
"""Of each group, in the widget."""
_STATIC_ROWS, _STATIC_COLUMNS = 100, 12
_TEXT_ROWS, _TEXT_CHARACTERS = 30, 24


class TableView:
    """What the table shows.

    Args:
        limit: At most so many runs.

    Raises:
        WidgetError: the limit is none.
    """

    name = "runs"
    pause = 5.0

    def __init__(self, limit: int) -> None:
        if not 1 <= limit <= 100_000:
            raise WidgetError("The limit must be a number from 1 to 100000.")
        self._limit = limit
        self.rows: list[RunRow] = []
        self._more = False

    def load(self, source: Source) -> bool:
        """Read the runs; True when something has changed."""
        rows, more = reading.newest_runs(source, self._limit)
        if (rows, more) == (self.rows, self._more):
            return False
        self.rows, self._more = rows, more
        return True

    def data(self) -> dict[str, Any]:
        """For the widget: columns of equal length."""
        rows = self.rows
        return {
            "runs": [row.id for row in rows],
            "more": self._more,
            "columns": [
                {
                    "group": column.group,
                    "name": columns.shortened(column.name),
                    "values": [columns.shortened(value) for value in column.values],
                }
                for column in columns.of_runs(rows, _MOST_COLUMNS)
                if column.group != "run" or any(column.values)
            ],
        }

    def html(self) -> str:
        """Without a script."""
        found = self._static()
        rows = [[column.values[place] or "" for column in found] for place in range(min(len(self.rows), _STATIC_ROWS))]
        shown = [[columns.shortened(cell) or "" for cell in row] for row in rows]
        return markup.table([column.name for column in found], shown, self._caption(len(rows)))

    def text(self) -> str:
        """In plain text."""
        found = self._static()
        rows = [
            [columns.shortened(column.values[place], _TEXT_CHARACTERS) or "" for column in found]
            for place in range(min(len(self.rows), _TEXT_ROWS))
        ]
        return self._caption(len(rows)) + "\n" + markup.text_table([column.name for column in found], rows)

    def _static(self) -> list[Column]:
        return [column for column in columns.of_runs(self.rows, _STATIC_COLUMNS) if any(column.values)]

    def _caption(self, shown: int) -> str:
        count = len(self.rows)
        if not count:
            return "No runs yet"
        more = " or more" if self._more else ""
        return f"{count}{more} runs" if shown == count else f"{count}{more} runs, the newest {shown}"


class RunsTable(Shown):
    """The project's runs as a table."""

    _view: TableView

    @property
    def df(self) -> pd.DataFrame:
        """The runs as a DataFrame: one row a run, numbers where all values of a column are numbers.

        Raises:
            WidgetError: pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise WidgetError("A DataFrame needs pandas: install it with `pip install pandas`.") from None
        rows = self._view.rows
        found: dict[str, Any] = {column.key: _typed(column) for column in columns.of_runs(rows)}
        found["created"] = pd.to_datetime([row.created for row in rows], utc=True)
        return pd.DataFrame(found, index=pd.Index([row.id for row in rows], name="run"))


def _typed(column: Column) -> list[Any]:
    if column.group != "run" and column.is_numeric():
        return list(column.numbers())
    return list(column.values)
