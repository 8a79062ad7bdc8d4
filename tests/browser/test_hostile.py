"""What people, programs and attackers write is text on every page: nothing of it runs, loads, or leads elsewhere."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from tests.hubprocess import RunningHub

from .conftest import PAGES as SERVICE
from .conftest import PATIENCE, log_in
from .pages import PAGES, address, visit
from .scene import Scene

PAYLOADS: dict[str, str] = json.loads(Path(__file__).with_name("payloads.json").read_text())
NO_NAME = {name for name, text in PAYLOADS.items() if len(text) > 200 or re.search(r"[\x00-\x1f\x7f/]", text)}
"""What names of things cannot be: longer than 200 characters, with a slash or control characters."""
NO_FILE = {
    name for name, text in PAYLOADS.items()
    if re.search(r"\x00|//|\.\./", text) or any(len(part.encode()) > 251 for part in text.split("/"))
}  # fmt: skip
"""What names of files cannot be: NUL, empty parts, the folder above, more than 255 bytes with their ending."""
REFUSED = dict.fromkeys(("project", "dataset", "runner", "secret"), NO_NAME) | {"file": NO_FILE}

# Counts what was against the policy, in the page itself. Frames of users' HTML run no script, nor this one.
WATCH = """
window.violations = [];
addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) =>
  window.violations.push(`${effectiveDirective} ${blockedURI}`));
"""


@dataclass
class Watched:
    """A window, and what happened in it that must not.

    Attributes:
        scene: What is looked at.
        page: Of the browser.
        found: In words.
    """

    scene: Scene
    page: Any
    found: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, scene: Scene) -> Watched:
        context = scene.visitor.page.context.browser.new_context(
            storage_state=scene.visitor.page.context.storage_state()
        )
        context.add_init_script(WATCH)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        watched = cls(scene, page)
        page.on("dialog", lambda dialog: watched.note(f"a dialog {dialog.message}"))
        page.on("pageerror", lambda error: watched.note(f"an error {error}"))
        page.on("popup", lambda popup: watched.note(f"a window {popup.url}"))
        page.on("download", lambda download: watched.note(f"a download {download.url}"))
        context.on("request", watched.check_request)
        return watched

    def note(self, what: str) -> None:
        self.found.append(f"{what} on {self.page.url}")

    def check_request(self, request: Any) -> None:
        """Nothing is loaded from anywhere but the hub."""
        to, hub = urlsplit(request.url), urlsplit(self.scene.visitor.hub.url)
        if to.scheme not in ("data", "blob") and (to.scheme, to.netloc) != (hub.scheme, hub.netloc):
            self.note(f"a request to {request.url[:100]}")

    def look(self, path: str, seen: str) -> None:
        """Visit a page, and look what happened."""
        visit(self.page, self.scene.visitor.hub.url + SERVICE, path, seen)
        self.check()

    def check(self) -> None:
        """Whether a script ran, the policy was broken, or markup became elements."""
        page = self.page
        if page.evaluate("window.hacked") is not None:
            self.note("a script ran")
        self.found += [f"{what} on {page.url}" for what in page.evaluate("window.violations")]
        if active := page.evaluate(ACTIVE):
            self.note(f"markup became {active}")


# Elements and attributes that our own pages never have.
ACTIVE = """
() => [...document.body.querySelectorAll("*")].filter((one) =>
    ["SCRIPT", "OBJECT", "EMBED", "BASE", "META", "LINK", "STYLE", "MARQUEE", "MATH", "FRAME"].includes(one.tagName) ||
    (one.tagName === "IFRAME" && (one.getAttribute("sandbox") !== "" || one.src !== "")) ||
    (one.tagName === "IMG" && !/^(data:image|blob:)/.test(one.src)) ||
    (one.tagName === "A" && !/^https?:$/.test(one.protocol) && one.hasAttribute("href")) ||
    [...one.attributes].some(({ name }) => name.startsWith("on")))
  .map((one) => one.outerHTML.slice(0, 200))
