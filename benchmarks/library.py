"""One call of ``dotscience.log`` in a training loop, and the import of the library."""

from __future__ import annotations

import os
import sys

from . import library_log
from .rows import Figure, Options, Row

Times = dict[str, tuple[str, float, float, float]]


def run(options: Options) -> list[Row]:
    """Measure in this process, and in fresh ones."""
    options.scratch.joinpath("points").mkdir()
    path = list(sys.path)
    try:
        calls = library_log.calls(options.scratch / "points", options.scaled(100_000))
        imports = library_log.imports()
    finally:
        sys.path[:] = path
        os.environ.pop("DOTSCIENCE_POINTS_DIR", None)
    number = options.scaled(100_000)
    return [*_calls(calls, number), *_imports(imports)]


def _calls(found: Times, number: int) -> list[Row]:
    _, median, p99, worst = found["ds.log(step, loss, accuracy)"]
    bare = found["one write, bare"]
    how = f"{number:,} calls, written to the spool before each returns; max {worst:,.0f} us"
    one = Figure.one
    bare_median, bare_p99 = one(bare[1], number), one(bare[2], number)
    what, against = "`dotscience.log` of a step and two values, median", "one bare write(2)"
    return [
        Row(what, one(median, number), "us", how, bare_median, against, "20 us", median <= 20),
        Row("  p99", one(p99, number), "us", "", bare_p99, against, "200 us", p99 <= 200),
    ]  # fmt: skip


def _imports(found: Times) -> list[Row]:
    bare, ours = found["python -c pass"], found["import dotscience"]
    more = Figure.one(ours[1] - bare[1], library_log.STARTS)
    how = "median of a Python that imports it less that of one that imports nothing"
    return [
        Row("`import dotscience`", more, "ms", how, None, "", "30 ms", more.value <= 30),
    ]  # fmt: skip
