"""What a benchmark is told, and what it answers."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Options:
    """What a benchmark is told.

    Attributes:
        scratch: A folder of its own, removed afterwards.
        tools: Where peers are installed, kept between runs.
        quick: A tenth of everything: for trying whether it works, not for figures.
        image: A container image with Python that the engine already has.
    """

    scratch: Path
    tools: Path
    quick: bool = False
    image: str = "python:3"

    def scaled(self, number: int) -> int:
        """A size: all of it, or a tenth where it is to be quick."""
        return max(1, number // 10) if self.quick else number


@dataclass(frozen=True)
class Figure:
    """A measured value: the median of ``n``, and between what they lay; ``beyond`` when it was given up at that."""

    value: float
    low: float
    high: float
    n: int = 1
    beyond: bool = False

    @classmethod
    def of(cls, values: Iterable[float]) -> Figure:
        """The median of several."""
        ordered = sorted(values)
        return cls(statistics.median(ordered), ordered[0], ordered[-1], len(ordered))

    @classmethod
    def one(cls, value: float, n: int = 1) -> Figure:
        """A value that stands for itself, such as a rate over a whole run or a percentile of ``n``."""
        return cls(value, value, value, n)

    def scaled(self, factor: float) -> Figure:
        """In another unit."""
        return Figure(self.value * factor, self.low * factor, self.high * factor, self.n, self.beyond)


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        what: What was measured.
        ours: None where it could not be measured; ``how`` says why.
        unit: Of both figures. A unit with "/s" is better when greater, any other when smaller.
        how: In which way, in a few words.
        peer: The same with what people use today, or the floor that the machine sets.
        against: What ``peer`` is.
        target: Of docs/reference/performance.md, in words.
        met: Whether it is met; None where there is no target.
    """

    what: str
    ours: Figure | None
    unit: str
    how: str = ""
    peer: Figure | None = None
    against: str = ""
    target: str = ""
    met: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours through the peer's."""
        return self.ours.value / self.peer.value if self.ours and self.peer and self.peer.value else None


def at_most(figure: Figure, limit: float) -> bool:
    """Whether a figure is no more than its target."""
    return figure.value <= limit


def skipped(what: str, why: str) -> Row:
    """The row of something that cannot be measured here."""
    return Row(what, None, "", how=f"not measured: {why}")


def percentile(values: Sequence[float], share: float) -> Figure:
    """The value that ``share`` of all stay below (nearest rank)."""
    ordered = sorted(values)
    return Figure.one(ordered[max(0, math.ceil(len(ordered) * share) - 1)], len(ordered))


def text(figure: Figure | None, unit: str) -> str:
    """For a table: ``12.3 ms (n=7, 11.0-15.2)``."""
    if figure is None:
        return "-"
    spread = f" (n={figure.n:,}" if figure.n > 1 else ""
    spread += f", {short(figure.low)}-{short(figure.high)})" if figure.low != figure.high else ")" * bool(spread)
    return f"{'> ' if figure.beyond else ''}{short(figure.value)} {unit}{spread}".strip()


def short(value: float) -> str:
    """Three digits that mean something."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


Benchmark = Callable[[Options], list[Row]]
