"""Saying something about runs, running them again, starting more, sharing and comparing, on a hub with a runner."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hubprocess import RunningHub, hub, require_proxy
from tests.system.lab import wait_for

from .conftest import PATIENCE, Visitor, barriers, log_in

EVIL = "<img src=x onerror=alert(1)>"
MOMENT = "2026-01-02T03:04:05Z"
ENDED = ("succeeded", "failed", "stopped", "lost")
PROGRAM = """
import os, random
import dotscience as ds
ds.script()
ds.start("Fit")
ds.parameter("seed", os.environ.get("SEED", "none"))
random.seed(os.environ.get("SEED"))
accuracy = ds.summary("accuracy", random.random())
with open(ds.output("model.txt"), "w") as file:
    file.write(str(accuracy))
with open(ds.output("notes.txt"), "w") as file:
    file.write("always the same")
ds.publish("Fit")
"""


@pytest.fixture(scope="module")
def working_hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """A hub with a runner that needs no engine."""
    require_proxy()
    with hub(tmp_path_factory.mktemp("together") / "data", "--backend", "process") as running:
        yield running


@pytest.fixture(scope="module")
def someone(chromium: Any, working_hub: RunningHub) -> Iterator[Visitor]:
    """The module's user, on this hub."""
    visitor = log_in(chromium, working_hub, "ada")
    yield visitor
    visitor.page.context.close()


@pytest.fixture(scope="module")
def other(chromium: Any, working_hub: RunningHub) -> Iterator[Visitor]:
    """Somebody else on the same hub, with a window of their own."""
    visitor = log_in(chromium, working_hub, "adrian")
    yield visitor
    assert visitor.complaints == []
    visitor.page.context.close()


def commit(visitor: Visitor, project: str, parent: str | None, **files: str) -> str:
    """A version of small files; in their names `__` stands for a dot."""
    changes = [
        {"path": name.replace("__", "."), "size": len(text), "data": base64.b64encode(text.encode()).decode()}
        for name, text in files.items()
    ]
    body = {"parent": parent, "message": "Files", "created": MOMENT, "changes": changes}
    made: str = visitor.api("POST", f"/projects/{project}/commits", body)["commit"]
    return made


def new_project(visitor: Visitor, **files: str) -> str:
    project: str = visitor.api("POST", "/projects", {"name": "digits"})["id"]
    if files:
        commit(visitor, project, None, **files)
    return project


def ran(visitor: Visitor, project: str, **environment: str) -> dict[str, Any]:
    """A task that has run the program in the project."""
    workload = {"kind": "command", "command": ["python3", "fit.py"], "environment": environment}
    task = visitor.api("POST", f"/projects/{project}/tasks", {"workload": workload})["id"]
    return ended(visitor, task)


def ended(visitor: Visitor, task: str) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found: dict[str, Any] = visitor.api("GET", f"/tasks/{task}")
        return found if found["status"] in ENDED else None

    found: dict[str, Any] = wait_for(look, f"the end of task {task}")
    return found


def recorded(visitor: Visitor) -> tuple[str, str]:
    """A project with a run that a client recorded."""
    project = new_project(visitor)
    visitor.api("POST", f"/projects/{project}/runs", {"runs": [{"id": "run-1", "description": "By hand"}]})
    return project, "run-1"


