"""The hub's pages in Chromium: how soon they are painted, how calm, how many bytes; and the table of 100,000 runs.

Figures are those that Lighthouse reports, from the browser's own observers (https://web.dev/articles/vitals): first and
largest contentful paint, the sum of layout shifts, and total blocking time, which is what tasks of the main thread take
beyond 50 ms until the page is there. Nothing is throttled. Each visit has a new, empty cache.
"""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import urllib3

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.routes import PREFIX
from jupyter_dotscience.api.runs import RunReport, RunsRecord

from . import clock, hubs
from .rows import Figure, Options, Row, at_most, skipped

BULK = 1000
VISITS = 7
FIRST_LOAD = 200.0
"""Kilobytes, packed: what the first page may take."""
SHIFT = 0.1
"""The sum of layout shifts that is still called good."""
PATIENCE = 30_000
OBSERVE = """
window.seen = { lcp: 0, shift: 0, blocked: 0 };
const watch = (type, note) =>
  new PerformanceObserver((list) => list.getEntries().forEach(note)).observe({ type, buffered: true });
watch("largest-contentful-paint", (entry) => { seen.lcp = entry.startTime; });
watch("layout-shift", (entry) => { if (!entry.hadRecentInput) seen.shift += entry.value; });
watch("longtask", (entry) => { seen.blocked += entry.duration - 50; });
"""
REPORT = """
async () => {
  const there = performance.now(), painted = () => performance.getEntriesByName("first-contentful-paint")[0];
  while (!painted()) await new Promise(requestAnimationFrame);  // what is there is painted a moment later
  return { ...seen, fcp: painted().startTime, there };
}
"""
PAGES = {
    "projects": ("", "main tbody th a"),
    "table of runs": ("projects/{project}/runs", ".runs-row .name a"),
    "run": ("projects/{project}/runs/{run}", "#run-name"),
    "files": ("projects/{project}/files", "main tbody th a"),
    "tasks": ("tasks", "main .empty, main tbody"),
    "provenance": ("projects/{project}/provenance?run={run}", ".provenance-node"),
}
"""Address, and what is there once the page can be used."""


def run(options: Options) -> list[Row]:
    """Fill a hub, and look at it."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        return [skipped("pages", "Chromium is not installed")]
    count = options.scaled(100_000)
    with hubs.start(options, "--no-runner") as hub, _browser(found) as browser:
        ids = _fill(hub, count)
        state = _log_in(browser, hub)
        rows = [_bundle()]
        for name, (path, seen) in PAGES.items():
            visits = [
                _visit(browser, state, hub, path.format(**ids), seen) for _ in range(3 if options.quick else VISITS)
            ]
            rows += _rows(name, visits)
        return [*rows, *_table(hub, ids["project"], count, rows)]


@contextmanager
def _browser(found: str) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] * (os.geteuid() == 0))
        yield browser
        browser.close()


def _fill(hub: hubs.Hub, count: int) -> dict[str, str]:
    project = hub.project()
    dice = random.Random(1)
    for _ in range(max(1, count // BULK)):
        hub.client.record_runs(RunsRecord(runs=[_report(dice) for _ in range(min(BULK, count))]), project=project)
    changes = [Change(path=f"file{number}.txt", size=5, data=b"text\n") for number in range(100)]
    last = RunReport(id=new_id(), inputs=["file1.txt"], outputs=["file2.txt"], parameters={"rate": "0.1"})
    commit = CommitCreate(message="Files", created=now(), changes=changes, runs=[last])
    hub.client.create_commit(commit, project=project)
    return {"project": project, "run": last.id}


def _report(dice: random.Random) -> RunReport:
    parameters = {f"p{n}": f"{dice.random():.6f}" for n in range(9)} | {"optimizer": dice.choice(("adam", "sgd"))}
    summary = {f"m{n}": f"{dice.random():.6f}" for n in range(10)}
    return RunReport(id=new_id(), description="A run of many", parameters=parameters, summary=summary)


def _log_in(browser: Any, hub: hubs.Hub) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{hub.url}/hub/login")
    page.fill("input[name=username]", hub.username)
    page.fill("input[name=password]", hub.password)
    page.click("[type=submit]")
    page.wait_for_url("**/services/dotscience/**")
    state = context.storage_state()
    context.close()
    return state


def _visit(browser: Any, state: Any, hub: hubs.Hub, path: str, seen: str) -> dict[str, float]:
    """One look at a page with an empty cache: milliseconds, and bytes that came over the wire."""
    context = browser.new_context(storage_state=state, viewport={"width": 1280, "height": 800})
    context.add_init_script(OBSERVE)
    page = context.new_page()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    received: list[float] = []
    wire.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    page.goto(f"{hub.url}/services/dotscience/{path}")
    page.locator(seen).first.wait_for(timeout=PATIENCE)
    figures: dict[str, float] = page.evaluate(REPORT)
    context.close()
    return {**figures, "bytes": sum(received)}


def _rows(name: str, visits: list[dict[str, float]]) -> list[Row]:
    def figure(what: str, factor: float = 1) -> Figure:
        return Figure.of(visit[what] * factor for visit in visits)

    how = "empty cache, not throttled"
    size, shift = figure("bytes", 1e-3), figure("shift")
    return [
        Row(f"{name}: first contentful paint", figure("fcp"), "ms", how),
        Row("  largest contentful paint", figure("lcp"), "ms", how),
        Row("  can be used", figure("there"), "ms", "what it is about is there"),
        Row("  total blocking time", figure("blocked"), "ms", "beyond 50 ms in one piece"),
        Row("  layout shift", shift, "", "sum of all", target=str(SHIFT), met=at_most(shift, SHIFT)),
        Row("  received", size, "kB", "document, scripts, styles, answers of the API"),
    ]


def _bundle() -> Row:
    """What every first visit loads, whichever page it is: the document's script, what that imports, and styles."""
    folder = Path(str(resources.files("dotscience_hub.web").joinpath("static", "app")))
    manifest = json.loads((folder / "manifest.json").read_bytes())
    names: set[str] = set()

    def add(entry: str) -> None:
        chunk = manifest[entry]
        if chunk["file"] not in names:
            names.update([chunk["file"], *chunk.get("css", ())])
            for imported in chunk.get("imports", ()):
                add(imported)

    add("src/main.tsx")
    size = Figure.one(sum(len(gzip.compress((folder / name).read_bytes(), 9)) for name in names) / 1e3)
    how = f"{len(names)} files, gzip; charts and graphs come when they are looked at"
    return Row("first load of the pages", size, "kB", how, target="200 kB", met=at_most(size, FIRST_LOAD))


def _table(hub: hubs.Hub, project: str, count: int, rows: list[Row]) -> list[Row]:
    http = urllib3.PoolManager(retries=False, headers={"Authorization": f"Bearer {hub.token}"})
    address = f"{hub.url}{PREFIX}/projects/{project}/runs?{urlencode({'limit': 100, 'sort': '-created'})}"
    http.request("GET", address)
    asked = Figure.of(clock.each(21, lambda: http.request("GET", address))).scaled(1e3)
    at = next(place for place, row in enumerate(rows) if row.what.startswith("table of runs"))
    painted = rows[at + 2].ours
    how, met = "100 rows, through the proxy", at_most(asked, 30)
    return [
        Row(f"first page of {count:,} runs, API", asked, "ms", how, target="30 ms", met=met),
        Row("  until it is painted", painted, "ms", "from the address to rows that can be used, scripts included"),
    ]  # fmt: skip
