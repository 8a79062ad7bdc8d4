"""Charts as SVG without a script. The colour of lines and text is that of the page around them."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from .markup import Markup, element, shown

COLOUR: Final = "#3b82f6"
"""At least 3:1 against white and against black (WCAG 2.1, 1.4.11)."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 16.0, 24.0, 40.0
_STEPS: Final = (1.0, 2.0, 2.5, 5.0)
_GREATEST: Final = sys.float_info.max
_ALIKE: Final = 1e-12
"""Values are one value when they differ by less, as a share of the greatest: no tick could be told from the next."""
_LITTLE: Final = 1e-9
"""Of a step: 0.3 / 0.1 is a little less than 3."""
_TINY: Final = 1e-290
"""Values below are none for a margin: far from the floats that have fewer digits (below 2.3e-308)."""


@dataclass(frozen=True)
class Scale:
    """From values to places.

    Attributes:
        low: The smallest value, finite.
        high: The greatest, finite; clearly more than ``low``.
        start: Where ``low`` is.
        end: Where ``high`` is.
        log: Equal factors are equally far apart.
    """

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    @classmethod
    def of(cls, values: Sequence[float], start: float, end: float, *, log: bool = False) -> Scale:
        """A scale that holds all values; those that hardly differ are in its middle.

        Args:
            values: Finite ones.
            start: Where the smallest goes.
            end: Where the greatest goes.
            log: Equal factors are to be equally far apart, where values are positive and spread over a factor of 50.
        """
        low, high = float(min(values, default=0.0)), float(max(values, default=1.0))
        size = max(abs(low), abs(high))
        if high - low <= max(size * _ALIKE, _TINY):
            margin = size * 0.1 if size > 100 * _TINY else 1.0
            low, high = max(low - margin, -_GREATEST), min(high + margin, _GREATEST)
        wide = log and low > 0 and high / low >= 50
        return cls(low, high, start, end, wide)

    def at(self, value: float) -> float:
        """Where a value is."""
        low, high, value = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        # Halves: the difference of two large floats may be infinite.
        share = (value / 2 - low / 2) / (high / 2 - low / 2)
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 6) -> list[float]:
        """Round values to write beside it, all of them on it: as floats they may come to lie just beyond an end."""
        return [min(max(value, self.low), self.high) for value in self._round(most)]

    def _round(self, most: int) -> list[float]:
        if self.log:
            powers = range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1)
            return [10.0**power for power in powers[:: max(1, len(powers) // most)]]
        rough = (self.high / most) - (self.low / most)
        power = 10.0 ** math.floor(math.log10(rough))
        step = next((factor * power for factor in _STEPS if factor * power >= rough), 10.0 * power)
        first, last = math.ceil(self.low / step - _LITTLE), math.floor(self.high / step + _LITTLE)
        return [number * step for number in range(first, last + 1)]


def scatter(points: Sequence[tuple[float, float, str]], x: str, y: str) -> Markup:
    """One dot for each run.

    Args:
        points: (x, y, what it is).
        x: The name of the axis.
        y: The name of the axis.
    """
    width, height = 640.0, 360.0
    across = Scale.of([point[0] for point in points], _LEFT, width - _RIGHT, log=True)
    up = Scale.of([point[1] for point in points], height - _BOTTOM, _TOP)
    dots = [
        element(
            "circle", element("title", said), cx=across.at(at_x), cy=up.at(at_y), r=4, fill=COLOUR, fill_opacity=0.75
        )
        for at_x, at_y, said in points
    ]
    return picture(f"{y} against {x}", width, height, _frame(across, up, x), dots)


def line(steps: Sequence[float], values: Sequence[float | None], name: str) -> Markup:
    """One curve; None leaves a gap."""
    width, height = 400.0, 220.0
    across = Scale.of(steps, _LEFT, width - _RIGHT)
    up = Scale.of([value for value in values if value is not None], height - _BOTTOM, _TOP)
    path, pen = [], "M"
    for step, value in zip(steps, values, strict=True):
        if value is None:
            pen = "M"
            continue
        path.append(f"{pen}{across.at(step):.1f},{up.at(value):.1f}")
        pen = "L"
    drawn = element("path", d="".join(path), fill="none", stroke=COLOUR, stroke_width=1.8)
    return picture(name, width, height, _frame(across, up, "step"), [drawn])


def parallel(axes: Sequence[tuple[str, Sequence[float | None], Sequence[str]]], runs: int) -> Markup:
    """Parallel coordinates: an axis for each column, a line for each run.

    Args:
        axes: (name, place by run, names of places for text or nothing for numbers).
        runs: How many.
    """
    width, height = max(320.0, 130.0 * len(axes)), 320.0
    places = [80.0 + number * (width - 160) / max(1, len(axes) - 1) for number in range(len(axes))]
    scales = [Scale.of([v for v in values if v is not None], height - 24, 40) for _, values, _ in axes]
    drawn = []
    for run in range(runs):
        dots = [
            f"{place:.1f},{scale.at(value):.1f}"
            for place, scale, (_, values, _) in zip(places, scales, axes, strict=True)
            if (value := values[run]) is not None
        ]
        drawn.append(
            element("polyline", points=" ".join(dots), fill="none", stroke=COLOUR, stroke_opacity=0.6, stroke_width=1.5)
        )
    for place, scale, (name, _, words) in zip(places, scales, axes, strict=True):
        drawn += _axis(place, scale, name, words)
    return picture("Parallel coordinates of " + ", ".join(axis[0] for axis in axes), width, height, drawn)


def picture(name: str, width: float, height: float, *parts: Sequence[str]) -> Markup:
    """A drawing with a name for those who do not see it."""
    return element(
        "svg", element("title", name), *parts, xmlns="http://www.w3.org/2000/svg", role="img", aria_label=name,
        viewBox=f"0 0 {width:.0f} {height:.0f}", width=round(width), height=round(height), font_size=12,
        font_family="sans-serif", fill="currentColor", style="max-width:100%;height:auto",
    )  # fmt: skip


def words(text: str, x: float, y: float, anchor: str = "middle", most: int = 40) -> Markup:
    """Text in a drawing."""
    cut = text if len(text) <= most else text[: most - 1] + "…"
    return element("text", cut, x=x, y=y, text_anchor=anchor)


def stroke(x1: float, y1: float, x2: float, y2: float, opacity: float = 0.2) -> Markup:
    """A straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, stroke="currentColor", stroke_opacity=opacity)


def _frame(across: Scale, up: Scale, x: str) -> list[Markup]:
    parts = []
    for tick in up.ticks():
        parts += [stroke(across.start, up.at(tick), across.end, up.at(tick))]
        parts += [words(shown(tick), across.start - 6, up.at(tick) + 4, "end", 10)]
    for tick in across.ticks(5):
        parts += [stroke(across.at(tick), up.start, across.at(tick), up.start + 4, 0.6)]
        parts += [words(shown(tick), across.at(tick), up.start + 16, most=10)]
    return [*parts, words(x, (across.start + across.end) / 2, up.start + 32)]


def _axis(place: float, scale: Scale, name: str, values: Sequence[str]) -> list[Markup]:
    parts = [stroke(place, scale.start, place, scale.end, 0.6), words(name, place, scale.end - 16, most=18)]
    ticks = [(float(at), value) for at, value in enumerate(values)] or [(at, shown(at)) for at in scale.ticks(5)]
    return parts + [words(value, place - 6, scale.at(at) + 4, "end", 10) for at, value in ticks[:12]]