def test_people_talk_about_a_run(visitor: Visitor, other: Visitor) -> None:
    """A reader's comment appears on the page of another as it is made, as text with a link; the owner removes it."""
    project, run = recorded(visitor)
    visitor.api("PUT", f"/projects/{project}/collaborators/{other.name}", {"role": "reader"})
    page = visitor.open(f"projects/{project}/runs/{run}")
    page.get_by_text("Nobody has said anything").wait_for()
    theirs = other.open(f"projects/{project}/runs/{run}")
    theirs.get_by_label("Say something about this run").fill(f"{EVIL}\nsee https://example.org/paper.")
    theirs.get_by_label("Say something about this run").press("Control+Enter")
    said = page.get_by_role("region", name="Comments").get_by_role("listitem").filter(has_text=other.name)
    said.get_by_text(EVIL).wait_for()
    link = said.get_by_role("link", name="https://example.org/paper")
    assert (link.get_attribute("href"), "noopener" in link.get_attribute("rel")) == ("https://example.org/paper", True)
    assert page.locator("img[src]").count() == 0
    page.get_by_label("Say something about this run").fill("Thanks")
    page.get_by_role("button", name="Comment", exact=True).click()
    theirs.get_by_text("Thanks").wait_for()
    assert theirs.get_by_role("button", name="Remove the comment of").count() == 1, "their own alone"
    table = visitor.open(f"projects/{project}/runs")
    table.get_by_text("2 comments").wait_for(state="attached")
    page = visitor.open(f"projects/{project}/runs/{run}")
    page.get_by_role("button", name=f"Remove the comment of {other.name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    said.wait_for(state="detached")
    theirs.get_by_text(EVIL).wait_for(state="detached")


def start_again(visitor: Visitor, project: str, run: str) -> Any:
    """Press the button, and go on to the page of the new run."""
    page = visitor.open(f"projects/{project}/runs/{run}")
    page.get_by_role("button", name="Run again").click()
    page.get_by_role("dialog").get_by_text("python3 fit.py").wait_for()
    page.get_by_role("button", name="Start").click()
    page.wait_for_url("**/tasks/*")
    page.get_by_text("Repeats run").get_by_role("link").wait_for()
    page.get_by_text("Runs:").get_by_role("link").click()
    page.get_by_role("heading", name="What differs from the run that it repeats").wait_for()
    return page


def test_a_run_is_run_again_and_compared(visitor: Visitor) -> None:
    """With a seed it comes out the same, from the version of then; without one the page says what differs."""
    project = new_project(visitor, fit__py=PROGRAM)
    seeded, free = ran(visitor, project, SEED="7"), ran(visitor, project)
    head = visitor.api("GET", f"/projects/{project}")["head"]
    commit(visitor, project, head, fit__py="raise SystemExit(1)")
    page = start_again(visitor, project, seeded["runs"][0])
    page.get_by_text("It came out the same: 2 output files and 1 summary, all equal.").wait_for()
    visitor.api("DELETE", f"/tasks/{free['id']}")
    page = start_again(visitor, project, free["runs"][0])
    page.get_by_text("1 of 2 output files and 1 of 1 summary differ").wait_for()
    differences = page.get_by_role("region", name="Differences")
    assert differences.get_by_role("rowheader", name="model.txt").is_visible()
    assert differences.get_by_role("rowheader", name="notes.txt").count() == 0
    page.get_by_text("It repeats").get_by_role("link", name="Fit").click()
    page.get_by_role("link", name="what differs").wait_for()
    page.get_by_text("removed since").wait_for()


def test_what_cannot_be_run_again_says_why(visitor: Visitor) -> None:
    """In a sentence instead of the button."""
    project, run = recorded(visitor)
    page = visitor.open(f"projects/{project}/runs/{run}")
    page.get_by_text("It cannot be run again. This run was recorded outside of any task").wait_for()
    assert page.get_by_role("button", name="Run again").count() == 0


def test_a_command_is_started_from_the_page(visitor: Visitor) -> None:
    """A wrong field is said and nothing starts; a right form leads to the log of the task that has all of it."""
    project = new_project(visitor, hello__txt="Hello, file")
    page = visitor.open(f"projects/{project}/tasks")
    page.get_by_role("link", name="Start", exact=True).click()
    form = page.get_by_role("form", name="Run a command")
    form.get_by_label("Command").fill("sh -c 'cat hello.txt; echo \" and $WHO\"'")
    form.get_by_label("Environment").fill("WHO=all = of you")
    form.get_by_label("Memory").fill("lots")
    form.get_by_role("button", name="Run").click()
    form.get_by_role("alert").get_by_text("lots is no size").wait_for()
    assert visitor.api("GET", f"/tasks?project={project}")["items"] == []
    form.get_by_label("Memory").fill("1g")
    form.get_by_role("button", name="Run").click()
    page.wait_for_url("**/tasks/0*")
    page.get_by_text("Hello, file and all = of you").wait_for()
    [task] = visitor.api("GET", f"/tasks?project={project}")["items"]
    assert task["workload"]["environment"] == {"WHO": "all = of you"}
    assert task["resources"] == {"cpus": None, "memory": 2**30, "gpus": 0}
    ended(visitor, task["id"])


def test_jupyterlab_is_started_from_the_page(visitor: Visitor) -> None:
    """By the hub's own page, with the project and what was asked for; then the page leads to its task."""
    project = new_project(visitor)
    page = visitor.open(f"projects/{project}/tasks/start")
    form = page.get_by_role("form", name="Start JupyterLab")
    form.get_by_label("Runner labels").fill("nobody=has-it")
    form.get_by_role("button", name="Start JupyterLab").click()
    page.wait_for_url("**/hub/spawn-pending/**")

    def queued() -> Any:
        return visitor.api("GET", f"/tasks?project={project}")["items"]

    [task] = wait_for(queued, "the task of JupyterLab")
    assert (task["workload"]["kind"], task["labels"]) == ("jupyter", {"nobody": "has-it"})
    page = visitor.open(f"projects/{project}/tasks/start")
    page.get_by_role("list", name="Running JupyterLabs").get_by_role("link", name="Its task").wait_for()
    assert page.get_by_role("button", name="Start JupyterLab").count() == 0, "one for each project"
    visitor.api("POST", f"/tasks/{task['id']}/stop")
    page.get_by_role("button", name="Start JupyterLab").wait_for()


def test_readers_start_nothing(visitor: Visitor, other: Visitor) -> None:
    """Whoever may only look is told so, and finds no button."""
    project, run = recorded(visitor)
    visitor.api("PUT", f"/projects/{project}/collaborators/{other.name}", {"role": "reader"})
    page = other.open(f"projects/{project}/tasks/start")
    page.get_by_text("You may look at this project").wait_for()
    page = other.open(f"projects/{project}/runs/{run}")
    page.get_by_text("It cannot be run again").wait_for()
    assert page.get_by_role("button", name="Run again").count() == 0


def test_collaborators_are_found_by_their_name(visitor: Visitor, other: Visitor) -> None:
    """What begins so is offered but for oneself; whom the hub does not know is refused, and stays to be corrected."""
    project = new_project(visitor)
    page = visitor.open(f"projects/{project}/settings")
    box = page.get_by_role("combobox", name="User to share with")
    box.press_sequentially("ADR")
    page.get_by_role("option", name=other.name).wait_for()
    assert visitor.name not in page.get_by_role("option").all_text_contents()
    box.press("ArrowDown")
    box.press("Enter")
    page.get_by_label("Role", exact=True).select_option("writer")
    page.get_by_role("button", name="Share").click()
    page.get_by_label(f"Role of {other.name}").wait_for()
    box.fill("nobody-at-all")
    page.get_by_role("button", name="Share").click()
    page.get_by_role("alert").get_by_text("The hub has no user 'nobody-at-all'").wait_for()
    assert box.input_value() == "nobody-at-all"
    people = visitor.api("GET", f"/projects/{project}")["collaborators"]
    assert people == [{"user": other.name, "role": "writer"}]


def notebook(source: str) -> str:
    cell: dict[str, Any] = {
        "cell_type": "code",
        "id": "c1",
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source,
    }
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def compared(visitor: Visitor) -> tuple[str, str]:
    """A project with two runs from versions that differ in code and notebook, and their ids for an address."""
    project = new_project(visitor, fit__py=PROGRAM, explore__ipynb=notebook("x = 1"))
    first = ran(visitor, project, SEED="1")
    head = visitor.api("GET", f"/projects/{project}")["head"]
    commit(visitor, project, head, fit__py=PROGRAM + "print('done')\n", explore__ipynb=notebook("x = 2"))
    second = ran(visitor, project, SEED="2")
    return project, f"{first['runs'][0]},{second['runs'][0]}"


def test_code_notebooks_and_outputs_are_compared_in_place(visitor: Visitor) -> None:
    """Lines of the program at once, cells of the notebook when opened; outputs by their hashes, both to be opened."""
    project, runs = compared(visitor)
    page = visitor.open(f"projects/{project}/compare?runs={runs}")
    code = page.get_by_role("region", name="Code")
    code.locator("ins", has_text="print('done')").wait_for()
    code.get_by_text("explore.ipynb").click()
    code.locator("ins", has_text="x = 2").wait_for()
    assert "x = 1" in code.locator("del").last.inner_text()
    assert code.get_by_text("model.txt").count() == 0, "what the runs wrote is no code"
    outputs = page.get_by_role("region", name="Output files", exact=True)
    assert outputs.get_by_role("row", name="notes.txt the same").get_by_text("15 B").count() == 2
    row = outputs.get_by_role("row", name="model.txt differs")
    row.get_by_role("link", name="Open").last.click()
    page.wait_for_url("**/files?**")
    shown = visitor.api("GET", f"/projects/{project}/runs/{runs.partition(',')[2]}")["summary"]["accuracy"]
    page.get_by_text(shown).first.wait_for(timeout=PATIENCE)


@pytest.mark.thorough
def test_nothing_keeps_people_from_using_these_pages(visitor: Visitor) -> None:
    """Axe finds nothing on a run with comments that was run again, on the forms and the comparison, light and dark."""
    project, runs = compared(visitor)
    run = runs.partition(",")[0]
    visitor.api("POST", f"/projects/{project}/runs/{run}/comments", {"text": "See https://example.org"})
    task = visitor.api("POST", f"/projects/{project}/runs/{run}/repeat", {})["id"]
    again = ended(visitor, task)["runs"][0]
    pages = {
        f"runs/{run}": "See https://example.org",
        f"runs/{again}": "It came out the same",
        f"compare?runs={runs}": "explore.ipynb",
        "tasks/start": "Start JupyterLab",
        "settings": "Collaborators",
    }
    found = [barriers(visitor, f"projects/{project}/{path}", seen) for path, seen in pages.items()]
    assert [barrier for page in found for barrier in page] == []
