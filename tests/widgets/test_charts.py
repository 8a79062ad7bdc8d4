"""Scales: any finite numbers that runs have recorded can be drawn."""

from __future__ import annotations

import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from jupyter_dotscience.widgets import charts
from jupyter_dotscience.widgets.charts import Scale

MOST = sys.float_info.max
FINITE = st.floats(allow_nan=False, allow_infinity=False)
NEAR = FINITE.flatmap(
    lambda value: st.lists(st.integers(0, 40), min_size=1, max_size=4).map(
        lambda steps: [near for step in steps if math.isfinite(near := value + step * math.ulp(value))]
    )
)
"""Values that are next to each other, or almost."""


@given(st.lists(FINITE, min_size=1, max_size=5) | NEAR.filter(bool), st.booleans(), st.integers(3, 12))
@example([0.8807338318473926, 0.8807338318473927], False, 6)
@example([0.0, 5e-324], False, 6)
@example([1.7e308, 1.7e308], False, 6)
@example([-MOST, MOST], False, 6)
@example([5e-324, MOST], True, 6)
@example([1e-310, 3e-310], True, 5)
@example([2.5e-308, 3e-308], False, 6)
def test_every_finite_value_has_a_place(values: list[float], log: bool, most: int) -> None:
    """Ticks and places are finite and on the scale, in order, for values however large, small or near each other."""
    scale = Scale.of(values, 10.0, 110.0, log=log)
    assert -MOST <= scale.low <= min(values) <= max(values) <= scale.high <= MOST
    assert scale.low < scale.high
    ticks = scale.ticks(most)
    assert 1 <= len(ticks) <= 2 * most + 2
    assert all(scale.low <= tick <= scale.high for tick in ticks)
    assert ticks == sorted(set(ticks))
    for places in ([scale.at(tick) for tick in ticks], [scale.at(value) for value in sorted(values)]):
        assert all(10 - 1e-6 <= place <= 110 + 1e-6 for place in places)
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ([0.0, 1.0], [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        ([0.1, 0.3], [0.1, 0.15, 0.2, 0.25, 0.3]),
        ([3.0, 3.0], [2.7, 2.8, 2.9, 3.0, 3.1, 3.2, 3.3]),
    ],
)
def test_usual_values_have_round_ticks(values: list[float], ticks: list[float]) -> None:
    """Steps of 1, 2, 2.5 or 5 with zeros; one value is in the middle of its scale."""
    scale = Scale.of(values, 0.0, 100.0)
    assert scale.ticks() == pytest.approx(ticks)
    assert scale.at((values[0] + values[1]) / 2) == pytest.approx(50)


def test_a_curve_that_hardly_changes_is_drawn_flat() -> None:
    """Noise in the last digit is no mountain, and is no error either."""
    drawn = charts.line([0, 1, 2], [0.8807338318473926, 0.8807338318473927, None], "loss")
    assert drawn.count("102.0") == 2
    assert "nan" not in drawn


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_every_step_has_a_place(steps: list[int]) -> None:
    """Steps are whole numbers of 64 bits: more digits than a float has."""
    assert "nan" not in charts.line(steps, [1.0] * len(steps), "loss")
