"""What a notebook shows of a project, without a browser: text, HTML, DataFrame, and the widget's data."""

from __future__ import annotations

import html.parser
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience import widgets
from jupyter_dotscience.api import control
from jupyter_dotscience.api.problems import DotscienceError, NotLoggedIn
from jupyter_dotscience.api.runs import RunReport, RunStatus
from jupyter_dotscience.client.bound import BoundProject
from jupyter_dotscience.widgets import NoProject, WidgetError
from jupyter_dotscience.widgets.ancestry import Ancestry
from jupyter_dotscience.widgets.curves import LiveView, thinned
from jupyter_dotscience.workspace.binding import Binding
from tests.serverext.server import wait_for

from .conftest import Notebook

VIEW = "application/vnd.jupyter.widget-view+json"
HOSTILE = "</td><script>alert(1)</script><img src=x onerror=alert(1)>\"'&"


class Elements(html.parser.HTMLParser):
    """Which elements and attributes there are in HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data


def project(notebook: Notebook) -> BoundProject:
    """The notebook's project, as the widgets see it."""
    return BoundProject(notebook.study.hub.url, notebook.project, Path.cwd())


def test_runs_are_text_html_and_a_data_frame(notebook: Notebook) -> None:
    """All forms have every run; in the DataFrame numbers are numbers, and what a run lacks is missing."""
    notebook.record("one", description="first", parameters={"rate": "0.1", "kind": "a"}, summary={"accuracy": "0.5"})
    notebook.record("two", parameters={"rate": "1e-3"}, labels={"team": "blue"})
    table = widgets.runs()
    assert "2 runs" in repr(table)
    assert "first" in repr(table)
    assert "0.5" in Elements(table._repr_html_()).words
    frame = table.df
    assert list(frame.index) == ["two", "one"]
    assert frame.loc["one", "summary.accuracy"] == 0.5
    assert frame["parameters.rate"].tolist() == [0.001, 0.1]
    assert frame["summary.accuracy"].isna().tolist() == [True, False]
    assert str(frame["created"].dt.tz) == "UTC"