"""


@pytest.fixture(scope="module")
def scene(chromium: Any, running_hub: RunningHub) -> Iterator[Scene]:
    """One of everything, called by each text of the corpus that the hub takes."""
    visitor = log_in(chromium, running_hub)
    yield Scene.of(visitor, PAYLOADS)
    visitor.page.context.close()


@pytest.fixture
def watched(scene: Scene) -> Iterator[Watched]:
    """A window in which nothing may happen."""
    window = Watched.of(scene)
    yield window
    window.page.context.close()
    assert window.found == []


def test_what_the_hub_does_not_take(scene: Scene) -> None:
    """Every text was tried as every name; those refused are the ones that names cannot be, and no others."""
    assert scene.refused == REFUSED


@pytest.mark.parametrize("name", PAGES)
def test_nothing_runs_on(watched: Watched, name: str) -> None:
    """A page that is full of the corpus runs, loads and breaks nothing, and is no wider than the window."""
    path, seen = PAGES[name]
    watched.look(address(path, watched.scene.ids), seen)
    width = watched.page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]


def test_charts_tell_names_as_text(watched: Watched) -> None:
    """What a chart says under the pointer is drawn, never made into elements."""
    path, seen = PAGES["runs as curves"]
    watched.look(address(path, watched.scene.ids), seen)
    for canvas in watched.page.locator("main canvas").all()[:3]:
        canvas.hover()
        watched.check()
    path, seen = PAGES["runs as a scatter"]
    watched.look(address(path, watched.scene.ids), seen)
    box = watched.page.locator("main canvas").first.bounding_box()
    for step in range(12):
        watched.page.mouse.move(box["x"] + box["width"] * step / 12, box["y"] + box["height"] / 2)
    watched.check()


def test_saved_views_are_text(watched: Watched) -> None:
    """A view's name comes from the browser's storage, which other pages of the origin may have written."""
    path, seen = PAGES["runs"]
    watched.look(address(path, watched.scene.ids), seen)
    views = [{"name": text, "search": {"filter": text, "columns": [text], "evil": text}} for text in PAYLOADS.values()]
    key = f"dotscience:views:{watched.scene.ids['project']}"
    watched.page.evaluate("([key, views]) => localStorage.setItem(key, JSON.stringify(views))", [key, views])
    watched.look(address(path, watched.scene.ids), seen)
    watched.page.get_by_text(f"Views ({len(views)})").click()
    watched.page.get_by_role("button", name="<script>top.hacked=1</script>", exact=True).wait_for()
    watched.check()


ADDRESSES = (
    "projects/{text}", "projects/{project}/runs?filter={text}", "projects/{project}/runs?sort={text}",
    "projects/{project}/runs?columns={text}&pinned={text}&group={text}", "projects/{project}/runs/{text}",
    "projects/{project}/runs?view=scatter&x={text}&y={text}&colour={text}", "projects/{project}/compare?runs={text}",
    "projects/{project}/files?path={text}", "projects/{project}/files?at={text}&path=all.txt",
    "projects/{project}/commits/{text}", "projects/{project}/provenance?path={text}&at={text}",
    "projects/{project}/provenance?node={text}&opened={text}&chosen={text}", "tasks?status={text}", "tasks/{text}",
    "tasks/{task}?search={text}&line={text}", "runners/{text}", "datasets/{text}", "account/{text}",
    "project/x/runs/metric/{text}",
)  # fmt: skip
SHARPEST = ("script after an attribute", "img", "address", "template in a script", "prototype", "right to left")


@pytest.mark.thorough
@pytest.mark.parametrize("path", ADDRESSES)
def test_nothing_in_an_address_runs(watched: Watched, path: str) -> None:
    """A link that somebody sends does no more than show its text."""
    for name in SHARPEST:
        text = quote(PAYLOADS[name], safe="")
        address_ = path.format(text=text, **watched.scene.ids)
        watched.page.goto(watched.scene.visitor.hub.url + SERVICE + address_)
        watched.page.wait_for_load_state("networkidle")
        watched.check()


def test_every_text_can_be_opened(watched: Watched) -> None:
    """Files called by the corpus are found by their links, and shown."""
    project = watched.scene.ids["project"]
    for name in ("script", "img", "right to left", "formula plus", "ansi", "line separators", "isolates"):
        watched.look(f"projects/{project}/files?{_query(path=f'{PAYLOADS[name]}.txt')}", ".source code")
        content = watched.page.locator(".source code").text_content()
        assert content == PAYLOADS[name]


def _query(**values: str) -> str:
    return "&".join(f"{name}={quote(json.dumps(value), safe='')}" for name, value in values.items())


def test_text_does_not_turn_what_is_around_it(watched: Watched) -> None:
    """A name that turns the direction of writing turns only itself: each link and value stands alone."""
    path, _ = PAGES["projects"]
    watched.look(path, f"main a:text('{PAYLOADS['right to left']}')")
    name = watched.page.locator(f"main a:text('{PAYLOADS['right to left']}')").first
    assert name.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"


DOWNLOADS = ("page.html", "picture.svg", "outputs.ipynb", "all.txt")


@pytest.mark.parametrize("name", DOWNLOADS)
@pytest.mark.parametrize("place", ["project", "dataset"])
def test_contents_never_become_pages(scene: Scene, place: str, name: str) -> None:
    """A browser that goes to a file's address gets a download: no type to show, no sniffing, no origin of ours."""
    path = f"/services/dotscience/api/{place}s/{scene.ids[place]}/file?path={name}"
    answer = scene.visitor.hub.request("GET", path, token=scene.visitor.token)
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = answer.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'", "frame-ancestors 'none'"} <= set(policy)


