"""Runs as columns: what a table and charts are made of."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from jupyter_dotscience.api.runs import RunRow

GROUPS: Final = ("parameters", "summary", "labels")
LONGEST_TEXT: Final = 300
"""Characters of a value that are shown."""


@dataclass(frozen=True)
class Column:
    """One value for each run.

    Attributes:
        group: ``run`` for what every run has, or one of GROUPS.
        name: Within the group.
        values: None where a run has none.
    """

    group: str
    name: str
    values: Sequence[str | None]

    @property
    def key(self) -> str:
        """Its name in full, as in the API's filters: ``summary.accuracy``."""
        return self.name if self.group == "run" else f"{self.group}.{self.name}"

    def numbers(self) -> list[float | None]:
        """The values as finite numbers; None for what is none."""
        return [number(value) for value in self.values]

    def is_numeric(self) -> bool:
        """Whether there are values, and all of them are numbers."""
        there = [value for value in self.values if value is not None]
        return bool(there) and all(number(value) is not None for value in there)


def number(text: str | None) -> float | None:
    """A value as a finite number, if it is one."""
    try:
        found = float(text) if text is not None else math.nan
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def of_runs(rows: Sequence[RunRow], most: int | None = None) -> list[Column]:
    """All columns of these runs: what every run has, then parameters, summaries and labels, each by how many have it.

    Args:
        rows: The runs.
        most: At most so many of each group.
    """
    facts = [
        Column("run", "created", [row.created.isoformat(timespec="seconds") for row in rows]),
        Column("run", "status", [row.status.value for row in rows]),
        Column("run", "description", [row.description for row in rows]),
        Column("run", "author", [row.author for row in rows]),
    ]
    for group in GROUPS:
        told: list[Mapping[str, str]] = [getattr(row, group) for row in rows]
        facts += [Column(group, name, [values.get(name) for values in told]) for name in _names(told, most)]
    return facts


def _names(told: Iterable[Mapping[str, str]], most: int | None) -> list[str]:
    counts = Counter(name for values in told for name in values)
    return [name for name, _ in sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:most]]


def shortened(text: str | None, most: int = LONGEST_TEXT) -> str | None:
    """A value as it is shown: cut where it is very long."""
    return text if text is None or len(text) <= most else text[: most - 1] + "…"
