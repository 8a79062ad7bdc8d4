"""Visitors of the hub's pages, and people with projects in JupyterLab, in front of a real browser."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dotscience_hub.web.app_page import app_entry, app_folder

from tests.hubprocess import RunningHub
from tests.require import require
from tests.serverext.conftest import Study, study_on
from tests.services.chromium import accessibility_problems

PAGES = "/services/dotscience/"
PATIENCE = 60_000
"""Milliseconds that a page may take for anything."""
_serial = itertools.count(1)


@dataclass(frozen=True)
class Visitor:
    """A user of the hub who looks at its pages."""

    hub: RunningHub
    name: str
    token: str
    page: Any
    complaints: list[str]
    """What the browser found wrong: errors of scripts, and what the policy forbade."""

    def api(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the API; the answer's JSON, or None."""
        answer = self.hub.api(method, path, body, token=self.token)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def open(self, path: str) -> Any:
        """Go to a page below the service's address."""
        self.page.goto(self.hub.url + PAGES + path)
        return self.page


def barriers(visitor: Visitor, path: str, seen: str) -> list[str]:
    """What keeps people from using a page, light and dark: by axe (WCAG 2.1 A and AA, best practice), and on a phone.

    Args:
        visitor: Who looks.
        path: Of the page, below the service's address.
        seen: A text that is there once the page is.
    """
    return barriers_at(visitor, path, f"internal:text={json.dumps(seen)}i")  # as get_by_text finds it


def barriers_at(
    visitor: Visitor,
    path: str,
    seen: str,
    prepare: Callable[[Any], None] = lambda _: None,
    schemes: tuple[str, ...] = ("light", "dark"),
) -> list[str]:
    """The same, where no text tells that the page is there.

    Args:
        visitor: Who looks.
        path: Of the page, below the service's address.
        seen: A selector of what is there once the page is.
        prepare: Called with each new page before it goes anywhere.
        schemes: Of colours.
    """
    found: list[str] = []
    for scheme in schemes:
        state = visitor.page.context.storage_state()
        # axe is a script of ours within the page, which the page's own policy would forbid.
        browser = visitor.page.context.browser
        context = browser.new_context(bypass_csp=True, color_scheme=scheme, storage_state=state)
        page = context.new_page()
        prepare(page)
        page.goto(visitor.hub.url + PAGES + path)
        await_shown(page, seen)
        problems = accessibility_problems(page, "html", "best-practice") + _beyond_a_phone(page)
        found += [f"{scheme} {path}: {one}" for one in problems]
        context.close()
    return found


def await_shown(page: Any, selector: str) -> None:
    """Wait until this is there; if it does not come, what the page shows instead is told."""
    from playwright.sync_api import TimeoutError as TooLate

    try:
        page.locator(selector).first.wait_for(timeout=PATIENCE)
    except TooLate:
        text = page.locator("body").inner_text()
        raise AssertionError(f"{selector} is not on {page.url}, which shows:\n{text}") from None


PHONE = {"width": 390, "height": 844}


def _beyond_a_phone(page: Any) -> list[str]:
    """Whether the page has to be scrolled sideways there; wide tables scroll within themselves."""
    page.set_viewport_size(PHONE)
    # Charts take their new size a moment after the window has it.
    width: int = page.evaluate(
        """async (width) => {
            const page = document.documentElement;
            for (let looked = 0; looked < 60 && page.scrollWidth > width; looked++)
                await new Promise((resolve) => setTimeout(resolve, 50));
            return page.scrollWidth;
        }""",
        PHONE["width"],
    )
    return [f"it is {width} pixels wide on a phone of {PHONE['width']}"] * (width > PHONE["width"])


def log_in(chromium: Any, hub: RunningHub, name: str | None = None, **context: Any) -> Visitor:
    """A user with a window of their own; a new one unless named.

    Args:
        chromium: The browser.
        hub: Where to log in.
        name: A user that is there not yet.
        context: Of the window: see Playwright's `new_context`.
    """
    require(app_entry(app_folder()) is not None, "the build of the hub's pages (make lab)")
    name = name or f"visitor{next(_serial)}"
    password = hub.command("user", "add", name).strip()
    page = chromium.new_context(**{"viewport": {"width": 1280, "height": 800}, **context}).new_page()
    page.set_default_timeout(PATIENCE)
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    page.on("dialog", lambda dialog: complaints.append(f"a dialog opened: {dialog.message}"))
    page.goto(hub.url + "/hub/login")
    page.fill("input[name=username]", name)
    page.fill("input[name=password]", password)
    page.click("[type=submit]")
    page.wait_for_url("**" + PAGES + "**")
    return Visitor(hub, name, hub.token(name, password), page, complaints)


@pytest.fixture(scope="module")
def someone(chromium: Any, running_hub: RunningHub) -> Iterator[Visitor]:
    """A user for all tests of a module: making one takes seconds."""
    visitor = log_in(chromium, running_hub)
    yield visitor
    visitor.page.context.close()


@pytest.fixture
def visitor(someone: Visitor) -> Iterator[Visitor]:
    """A logged in user; nothing they look at may break a page or its policy."""
    someone.complaints.clear()
    yield someone
    assert someone.complaints == []


@pytest.fixture
def study(running_hub: RunningHub, tmp_path: Path) -> Iterator[Study]:
    """A new person with a new, empty project on the tests' hub."""
    with study_on(running_hub, tmp_path) as found:
        yield found
