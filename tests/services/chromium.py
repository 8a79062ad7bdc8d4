"""A real browser: the machine's Chromium, driven by Playwright."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.require import missing, require

REPOSITORY = Path(__file__).parents[2]
AXE = REPOSITORY / "labextension" / "node_modules" / "axe-core" / "axe.min.js"
NAMES = ("chromium", "chromium-browser", "google-chrome")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """The browser; each test opens pages of its own in it."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    require(found is not None, "Chromium (Debian: apt-get install chromium)")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright (pip install playwright)")
    with sync_playwright() as playwright:
        # The sandbox of the browser itself does not work for root.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=found, args=options)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A new page with a profile of its own. An error that a script of the page does not catch fails the test."""
    context = chromium.new_context(viewport={"width": 1400, "height": 900})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def accessibility_problems(page: Any, part: str, *more: str) -> list[str]:
    """What axe finds wrong by WCAG 2.1 A and AA in a part of a page, one line each.

    Args:
        page: The page as it is now.
        part: A CSS selector.
        more: Further sets of axe's rules, such as `best-practice`.
    """
    require(AXE.exists(), "axe-core (make lab)")
    page.evaluate(AXE.read_text())
    options = {"runOnly": {"type": "tag", "values": [*WCAG, *more]}}
    found = page.evaluate("([part, options]) => axe.run(part, options)", [part, options])
    return [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
