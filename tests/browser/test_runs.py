"""The explorer of runs, the comparison and a run's page, in a browser on a real hub."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from .conftest import Visitor, barriers

EVIL = "<img src=x onerror=alert(1)>"


def _run(index: int, **more: Any) -> dict[str, Any]:
    return {
        "id": f"run-{index:04d}",
        "description": f"Try {index}",
        "workload_file": "train.py",
        "parameters": {"lr": f"{0.001 * (index + 1):.3f}", "optimizer": ("adam", "sgd")[index % 2]},
        "summary": {"accuracy": f"{index / 1000:.3f}"},
        **more,
    }


def _project(visitor: Visitor, count: int, *special: dict[str, Any]) -> str:
    project: str = visitor.api("POST", "/projects", {"name": "digits"})["id"]
    runs = [_run(index) for index in range(count)]
    visitor.api("POST", f"/projects/{project}/runs", {"runs": [*runs, *special]})
    return project


def _names(page: Any) -> list[str]:
    found: list[str] = page.locator(".runs-row .name a").all_text_contents()
    return found


def _await_first(page: Any, name: str) -> None:
    page.locator(".runs-row .name a").first.filter(has_text=name).wait_for()


def _search(page: Any) -> dict[str, list[str]]:
    return parse_qs(urlsplit(page.url).query)


def test_a_project_without_runs_says_how_to_make_one(visitor: Visitor) -> None:
    """The empty page has the commands that fill it."""
    project = visitor.api("POST", "/projects", {"name": "empty"})["id"]
    page = visitor.open(f"projects/{project}/runs")
    page.get_by_text(f"ds run -p {project}").wait_for()
    assert page.get_by_role("table").count() == 0


def test_runs_are_filtered_sorted_and_scrolled(visitor: Visitor) -> None:
    """Filter with completion, sort and scrolling through pages work, and Back and reload keep what was chosen."""
    project = _project(visitor, 150)
    page = visitor.open(f"projects/{project}/runs")
    page.get_by_role("link", name="Try 149", exact=True).wait_for()
    assert len(_names(page)) < 60, "only the rows in sight are drawn"
    page.locator(".runs-scroll").evaluate("place => place.scrollTo(0, place.scrollHeight)")
    page.get_by_text("150 runs").wait_for()
    page.locator(".runs-scroll").evaluate("place => place.scrollTo(0, place.scrollHeight)")
    page.get_by_role("link", name="Try 0", exact=True).wait_for()
    box = page.get_by_role("combobox", name="Filter runs")
    box.press_sequentially("opt")
    box.press("ArrowDown")
    box.press("Enter")
    box.press_sequentially("= adam and parameters.lr < 0.01")
    box.press("Escape")
    box.press("Enter")
    page.get_by_text("5 runs").wait_for()
    assert _names(page) == ["Try 8", "Try 6", "Try 4", "Try 2", "Try 0"]
    page.get_by_role("button", name="accuracy").click()
    page.get_by_role("button", name="accuracy").click()
    _await_first(page, "Try 0")
    page.reload()
    page.get_by_text("5 runs").wait_for()
    assert _names(page)[0] == "Try 0"
    assert box.input_value() == "parameters.optimizer = adam and parameters.lr < 0.01"
    page.go_back()
    _await_first(page, "Try 8")


def test_a_wrong_filter_says_what_is_wrong(visitor: Visitor) -> None:
    """The hub's own sentence about a filter is shown, and correcting it goes on."""
    page = visitor.open(f"projects/{_project(visitor, 3)}/runs?filter=learning < 3")
    page.get_by_role("alert").get_by_text("There is no column 'learning'").wait_for()
    page.get_by_role("button", name="Clear").click()
    page.get_by_text("3 runs").wait_for()
    assert page.get_by_role("alert").count() == 0
    assert "filter" not in _search(page)


def test_selected_runs_are_compared(visitor: Visitor) -> None:
    """What differs between the selected runs comes first, and alone when asked for."""
    project = _project(visitor, 3)
    page = visitor.open(f"projects/{project}/runs")
    for name in ("Try 2", "Try 0"):
        page.get_by_role("checkbox", name=f"Select {name}").check()
    page.get_by_role("link", name="Compare them").click()
    page.get_by_role("rowheader", name="lr differs").wait_for()
    assert page.locator("tbody tr", has_text="lr differs").locator("td").all_text_contents() == ["0.003", "0.001"]
    assert page.get_by_role("rowheader", name="optimizer", exact=True).is_visible()
    page.get_by_role("checkbox", name="Only what differs").check()
    page.get_by_role("rowheader", name="optimizer", exact=True).wait_for(state="detached")


def test_groups_lead_to_their_runs(visitor: Visitor) -> None:
    """Runs are counted by a column's values; a value leads to its runs."""
    page = visitor.open(f"projects/{_project(visitor, 5)}/runs")
    page.get_by_label("Group by").select_option("parameters.optimizer")
    page.get_by_role("row", name="adam 3").get_by_role("button").click()
    page.get_by_text("3 runs").wait_for()
    assert _search(page) == {"filter": ["parameters.optimizer = adam"]}


