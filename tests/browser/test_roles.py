"""Every page as a stranger, a reader, a writer and the owner: who sees it, and what they are offered there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.hubprocess import RunningHub

from .conftest import PAGES as SERVICE
from .conftest import Visitor, log_in
from .pages import PAGES, address, visit
from .scene import Scene

PARTS = ("stranger", "reader", "writer", "owner")
# Pages of a person's own things, which name nobody's project.
OWN = {
    "projects",
    "tasks",
    "runners",
    "new runner",
    "datasets",
    "new dataset",
    "secrets",
    "new secret",
    "account",
    "no such page",
}
RUNNER = {"runner"}

UPLOAD = {"Upload files", "Upload a folder"}
SETTINGS = {"Save", "Share", "Link", "Delete this project"}
WRITE = {
    "settings of a project": {"writer": {"Link"}, "owner": SETTINGS},
    "files": {"writer": UPLOAD, "owner": UPLOAD},
    "task that runs": {"writer": {"Stop"}, "owner": {"Stop"}},
    "task that waits": {"writer": {"Stop"}, "owner": {"Stop"}},
    "run of a task": {"writer": {"Run again"}, "owner": {"Run again"}},
    "no such file": {"writer": UPLOAD, "owner": UPLOAD},
    "files of a dataset": {"owner": UPLOAD},
    "settings of a dataset": {"owner": {"Delete this dataset"}},
    "runner": {"owner": {"Remove this runner"}},
}
"""Controls that change something, by page and by who is offered them."""
SUBJECT = re.compile(r"/api/(projects|datasets|runners)/[0-9a-f-]{36}$")
ALL = {control for offers in WRITE.values() for controls in offers.values() for control in controls}


@pytest.fixture(scope="module")
def people(chromium: Any, running_hub: RunningHub) -> Iterator[dict[str, Visitor]]:
    """One visitor for each part."""
    found = {part: log_in(chromium, running_hub) for part in PARTS}
    yield found
    for visitor in found.values():
        visitor.page.context.close()


@pytest.fixture(scope="module")
def scene(people: dict[str, Visitor]) -> Scene:
    """The owner's, shared with reader and writer."""
    scene = Scene.of(people["owner"])
    for part in ("reader", "writer"):
        path = f"/projects/{scene.ids['project']}/collaborators/{people[part].name}"
        people["owner"].api("PUT", path, {"role": part})
    return scene


def sees(part: str, name: str) -> bool:
    """Whether a part may see a page."""
    return part == "owner" or (part != "stranger" and name not in RUNNER)


@pytest.mark.parametrize("name", [name for name in PAGES if name not in OWN])
def test_who_sees(people: dict[str, Visitor], scene: Scene, name: str) -> None:
    """A stranger hears that there is no such thing; each other sees it, with the controls of their role and no more."""
    path, seen = PAGES[name]
    for part, visitor in people.items():
        page = visitor.page
        if not sees(part, name):
            page.goto(visitor.hub.url + SERVICE + address(path, scene.ids))
            page.get_by_text("There is no", exact=False).first.wait_for()
            assert page.locator(seen).count() == 0 or seen.startswith("main h") or seen == "main .empty"
            assert offered(page) == set()
            continue
        # Whoever is offered anything is so by their role in the project, or as the dataset's owner.
        with page.expect_response(lambda answer: SUBJECT.search(answer.url) is not None):
            visit(page, visitor.hub.url + SERVICE, address(path, scene.ids), seen)
        expected = WRITE.get(name, {}).get(part, set())
        for control in expected:
            page.locator("main").get_by_role("button", name=control).first.wait_for()
        assert offered(page) == expected, (part, name)


def offered(page: Any) -> set[str]:
    """The controls that change something, among those of the page."""
    names = page.locator("main").get_by_role("button").all_text_contents()
    return {name.strip() for name in names} & ALL


@pytest.mark.parametrize("name", sorted(OWN - {"no such page", "account"}))
def test_lists_hold_what_is_shared(people: dict[str, Visitor], scene: Scene, name: str) -> None:
    """Lists show a stranger nothing of the owner's."""
    path, _ = PAGES[name]
    visitor = people["stranger"]
    page = visitor.page
    page.goto(visitor.hub.url + SERVICE + address(path, scene.ids))
    page.wait_for_load_state("networkidle")
    shown = page.locator("main").inner_text()
    assert not [text for text in scene.texts.values() if text in shown]
