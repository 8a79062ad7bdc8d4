"""Where a file comes from and what became of it, over runs that a runner really made, in a browser."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree import ElementTree as ET

import prov.model
import pytest

from tests.hubprocess import hub, require_proxy

from .conftest import Visitor, log_in

MOMENT = "2026-01-02T03:04:05Z"
PROGRAM = """\
import sys
import dotscience as ds

read, written = sys.argv[1:]
ds.script()
ds.start(f"Make {written}")
rows = open(ds.input(read)).read()
open(ds.output(written), "w").write(rows.upper())
ds.summary("rows", len(rows.splitlines()))
ds.publish()
"""
STEPS = (
    ("data/raw.csv", "clean.csv"),
    ("clean.csv", "model.txt"),
    ("model.txt", "report.txt"),
    ("report.txt", "final.txt"),
)
ALL = ["raw.csv", *(title for _, written in STEPS for title in (f"Make {written}", written))]


@dataclass(frozen=True)
class Chain:
    """A dataset's file that a run read, whose file another run read, and so on."""

    visitor: Visitor
    project: str
    dataset: str
    head: str

    def open(self, **search: Any) -> Any:
        """The page, by what stands in its address."""
        words = "&".join(f"{name}={value}" for name, value in search.items())
        return self.visitor.open(f"projects/{self.project}/provenance?{words}")


def _commit(visitor: Visitor, place: str, path: str, text: str) -> str:
    change = {"path": path, "size": len(text), "data": base64.b64encode(text.encode()).decode()}
    body = {"message": f"Add {path}", "created": MOMENT, "changes": [change]}
    return str(visitor.api("POST", f"{place}/commits", body)["commit"])


def _run(visitor: Visitor, project: str, read: str, written: str) -> str:
    workload = {"kind": "command", "command": ["python3", "step.py", read, written]}
    task = visitor.api("POST", f"/projects/{project}/tasks", {"workload": workload})
    while task["ended"] is None:
        task = visitor.api("GET", f"/tasks/{task['id']}?after={task['version']}&wait=10")
    assert task["status"] == "succeeded", (task["message"], task["events"])
    return str(task["result_commit"])