def test_a_data_frame_without_pandas_says_what_to_install(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without pandas everything else works, and this says how to get it."""
    monkeypatch.setitem(sys.modules, "pandas", None)
    table = widgets.runs()
    assert "No runs yet" in repr(table)
    with pytest.raises(WidgetError, match="pip install pandas"):
        _ = table.df


def test_without_anywidget_the_static_forms_remain(notebook: Notebook, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same call shows the same, only that nothing moves."""
    notebook.record("one", description="first")
    monkeypatch.delitem(sys.modules, "jupyter_dotscience.widgets.widget", raising=False)
    monkeypatch.delattr(widgets, "widget", raising=False)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    data, _ = widgets.runs()._repr_mimebundle_()
    assert set(data) == {"text/plain", "text/html"}
    assert "first" in data["text/html"]


def test_nothing_that_a_project_holds_is_markup(notebook: Notebook) -> None:
    """Names, values, paths and curves with HTML in them are shown as what they are, in every static form."""
    values = {HOSTILE: HOSTILE, "n": "1"}
    name = "<script>alert(1)"
    notebook.record("one", description=HOSTILE, parameters=values, summary=values, labels=values)
    notebook.record("two", parameters={"n": "2", HOSTILE: "b"}, summary={"n": "2"})
    notebook.log("one", 0, [{HOSTILE: 1.0}, {HOSTILE: 2.0}])
    notebook.commit({name: "1"}, RunReport(id="three", description=HOSTILE, outputs=[name]))
    shown = [widgets.runs(), widgets.explore(), widgets.live("one"), widgets.provenance(name)]
    for item in shown:
        found = Elements(item._repr_html_())
        assert "alert(1)" in found.words
        assert not found.tags & {"script", "img"}
        assert not any(attribute.startswith("on") for attribute in found.attributes)


def test_a_widget_follows_the_project_and_ends_with_it(notebook: Notebook) -> None:
    """What is displayed is brought up to date by itself; a page that goes away stops that; an outage is said."""
    table = widgets.runs()
    data, _ = table._repr_mimebundle_()
    assert {VIEW, "text/html", "text/plain"} <= set(data)
    widget: Any = table._widget
    notebook.record("one", parameters={"rate": "0.1"})
    wait_for(lambda: widget.data["runs"] == ["one"], "the new run")
    assert {"group": "parameters", "name": "rate", "values": ["0.1"]} in widget.data["columns"]
    assert len(widget._esm) + len(widget._css) < 60_000
    widget._hear(widget, {"kind": "seen", "page": "p", "visible": False}, [])
    assert not widget._feed._is_seen()
    table._source._url = "http://127.0.0.1:9"  # type: ignore[attr-defined]
    table._source._client = None  # type: ignore[attr-defined]
    widget._hear(widget, {"kind": "seen", "page": "p", "visible": True}, [])
    wait_for(lambda: widget.note, "a word about it")
    table.close()
    assert table._widget is None


def test_explore_takes_columns_by_name(notebook: Notebook) -> None:
    """Names are taken with and without their group; one that no run has is an error that lists those there are."""
    for number in range(3):
        values = {"rate": str(10.0**-number), "kind": "ab"[number % 2], "same": "1"}
        notebook.record(f"run{number}", parameters=values, summary={"accuracy": str(number / 2), "loss": "0"})
    by_itself = widgets.explore()._view.data()
    assert {column["name"] for column in by_itself["x"]} == {"rate", "kind"}
    named = widgets.explore(x="parameters.rate", y="loss")._view.data()
    assert [column["name"] for column in named["x"]] == ["rate"]
    assert [column["name"] for column in named["y"]] == ["loss", "accuracy"]
    drawn = Elements(widgets.explore(x=["rate", "kind"])._repr_html_())
    assert {"svg", "circle", "polyline", "table"} <= drawn.tags
    with pytest.raises(WidgetError, match=r"There are: .*accuracy"):
        widgets.explore(x="momentum")


def test_live_follows_the_newest_run_that_trains(notebook: Notebook) -> None:
    """Only what is new is read; the next run takes the place of one that has ended."""
    notebook.record("first", status=RunStatus.RUNNING)
    notebook.log("first", 0, [{"loss": 1.0, "odd": "NaN"}, {"loss": 0.5}])
    source, view = project(notebook), LiveView(None)
    assert view.load(source)
    assert not view.load(source)
    notebook.log("first", 2, [{"loss": 0.25}])
    assert view.load(source)
    curves = {curve["name"]: curve for curve in view.data()["curves"]}
    assert curves["loss"]["values"] == [1.0, 0.5, 0.25]
    assert curves["odd"]["values"] == [None]
    notebook.record("second", status=RunStatus.SUCCEEDED)
    assert not view.load(source)
    assert "no such" not in view.text()
    with pytest.raises(DotscienceError, match="no run"):
        widgets.live("missing")


def test_a_thinned_curve_keeps_its_peaks() -> None:
    """The least and the greatest value of a long curve are still there, in their places, and the last point."""
    steps = [float(step) for step in range(10_000)]
    values: list[float | None] = [0.0] * 10_000
    values[1234], values[5678], values[7000] = 9.0, -9.0, None
    kept_steps, kept = thinned(steps, values, 600)
    assert len(kept) <= 700
    assert dict(zip(kept_steps, kept, strict=True))[1234.0] == 9.0
    assert dict(zip(kept_steps, kept, strict=True))[5678.0] == -9.0
    assert kept_steps[-1] == 9999.0
    assert kept_steps == sorted(kept_steps)


def test_provenance_goes_back_to_the_start(notebook: Notebook) -> None:
    """A file leads to its run, that to the version of its inputs that it read, and so on; not to a later one."""
    notebook.commit({"raw.csv": "1"})
    notebook.commit({"clean.csv": "2"}, RunReport(id="clean", inputs=["raw.csv"], outputs=["clean.csv"]))
    train = RunReport(id="train", parameters={"rate": "0.1"}, inputs=["clean.csv"], outputs=["model.bin"])
    notebook.commit({"model.bin": "3"}, train)
    notebook.commit({"clean.csv": "4"}, RunReport(id="again", inputs=["raw.csv"], outputs=["clean.csv"]))
    told = Ancestry(project(notebook), "model.bin").nodes
    assert [(node.kind, node.depth) for node in told] == [
        ("file", 0), ("run", 1), ("file", 2), ("run", 3), ("file", 4),
    ]  # fmt: skip
    lines = [line.strip().split("  [")[0] for line in repr(widgets.provenance("model.bin")).splitlines()]
    assert lines == ["model.bin", "run train", "clean.csv", "run clean", "raw.csv"]
    with pytest.raises(WidgetError, match=r"no file 'nothing\.txt'"):
        widgets.provenance("nothing.txt")


def test_provenance_ends_where_a_run_reads_what_it_writes(notebook: Notebook) -> None:
    """A file that is made from itself has no end; each version is told once."""
    notebook.commit({"state": "1"}, RunReport(id="one", inputs=["state"], outputs=["state"]))
    notebook.commit({"state": "2"}, RunReport(id="two", inputs=["state"], outputs=["state"]))
    told = Ancestry(project(notebook), "state").nodes
    assert len([node for node in told if node.kind == "run"]) <= 2
    assert repr(widgets.provenance("state"))


def test_which_project_is_found_or_asked_for(
    notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The folder's, or one by name, id or the variable; where nothing says which, that is said, and what to do."""
    notebook.record("one", description="here")
    assert Binding.find(Path.cwd()) is not None
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    with pytest.raises(NoProject, match="ds init"):
        widgets.runs()
    assert "here" in repr(widgets.runs(project=notebook.project[:30]))
    monkeypatch.setenv("DOTSCIENCE_PROJECT", notebook.project)
    assert "here" in repr(widgets.runs())
    with pytest.raises(NoProject, match="ds project ls"):
        widgets.runs(project="nobody has this")
    monkeypatch.delenv("DOTSCIENCE_TOKEN")
    monkeypatch.setenv("DOTSCIENCE_CONFIG_DIR", str(tmp_path / "none"))
    with pytest.raises(NotLoggedIn, match="ds login"):
        widgets.runs()


def test_on_a_runner_the_agent_answers(notebook: Notebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a task's JupyterLab everything comes over the control socket, without a login or a way to the hub."""
    from dotscience_runner.agent.control import ControlSocket

    from jupyter_dotscience.client.remote import ProjectView
    from jupyter_dotscience.workspace.orders import Orders

    notebook.commit({"a.txt": "1"}, RunReport(id="made", outputs=["a.txt"], description="by agent"))
    notebook.record("live", status=RunStatus.RUNNING)
    notebook.log("live", 0, [{"loss": 0.5}])
    orders = Orders.__new__(Orders)  # reading needs no committer
    orders._project = ProjectView(notebook.client, notebook.project)
    folder = tmp_path / "control"
    for name in ("DOTSCIENCE_URL", "DOTSCIENCE_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv(control.FOLDER_VARIABLE, str(folder))
    monkeypatch.setenv("DOTSCIENCE_PROJECT_ID", notebook.project)
    with ControlSocket(folder, orders.answer):
        assert "by agent" in repr(widgets.runs())
        assert "loss" in repr(widgets.live())
        assert "by agent" in repr(widgets.provenance("a.txt"))
    with pytest.raises(DotscienceError, match="agent of this runner does not answer"):
        widgets.runs()


def test_a_notebook_becomes_a_page_that_needs_no_script(notebook: Notebook, tmp_path: Path) -> None:
    """The page that nbconvert makes shows tables and drawings that were made by Python."""
    notebook.record("one", description="shown", parameters={"rate": "0.1"}, summary={"accuracy": "0.5"})
    notebook.record("two", description="shown too", parameters={"rate": "0.2"}, summary={"accuracy": "0.7"})
    notebook.log("two", 0, [{"loss": 0.5}, {"loss": 0.25}])
    notebook.commit({"a.txt": "1"}, RunReport(id="made", outputs=["a.txt"]))
    calls = ("runs()", "explore()", "live('two')", "provenance('a.txt')")
    cells = [
        {"cell_type": "code", "id": f"c{at}", "metadata": {}, "outputs": [], "execution_count": None,
         "source": f"from jupyter_dotscience import widgets\nwidgets.{call}"}
        for at, call in enumerate(calls)
    ]  # fmt: skip
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    Path("look.ipynb").write_text(
        json.dumps({"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5})
    )
    command = [
        sys.executable, "-m", "nbconvert", "--execute", "--to", "html", "--output-dir", str(tmp_path),
        "--ExecutePreprocessor.store_widget_state=False", "look.ipynb",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "look.html").read_text()
    assert "shown too" in page
    assert page.count('role="img"') >= 3
    assert "run made" in page
    assert f'type="{VIEW}"' not in page