def test_charts_are_drawn_and_brushed(visitor: Visitor) -> None:
    """Scatter and parallel coordinates draw all runs; drawing along an axis becomes a filter."""
    page = visitor.open(f"projects/{_project(visitor, 40)}/runs?view=scatter")
    page.get_by_text("40 runs with both values").wait_for()
    page.get_by_role("button", name="parallel").click()
    page.get_by_text("40 runs.").wait_for()
    chart = page.get_by_role("img", name="Parallel coordinates of 40 runs")
    box = chart.locator("canvas").bounding_box()
    # The last of three axes is 88 px from the right.
    page.mouse.move(box["x"] + box["width"] - 88, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 88, box["y"] + 120, steps=4)
    page.mouse.move(box["x"] + box["width"] - 88, box["y"] + 200, steps=4)
    page.mouse.up()
    page.get_by_role("button", name="Filter to them").click()
    page.wait_for_url("**filter=summary.accuracy**")
    [brushed] = _search(page)["filter"]
    assert brushed.startswith("summary.accuracy")


def test_curves_of_a_run_grow(visitor: Visitor) -> None:
    """The address that the library prints leads to the run, whose curve goes on while points come."""
    project = _project(visitor, 1, _run(1, status="running", description="Live"))
    points = f"/projects/{project}/runs/run-0001/points"
    visitor.api("POST", points, {"first": 0, "points": [[step, step * 10**9, {"loss": 1.0}] for step in range(3)]})
    page = visitor.open(f"project/{project}/runs/metric/run-0001")
    page.get_by_role("heading", name="Live").wait_for()
    page.get_by_role("img", name="Curve loss. Live: 3 points").wait_for()
    visitor.api("POST", points, {"first": 3, "points": [[3, 3 * 10**9, {"loss": 0.25}]]})
    page.get_by_role("img", name="Live: 4 points, last 0.25").wait_for()
    assert page.title() == "Live · Dotscience"


def test_a_file_of_the_shown_runs(visitor: Visitor) -> None:
    """The export holds what the filter leaves, and no formula."""
    evil = _run(7, labels={"note": '=HYPERLINK("http://evil.example")'})
    page = visitor.open(f"projects/{_project(visitor, 2, evil)}/runs?filter=parameters.lr > 0.001")
    page.get_by_text("2 runs").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    lines = download.value.path().read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["run", "run-0007", "run-0001"]
    assert '"\'=HYPERLINK(""http://evil.example"")"' in lines[1]


def test_a_run_from_outside_says_what_is_not_known_of_it(visitor: Visitor) -> None:
    """Its page has the file's name, which leads nowhere, and says why there are no inputs."""
    project = _project(visitor, 0, _run(1, authority="remote"))
    page = visitor.open(f"projects/{project}/runs/run-0001")
    page.get_by_text("Recorded by").wait_for()
    page.get_by_text("a client outside any task").wait_for()
    page.get_by_text("Not recorded: it ran outside of any task.").wait_for()
    page.get_by_text("train.py").wait_for()
    assert page.get_by_role("link", name="train.py").count() == 0


def test_hostile_names_stay_text(visitor: Visitor) -> None:
    """Markup in descriptions, names and values is shown as it was written, on every page of runs."""
    values = {EVIL: f"{EVIL}2"}
    evil = _run(1, description=EVIL, parameters=values, summary=values, labels=values, error=EVIL, status="failed")
    project = _project(visitor, 1, evil)
    visitor.api("POST", f"/projects/{project}/runs/run-0001/points", {"first": 0, "points": [[0, 0, {EVIL: 1.0}]]})
    for address in (
        "runs",
        "runs/run-0001",
        "compare?runs=run-0000,run-0001",
        "runs?view=curves",
        f'runs?view=scatter&x=parameters."{EVIL}"',
    ):
        page = visitor.open(f"projects/{project}/{address}")
        page.get_by_text(EVIL).first.wait_for(state="attached")
        assert page.locator("img[src]").count() == 0


@pytest.mark.thorough
def test_nothing_keeps_people_from_using_the_pages(visitor: Visitor) -> None:
    """Axe finds nothing on the table, the charts, the groups, a comparison and a run, light and dark."""
    project = _project(visitor, 3)
    point = {"first": 0, "points": [[0, 0, {"loss": 1.0}]]}
    visitor.api("POST", f"/projects/{project}/runs/run-0000/points", point)
    pages = {
        "runs": "Try 2",
        "runs?view=scatter": "3 runs with both values",
        "runs?view=parallel": "3 runs.",
        "runs?view=curves": "Try 0",
        "runs?group=parameters.optimizer": "2 groups",
        "runs/run-0000": "What came out",
        "compare?runs=run-0000,run-0001": "Compare 2 runs",
    }
    found = [barriers(visitor, f"projects/{project}/{path}", seen) for path, seen in pages.items()]
    assert [barrier for page in found for barrier in page] == []