@pytest.fixture(scope="module")
def chain(chromium: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """Three runs one after the other, on a hub with a runner."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("chain") / "data", "--backend", "process") as running:
        visitor = log_in(chromium, running)
        project = visitor.api("POST", "/projects", {"name": "digits"})["id"]
        dataset = visitor.api("POST", "/datasets", {"name": "post"})["id"]
        _commit(visitor, f"/datasets/{dataset}", "raw.csv", "a,b\n1,2\n")
        visitor.api("PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"})
        _commit(visitor, f"/projects/{project}", "step.py", PROGRAM)
        heads = [_run(visitor, project, *STEPS[0])]
        visitor.api("DELETE", f"/projects/{project}/datasets/{dataset}")  # later runs do not see it
        heads += [_run(visitor, project, *step) for step in STEPS[1:]]
        visitor.api("PUT", f"/projects/{project}/datasets/{dataset}", {"path": "data"})
        yield Chain(visitor, project, dataset, heads[-1])
        visitor.page.context.close()


@pytest.fixture
def unbroken(chain: Chain) -> Iterator[Chain]:
    """Nothing that is looked at may break the page or its policy."""
    chain.visitor.complaints.clear()
    yield chain
    assert chain.visitor.complaints == []


def shown(page: Any) -> list[str]:
    """Titles of the nodes of the graph, from left to right."""
    nodes = page.locator(".react-flow__node").all()
    places = sorted((node.bounding_box()["x"], node.locator("strong").text_content().lstrip("◆ ")) for node in nodes)
    return [title for _, title in places]


def test_a_graph_grows_step_by_step(unbroken: Chain) -> None:
    """Two steps are shown; a node opens what is beyond it; reload keeps that, and Back takes it away."""
    page = unbroken.open(path="clean.csv", depth=2, direction="descendants")
    more = page.get_by_role("button", name="Show more around model.txt")
    page.get_by_text("Make model.txt").first.wait_for()
    more.click()
    page.get_by_text("Make report.txt").first.wait_for()
    opened = sorted(shown(page))
    page.reload()
    page.get_by_text("Make report.txt").first.wait_for()
    assert sorted(shown(page)) == opened
    page.go_back()
    page.get_by_text("Make report.txt").first.wait_for(state="detached")


def test_edges_touch_their_nodes(unbroken: Chain) -> None:
    """Each edge begins at the right side of the older node and ends at the left side of the younger one."""
    page = unbroken.open(path="model.txt", depth=4)
    page.locator(".react-flow__edge-path").first.wait_for(state="attached")
    sides = page.evaluate("""() => {
      const nodes = [...document.querySelectorAll(".react-flow__node")].map((node) => node.getBoundingClientRect());
      return [...document.querySelectorAll(".react-flow__edge-path")].map((path) => {
        const at = (length) => path.getPointAtLength(length).matrixTransform(path.getScreenCTM());
        const [from, to] = [at(0), at(path.getTotalLength())];
        return [Math.min(...nodes.map(({ right }) => Math.abs(right - from.x))),
                Math.min(...nodes.map(({ left }) => Math.abs(left - to.x)))];
      });
    }""")
    assert sides
    assert max(distance for pair in sides for distance in pair) <= 1.5


def test_a_long_chain_folds_and_unfolds(unbroken: Chain) -> None:
    """The middle of a chain is one box until it is asked for; an older node stands left of a younger one."""
    page = unbroken.open(path="final.txt", depth=20, direction="ancestors")
    fold = page.locator(".provenance-node.folded")
    fold.wait_for()
    assert len(shown(page)) < len(ALL)
    fold.click()
    fold.wait_for(state="detached")
    order = shown(page)
    assert [title for title in order if title in ALL] == ALL


def test_details_lead_to_what_they_tell_of(unbroken: Chain) -> None:
    """A click shows the version and the content of a file, how long a run took, and opens them."""
    page = unbroken.open(path="clean.csv", depth=2)
    page.locator(".react-flow__node", has_text="Make clean.csv").get_by_role("button").first.click()
    details = page.get_by_role("complementary", name="Details")
    details.get_by_text("succeeded").wait_for()
    assert "second" in details.get_by_role("definition").all_text_contents()[4]
    details.get_by_role("link", name="Open the run").click()
    page.get_by_role("heading", name="Make clean.csv").wait_for()
    page.go_back()
    page.locator(".react-flow__node", has_text="clean.csv").locator("button.file").first.click()
    details.get_by_role("link", name="Open the file").click()
    page.get_by_role("columnheader", name="A").first.wait_for()
    page.get_by_role("link", name="Provenance", exact=True).last.click()
    page.get_by_text("Make model.txt").first.wait_for()


def test_the_list_says_the_same_to_the_keyboard(unbroken: Chain) -> None:
    """All of it is reached with Tab and opened with Enter, and names are read in their order."""
    page = unbroken.open(path="model.txt", depth=20, view="list")
    page.get_by_role("heading", name="It comes from").wait_for()
    seen: list[str] = []
    page.locator("#main").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        seen.append(page.evaluate("document.activeElement.textContent.trim()"))
    for title in ALL:
        assert any(title in text for text in seen), title
    page.get_by_role("button", name="Run Make report.txt").focus()
    page.keyboard.press("Enter")
    page.get_by_role("complementary", name="Details").get_by_text("Make report.txt").wait_for()


def test_a_dataset_version_leads_here(unbroken: Chain) -> None:
    """From a version of a dataset, and from a file of it, one finds what was made with it."""
    visitor = unbroken.visitor
    page = visitor.open(f"datasets/{unbroken.dataset}/commits")
    page.get_by_role("link", name="Add raw.csv").click()
    page.get_by_role("link", name="Provenance", exact=True).click()
    page.get_by_text("Make clean.csv").first.wait_for()
    assert "/provenance" in page.url
    visitor.open(f"datasets/{unbroken.dataset}/files?path=raw.csv")
    page.get_by_role("link", name="Provenance", exact=True).click()
    page.get_by_text("Make clean.csv").first.wait_for()
    assert "/provenance" in page.url


def test_the_picture_is_an_svg(unbroken: Chain) -> None:
    """What is saved is XML, with a box for each node and the words of each."""
    page = unbroken.open(path="clean.csv", depth=2)
    page.get_by_text("Make clean.csv").first.wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save SVG").click()
    root = ET.fromstring(download.value.path().read_bytes())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    words = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"Make clean.csv", "clean.csv", "raw.csv"} <= set(words)


def test_the_export_is_prov(unbroken: Chain) -> None:
    """An independent library reads it: activities used entities that others generated, and agents stand behind them."""
    page = unbroken.open(path="final.txt", depth=20)
    page.get_by_role("button", name="Save PROV-JSON").click(trial=True)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save PROV-JSON").click()
    text = download.value.path().read_text()
    document = prov.model.ProvDocument.deserialize(content=text, format="json")
    labels = {str(record.label) for record in document.get_records(prov.model.ProvActivity)}
    assert labels == {title for title in ALL if title.startswith("Make")}
    assert len(list(document.get_records(prov.model.ProvGeneration))) == len(STEPS)
    assert len(list(document.get_records(prov.model.ProvUsage))) >= len(STEPS)
    assert len(list(document.get_records(prov.model.ProvAgent))) == 1
    times = [record.get_attribute("prov:startTime") for record in document.get_records(prov.model.ProvActivity)]
    assert all(times)
    again = prov.model.ProvDocument.deserialize(content=document.serialize(format="json"), format="json")
    assert again == document
    assert json.loads(text)["prefix"]["ds"].startswith("urn:")
