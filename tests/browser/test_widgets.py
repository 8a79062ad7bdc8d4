"""The widgets in JupyterLab, as a person sees them."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.runs import RunReport, RunStatus
from tests.require import require
from tests.serverext.conftest import Study
from tests.serverext.server import Jupyter, wait_for
from tests.services.chromium import accessibility_problems
from tests.widgets.conftest import Notebook

from .jupyterlab import notebook

pytestmark = pytest.mark.thorough

WIDGET = ".dotscience-widget"
TRAINING = """\
import pathlib, time
from IPython.display import display
display(widgets.live())
while not pathlib.Path("enough").exists():
    time.sleep(0.1)
"""
HOSTILE = "<img src=x onerror=alert(1)>"


@contextlib.contextmanager
def lab(page: Any, study: Study, folder: Path, theme: str = "JupyterLab Light") -> Iterator[Jupyter]:
    """JupyterLab with the notebook of a folder in front; left before its server ends."""
    try:
        import anywidget  # noqa: F401
    except ImportError:
        require(False, "anywidget (pip install anywidget)")
    with study.jupyter(folder) as server:
        setting = "lab/api/settings/@jupyterlab/apputils-extension:themes"
        assert server.request("PUT", setting, {"raw": json.dumps({"theme": theme})}).status == 204
        page.goto(f"{server.url}lab/tree/look.ipynb?token={server.token}&reset")
        page.wait_for_selector("#jupyterlab-splash", state="detached", timeout=90_000)
        page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").first.wait_for()
        yield server
        page.goto("about:blank")


def show(page: Any, number: int) -> Any:
    """Run a code cell; its widget."""
    cell = page.locator(".jp-Notebook .jp-CodeCell").nth(number)

    def is_run() -> bool:
        # JupyterLab loses what is typed while it reloads a notebook that it has just opened.
        cell.locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
        page.wait_for_timeout(1000)
        return "[ ]" not in cell.locator(".jp-InputPrompt").inner_text()

    wait_for(is_run, "the cell to be run")
    widget = cell.locator(WIDGET)
    widget.wait_for()
    return widget


def descriptions(widget: Any) -> list[str]:
    """What the table's rows are about, from top to bottom."""
    return list(widget.locator("tbody td:nth-child(3)").all_inner_texts())


def prepare(study: Study, *cells: str) -> tuple[Notebook, Path]:
    """A project with three runs, and a folder of it with a notebook."""
    project = Notebook(study)
    for rate, accuracy in ((0.1, 0.91), (0.01, 0.97), (0.001, 0.62)):
        values = {"rate": str(rate), "optimizer": "adam" if rate < 0.1 else "sgd"}
        project.record(
            f"rate-{rate}", description=f"rate {rate}", parameters=values, summary={"accuracy": str(accuracy)}
        )
    folder = study.clone(study.project)
    (folder / "look.ipynb").write_text(
        json.dumps(notebook(*(f"from jupyter_dotscience import widgets\n{c}" for c in cells)))
    )
    return project, folder


def test_the_table_is_sorted_and_filtered_and_goes_on_by_itself(page: Any, study: Study) -> None:
    """A click sorts, a word or a comparison filters, a new run appears by itself; hostile text is text."""
    project, folder = prepare(study, "widgets.runs()")
    with lab(page, study, folder):
        widget = show(page, 0)
        widget.get_by_role("button", name="accuracy").click()
        assert descriptions(widget) == ["rate 0.001", "rate 0.1", "rate 0.01"]
        widget.get_by_role("button", name="accuracy").press("Enter")
        assert descriptions(widget) == ["rate 0.01", "rate 0.1", "rate 0.001"]
        widget.get_by_label("Filter runs").fill("adam accuracy>0.9")
        widget.get_by_text("1 of 3 runs").wait_for()
        assert descriptions(widget) == ["rate 0.01"]
        widget.get_by_label("Filter runs").fill("")
        project.record("hostile", description=HOSTILE, summary={"accuracy": "0.99", HOSTILE: HOSTILE})
        widget.get_by_text("4 runs").wait_for()
        assert descriptions(widget)[0] == HOSTILE
        assert widget.locator("img").count() == 0
        assert accessibility_problems(page, WIDGET) == []


def test_charts_are_worked_by_keyboard_and_in_the_dark_theme(page: Any, study: Study) -> None:
    """Both charts tell a run's values to whoever reaches it, and can be read in the dark theme."""
    _, folder = prepare(study, "widgets.explore()")
    with lab(page, study, folder, "JupyterLab Dark"):
        page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
        widget = show(page, 0)
        assert widget.locator("circle").count() == 3
        widget.locator("circle").first.focus()
        page.keyboard.press("ArrowRight")
        widget.get_by_text("rate 0.01: ").wait_for()
        assert accessibility_problems(page, WIDGET) == []
        widget.get_by_role("button", name="Parallel coordinates").click()
        assert widget.locator("polyline").count() == 3
        assert accessibility_problems(page, WIDGET) == []


def test_curves_grow_while_a_run_trains(page: Any, study: Study) -> None:
    """What is logged after the cell was run is drawn, while the kernel works; the arrow keys read the curve."""
    project, folder = prepare(study, TRAINING)
    project.record("training", status=RunStatus.RUNNING, description="A long training")
    project.log(
        "training", 0, [{"loss": math.exp(-step / 9), "accuracy": 1 - math.exp(-step / 7)} for step in range(30)]
    )
    with lab(page, study, folder):
        widget = show(page, 0)
        widget.get_by_text("at step 29").first.wait_for()
        project.log("training", 30, [{"loss": 0.03, "accuracy": 0.97}, {"loss": "NaN", "accuracy": 0.98}])
        widget.get_by_text("0.98 at step 31").wait_for()
        widget.get_by_role("slider", name="accuracy").press("Home")
        widget.get_by_text("0 at step 0").wait_for()
        assert accessibility_problems(page, WIDGET) == []
        (folder / "enough").touch()


def test_the_origin_of_a_file_is_a_path_through_runs(page: Any, study: Study) -> None:
    """Each file and run on the way is a box that tells what is known of it."""
    project, folder = prepare(study, "widgets.provenance('model.bin')")
    project.commit({"raw.csv": "1"})
    project.commit(
        {"clean.csv": "2"}, RunReport(id="clean", description="Clean", inputs=["raw.csv"], outputs=["clean.csv"])
    )
    train = RunReport(
        id="train", description="Train", parameters={"rate": "0.1"}, inputs=["clean.csv"], outputs=["model.bin"]
    )
    project.commit({"model.bin": "3"}, train)
    with lab(page, study, folder):
        widget = show(page, 0)
        assert widget.locator("g[data-node]").count() == 5
        widget.get_by_role("button", name="run Train, from clean.csv").click()
        widget.locator("dd", has_text="0.1").wait_for()
        assert accessibility_problems(page, WIDGET) == []
