"""Every page: full, empty and failing, light and dark, on a phone, and by the keyboard alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.hubprocess import RunningHub

from .conftest import Visitor, barriers_at, log_in
from .pages import EMPTY, PAGES, address
from .scene import Scene

REFUSAL = {"status": 403, "code": "forbidden", "message": "You may not see this: ask its owner."}
FAILING = (
    "projects", "settings of a project", "runs", "runs in groups", "runs as a scatter", "run", "comparison", "tasks",
    "tasks of a project", "task that ended", "files", "text", "history of a file", "versions", "version", "provenance",
    "runners", "runner", "datasets", "files of a dataset", "settings of a dataset", "secrets",
)  # fmt: skip
"""Pages that ask the hub for what they are about; pages not named here fail as one of these does."""


@pytest.fixture(scope="module")
def scene(chromium: Any, running_hub: RunningHub) -> Iterator[Scene]:
    """One of everything."""
    visitor = log_in(chromium, running_hub)
    yield Scene.of(visitor)
    visitor.page.context.close()


@pytest.fixture(scope="module")
def nothing(chromium: Any, running_hub: RunningHub) -> Iterator[tuple[Visitor, dict[str, str]]]:
    """Somebody who has just begun, with an empty project and an empty dataset."""
    visitor = log_in(chromium, running_hub)
    ids = {noun: visitor.api("POST", f"/{noun}s", {"name": "empty"})["id"] for noun in ("project", "dataset")}
    yield visitor, ids
    visitor.page.context.close()


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.thorough)])
@pytest.mark.parametrize("name", PAGES)
def test_nothing_keeps_people_from_using(scene: Scene, name: str, scheme: str) -> None:
    """Axe finds nothing on a page with data, light and dark, and a phone shows it without scrolling sideways."""
    path, seen = PAGES[name]
    assert barriers_at(scene.visitor, address(path, scene.ids), seen, schemes=(scheme,)) == []


@pytest.mark.thorough
@pytest.mark.parametrize("name", EMPTY)
def test_nothing_keeps_people_from_beginning(nothing: tuple[Visitor, dict[str, str]], name: str) -> None:
    """The same where there is nothing yet."""
    visitor, ids = nothing
    path, seen = EMPTY[name]
    prepare = _without_items if name in ("no projects", "no datasets") else lambda _: None
    assert barriers_at(visitor, address(path, ids), seen, prepare) == []


def _without_items(page: Any) -> None:
    page.route("**/api/projects", lambda route: route.fulfill(json={"items": [], "next": None}))
    page.route("**/api/datasets?*", lambda route: route.fulfill(json={"items": [], "next": None}))


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAILING)
def test_a_page_that_fails_says_so(scene: Scene, name: str) -> None:
    """What the hub refuses is told in its own sentence, also to screen readers, within the frame of all pages."""
    subjects = (f"/projects/{scene.ids['project']}", f"/datasets/{scene.ids['dataset']}")

    def answer(route: Any) -> None:
        # Of a project's and a dataset's pages, the page itself fails and not what is around it.
        if name not in ("settings of a project", "settings of a dataset") and route.request.url.endswith(subjects):
            route.continue_()
        else:
            route.fulfill(status=403, json=REFUSAL)

    path, _ = PAGES[name]
    shown = f"[role=alert] >> text={REFUSAL['message']}"
    prepare = lambda page: page.route("**/services/dotscience/api/**", answer)  # noqa: E731
    assert barriers_at(scene.visitor, address(path, scene.ids), shown, prepare) == []


def test_nothing_keeps_people_from_seeing_that_changes_do_not_come(scene: Scene) -> None:
    """The banner of a page that is cut off from the feed of changes is for everybody, too."""

    def cut(page: Any) -> None:
        page.route_web_socket("**/services/dotscience/**", lambda socket: socket.close())

    shown = "text=Changes do not come by themselves now"
    assert barriers_at(scene.visitor, "", shown, cut, schemes=("light",)) == []


FOCUSED = """
() => {
  const one = document.activeElement;
  return (one.getAttribute("aria-label") ?? one.labels?.[0]?.firstChild.textContent ?? one.textContent).trim();
}
"""


def focused(page: Any) -> str:
    """What has the keyboard: its name as a screen reader says it, about."""
    name: str = page.evaluate(FOCUSED)
    return name


def test_the_first_key_leads_past_the_menu(scene: Scene) -> None:
    """Tab shows a link to the content, Enter moves the keyboard there, and the next Tab is on its first control."""
    page = scene.visitor.open("")
    page.locator("main tbody a").first.wait_for()
    page.keyboard.press("Tab")
    assert focused(page) == "To the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert focused(page) == "New project"


DIALOGS = {
    "": ("New project", ["Name", "What it is about", "Cancel"]),
    "datasets": ("New dataset", ["Name", "From", "Cancel"]),
    "secrets": ("Generate a key", ["Name", "For", "Kind", "Cancel"]),
}


@pytest.mark.parametrize("path", DIALOGS)
def test_a_dialog_keeps_the_keyboard(scene: Scene, path: str) -> None:
    """It begins in its first field, goes through all of its controls, and Escape leads back to where it was opened."""
    button, order = DIALOGS[path]
    page = scene.visitor.open(path)
    page.locator("main h1").wait_for()
    opener = page.locator("main").get_by_text(button, exact=True)
    opener.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").wait_for()
    seen = [focused(page)]
    for _ in order[1:]:
        page.keyboard.press("Tab")
        seen.append(focused(page))
    assert seen == order
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="detached")
    assert focused(page) == button


def test_a_change_of_the_page_is_told(scene: Scene) -> None:
    """Following a link changes the title, by which screen readers tell pages apart."""
    page = scene.visitor.open("")
    page.locator("main tbody a").first.wait_for()
    page.get_by_role("link", name="Runners", exact=True).click()
    page.get_by_role("heading", name="Runners").wait_for()
    assert page.title() == "Runners · Dotscience"