def test_a_browser_saves_what_it_is_led_to(watched: Watched) -> None:
    """Going to the address of a page somebody stored saves it, and shows nothing."""
    path = f"api/projects/{watched.scene.ids['project']}/file?path=page.html"
    with watched.page.expect_download() as download:
        # Chromium ends the navigation when it becomes a download.
        watched.page.evaluate("path => { location.href = path }", watched.scene.visitor.hub.url + SERVICE + path)
    assert download.value.suggested_filename == "page.html"
    watched.found.clear()  # the download itself, which is meant
    assert watched.page.evaluate("window.hacked") is None


def test_refusals_are_no_pages(scene: Scene) -> None:
    """An error that repeats what was asked for is JSON, which no browser takes for a page."""
    for text in PAYLOADS.values():
        path = f"/services/dotscience/api/{quote(text[:300], safe='')}"
        answer = scene.visitor.hub.request("GET", path, token=scene.visitor.token)
        assert answer.status == 404
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    "names", [SHARPEST, pytest.param(tuple(PAYLOADS), marks=pytest.mark.thorough)], ids=["few", "all"]
)
def test_the_confirmation_of_a_login_shows_the_machine_as_text(watched: Watched, names: tuple[str, ...]) -> None:
    """Whoever begins a login names the machine; the page on which a person confirms it has that as text."""
    taken = 0
    for name in names:
        answer = watched.scene.visitor.hub.api("POST", "/login/device", {"machine": PAYLOADS[name]})
        if answer.status != 200:
            assert answer.status in (400, 429)
            continue
        taken += 1
        code = answer.json()["user_code"]
        watched.page.goto(f"{watched.scene.visitor.hub.url}{SERVICE}device?user_code={code}")
        watched.page.get_by_role("button", name="Log in").wait_for()
        watched.check()
    assert taken > 0


def test_the_form_for_jupyterlab_shows_projects_as_text(watched: Watched) -> None:
    """The hub's own page has the names of projects in a list, one choice each."""
    page = watched.page
    page.goto(f"{watched.scene.visitor.hub.url}/hub/spawn")
    page.locator("#ds-project option").first.wait_for(state="attached")
    shown = page.locator("#ds-project option").all_text_contents()
    assert any(option.startswith("<img src=x onerror=top.hacked=1>") for option in shown)
    assert page.evaluate("window.hacked") is None


def test_a_file_of_runs_holds_no_formula(watched: Watched) -> None:
    """What a spreadsheet would compute begins with an apostrophe in an export."""
    path, seen = PAGES["runs"]
    watched.look(address(path, watched.scene.ids), seen)
    with watched.page.expect_download() as download:
        watched.page.get_by_role("button", name="Export CSV").click()
    watched.found.clear()  # the download itself, which is meant
    with download.value.path().open(newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in ("=", "@", "\t", "\r")] == []
    assert [cell for cell in cells if cell[:1] in ("+", "-") and not _is_number(cell)] == []
    assert "'" + PAYLOADS["formula"] in cells


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
