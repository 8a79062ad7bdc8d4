"""What changed in a large notebook, as the server extension tells its panel, beside `nbdiff`."""

from __future__ import annotations

import base64
import copy
import json
import random
import sys
from pathlib import Path
from typing import Any

from jupyter_dotscience.serverext import diffs

from . import clock
from .rows import Figure, Options, Row, at_most

CELLS = 200
PICTURE = 12_000
"""Bytes of each cell's picture, before base64: 3.2 MB in all."""
CHANGED = 10
TIMES = 7


def run(options: Options) -> list[Row]:
    """Make two versions, and compare them."""
    old = _notebook(random.Random(7))
    new = _changed(old)
    before, after = options.scratch / "before.ipynb", options.scratch / "after.ipynb"
    before.write_text(json.dumps(old))
    after.write_text(json.dumps(new))
    size = before.stat().st_size / 1e6
    first, second = before.read_bytes(), after.read_bytes()

    def ask() -> None:
        found = diffs.of_notebooks(first, second, "n.ipynb")
        assert found["diff"]

    ask()  # what stays loaded
    ours = Figure.of(clock.each(TIMES, ask)).scaled(1e3)
    peer = Figure.of(clock.each(3, lambda: _nbdiff(before, after))).scaled(1e3)
    what = f"difference of two notebooks, {CELLS} cells, {size:.1f} MB"
    how = f"{CHANGED} cells changed, with their pictures; in the server that stays loaded"
    return [Row(what, ours, "ms", how, peer, "nbdiff", "300 ms", at_most(ours, 300))]


def _nbdiff(before: Path, after: Path) -> None:
    clock.command([Path(sys.executable).parent / "nbdiff", "--no-color", before, after])


def _notebook(chance: random.Random) -> dict[str, Any]:
    return {
        "cells": [_cell(number, chance) for number in range(CELLS)],
        "metadata": {},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _cell(number: int, chance: random.Random) -> dict[str, Any]:
    picture = base64.b64encode(chance.randbytes(PICTURE)).decode()
    source = "".join(f"x{line} = model.fit(data[{number}], rate={chance.random():.4f})\n" for line in range(12))
    outputs = [
        {"output_type": "display_data", "metadata": {}, "data": {"image/png": picture, "text/plain": "<Figure>"}}
    ]
    return {
        "cell_type": "code", "id": f"cell-{number}", "metadata": {}, "source": source, "outputs": outputs,
        "execution_count": number,
    }  # fmt: skip


def _changed(notebook: dict[str, Any]) -> dict[str, Any]:
    new, chance = copy.deepcopy(notebook), random.Random(8)
    for number in range(0, CELLS, CELLS // CHANGED):
        cell = new["cells"][number]
        cell["source"] = cell["source"].replace("rate=0", "rate=1", 1)
        cell["outputs"] = _cell(number, chance)["outputs"]
    return new
