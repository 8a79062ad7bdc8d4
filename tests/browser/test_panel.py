"""The panel in JupyterLab, as a person sees it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jupyter_dotscience.api.commits import Change, CommitCreate
from tests.require import require
from tests.serverext.conftest import Study
from tests.serverext.server import Jupyter, wait_for
from tests.services.chromium import accessibility_problems

from .jupyterlab import PANEL, await_lab, notebook, run_cell, tab

BUILT = Path(__file__).parents[2] / "jupyter_dotscience" / "labextension" / "package.json"
CODE = """\
import dotscience as ds
ds.interactive()
ds.start("{description}")
ds.parameter("lr", {rate})
open(ds.output("model.txt"), "w").write("{rate}")
ds.summary("accuracy", 0.9)
ds.publish()
"""


@contextlib.contextmanager
def lab(page: Any, study: Study, folder: Path, path: str = "") -> Iterator[Jupyter]:
    """JupyterLab on a folder with a file in front and the panel beside it; left before its server ends."""
    require(BUILT.exists(), "the built JupyterLab extension (make lab)")
    with study.jupyter(folder, "--DotscienceExtension.others=0.5") as server:
        place = f"lab/tree/{path}" if path else "lab"
        page.goto(f"{server.url}{place}?token={server.token}&reset")
        await_lab(page)
        yield server
        page.goto("about:blank")


def test_a_notebook_that_publishes_twice_is_seen_in_the_panel(page: Any, study: Study) -> None:
    """Both runs are cards with what was recorded; the history shows what changed; nothing was asked of anybody."""
    folder = study.clone(study.project)
    cells = [CODE.format(description="first", rate=0.1), CODE.format(description="second", rate=0.2)]
    (folder / "train.ipynb").write_text(json.dumps(notebook(*cells)))
    with lab(page, study, folder, "train.ipynb"):
        run_cell(page, 0)
        run_cell(page, 1)
        page.keyboard.press("Control+s")
        wait_for(lambda: len(study.runs()) == 2, "two runs on the hub")
        tab(page, "Runs")
        page.get_by_role("article", name="Run second").get_by_text("0.2").wait_for()
        page.get_by_role("article", name="Run first").get_by_text("accuracy").wait_for()
        assert accessibility_problems(page, PANEL) == []
        tab(page, "History")
        newest = page.locator(PANEL).get_by_role("article").first
        newest.get_by_role("button", name="What changed").click()
        page.get_by_role("dialog").get_by_text("code cell, changed").first.wait_for()
        assert accessibility_problems(page, "dialog") == []


def test_a_version_is_saved_on_request_and_an_old_one_opened_as_a_new_file(page: Any, study: Study) -> None:
    """The message that is typed is the version's; an old version lies beside the file, which stays as it is."""
    folder = study.clone(study.project)
    (folder / "notes.ipynb").write_text(json.dumps(notebook("1 + 1")))
    with lab(page, study, folder, "notes.ipynb") as server:
        server.wait_for_state("pushed")
        (folder / "other.txt").write_text("new")
        page.get_by_label("What this version is about").fill("Before the long run")
        page.get_by_role("button", name="Save a version").click()
        wait_for(lambda: "other.txt" in study.files(), "the version on the hub")
        tab(page, "History")
        page.get_by_label("Only versions of").uncheck()
        page.get_by_role("article", name="Version Before the long run").wait_for()
        page.get_by_label("Only versions of").check()
        page.locator(PANEL).get_by_role("button", name="Open as a new file").first.click()
        wait_for(lambda: list(folder.glob("notes (version *).ipynb")), "the old version beside it")


def test_what_a_colleague_changed_comes_at_a_click(page: Any, study: Study) -> None:
    """The panel lists it, and the open file shows it; one with unsaved changes is named and stays as it is."""
    folder = study.clone(study.project)
    (folder / "notes.txt").write_text("mine")
    with lab(page, study, folder, "notes.txt") as server:
        server.wait_for_state("pushed")
        _push(study, "notes.txt", b"theirs")
        button = page.get_by_role("button", name="Take in changes")
        page.get_by_role("heading", name="Changed by others").wait_for()
        assert accessibility_problems(page, PANEL) == []
        button.click()
        page.locator(".cm-content").get_by_text("theirs").wait_for()
        button.wait_for(state="detached")
        assert (folder / "notes.txt").read_text() == "theirs"
        _push(study, "notes.txt", b"theirs again")
        page.locator(".cm-content").click()
        page.keyboard.type("typed ")
        button.click()
        page.get_by_role("dialog").get_by_text("notes.txt has changes here that are not saved").wait_for()
        assert (folder / "notes.txt").read_text() == "theirs"


def _push(study: Study, path: str, data: bytes) -> None:
    head = study.client.get_tree(project=study.project).commit
    change = Change(path=path, size=len(data), data=data)
    commit = CommitCreate(parent=head, message="theirs", created=dt.datetime.now(dt.UTC), changes=[change])
    study.client.create_commit(commit, project=study.project)


def test_the_panel_says_when_the_folder_has_no_project(page: Any, study: Study) -> None:
    """Where no versions are kept, it says so, and what to type."""
    folder = study.place / "unbound"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    with lab(page, study, folder):
        page.locator(PANEL).get_by_text("ds init PROJECT").wait_for()
        assert accessibility_problems(page, PANEL) == []


def test_the_panel_is_worked_by_keyboard(page: Any, study: Study) -> None:
    """Arrow keys change its pages, and a command of the palette saves a version."""
    folder = study.clone(study.project)
    (folder / "a.txt").write_text("a")
    with lab(page, study, folder, "a.txt") as server:
        page.locator(PANEL).get_by_role("tab", name="Status").focus()
        page.keyboard.press("ArrowRight")
        page.locator(PANEL).get_by_role("tab", name="Runs", selected=True).wait_for()
        server.wait_for_state("pushed")
        (folder / "b.txt").write_text("b")
        page.keyboard.press("Control+Alt+s")
        page.get_by_role("dialog").get_by_role("textbox").fill("By keyboard")
        page.keyboard.press("Enter")
        wait_for(lambda: "b.txt" in study.files(), "the version on the hub")
        assert study.read("b.txt") == b"b"
