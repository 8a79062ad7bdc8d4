"""Every page of the hub's interface, with what is there once it can be used."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

PROJECT, DATASET = "projects/{project}", "datasets/{dataset}"
DIFF = f"{PROJECT}/files?view=diff&at={{commit}}&since={{since}}&path="
ROWS = "main tbody th a"

PAGES = {
    "projects": ("", ROWS),
    "settings of a project": (f"{PROJECT}/settings", "main h2"),
    "runs": (f"{PROJECT}/runs", ".runs-row .name a"),
    "runs in groups": (f"{PROJECT}/runs?group=parameters.rate", "main table tbody button"),
    "runs as a scatter": (f"{PROJECT}/runs?view=scatter&x=parameters.rate&y=summary.accuracy", "main canvas"),
    "runs on parallel axes": (f"{PROJECT}/runs?view=parallel", "main canvas"),
    "runs as curves": (f"{PROJECT}/runs?view=curves&runs=%5B%22run-all%22%5D", "main canvas"),
    "run": (f"{PROJECT}/runs/{{run}}", "#run-name"),
    "run with curves": (f"{PROJECT}/runs/{{all}}", "main canvas"),
    "run of a task": (f"{PROJECT}/runs/run-task", ".ds-files a"),
    "comparison": (f"{PROJECT}/compare?runs={{run}},{{other}},run-task", "main tbody td"),
    "tasks": ("tasks", ROWS),
    "tasks of a project": (f"{PROJECT}/tasks", ROWS),
    "start a task": (f"{PROJECT}/tasks/start", "main form, main .empty"),
    "task that ended": ("tasks/{task}", ".log-line"),
    "task that runs": ("tasks/{live}?all=true", ".log-line"),
    "task that waits": ("tasks/{queued}", "main h2"),
    "files": (f"{PROJECT}/files", ROWS),
    "text": (f"{PROJECT}/files?path=all.txt", ".source code"),
    "table": (f"{PROJECT}/files?path=all.csv", ".table-view td"),
    "table with tabs": (f"{PROJECT}/files?path=all.tsv", ".table-view td"),
    "Markdown": (f"{PROJECT}/files?path=all.md", ".prose"),
    "notebook of prose": (f"{PROJECT}/files?path=prose.ipynb", ".notebook .prose"),
    "notebook with outputs": (f"{PROJECT}/files?path=outputs.ipynb", ".notebook iframe"),
    "source of a notebook": (f"{PROJECT}/files?path=outputs.ipynb&view=source", ".source code"),
    "HTML": (f"{PROJECT}/files?path=page.html", ".source code"),
    "SVG": (f"{PROJECT}/files?path=picture.svg", ".picture img"),
    "no picture": (f"{PROJECT}/files?path=picture.png", "main .empty"),
    "history of a file": (f"{PROJECT}/files?path=all.txt&view=history", ".commits a"),
    "changes of a text": (DIFF + "all.txt", ".ds-lines"),
    "changes of a notebook": (DIFF + "outputs.ipynb", ".ds-diff li"),
    "no such file": (f"{PROJECT}/files?path=nothing", "main .empty"),
    "versions": (f"{PROJECT}/commits", ".commits a"),
    "version": (f"{PROJECT}/commits/{{commit}}", "main h3"),
    "provenance": (f"{PROJECT}/provenance?run=run-task", ".provenance-node"),
    "provenance as a list": (f"{PROJECT}/provenance?run=run-task&view=list", ".provenance-list li"),
    "provenance of nothing yet": (f"{PROJECT}/provenance", "main .empty"),
    "runners": ("runners", ROWS),
    "new runner": ("runners/new", "main form"),
    "runner": ("runners/{runner}", "main dl"),
    "datasets": ("datasets", ROWS),
    "new dataset": ("datasets?create=true", "dialog form"),
    "files of a dataset": (f"{DATASET}/files", ROWS),
    "file of a dataset": (f"{DATASET}/files?path=all.csv", ".table-view td"),
    "versions of a dataset": (f"{DATASET}/commits", ".commits a"),
    "version of a dataset": (f"{DATASET}/commits/{{dataset_commit}}", "main h3"),
    "settings of a dataset": (f"{DATASET}/settings", "main h2"),
    "secrets": ("secrets", ".secrets h2"),
    "new secret": ("secrets?create=true", "dialog form"),
    "account": ("account", "main h2"),
    "no such page": ("account/nothing", "main h1"),
}  # fmt: skip
"""By what is seen there: the address below the service's, with names of a scene's ids, and a CSS selector."""

EMPTY = {
    "no projects": ("", "main .empty"),
    "no runs": (f"{PROJECT}/runs", "main .empty"),
    "no tasks": ("tasks", "main .empty"),
    "no tasks of a project": (f"{PROJECT}/tasks", "main .empty"),
    "no files": (f"{PROJECT}/files", "main .empty"),
    "no versions": (f"{PROJECT}/commits", "main .empty"),
    "no provenance": (f"{PROJECT}/provenance", "main .empty"),
    "nothing to compare": (f"{PROJECT}/compare", "main"),
    "no runners": ("runners", "main .empty"),
    "no datasets": ("datasets", "main .empty"),
    "no files of a dataset": (f"{DATASET}/files", "main .empty"),
    "no secrets": ("secrets", "main .empty"),
}
"""The same where there is nothing yet."""


def address(path: str, ids: dict[str, str]) -> str:
    """The address of a page of a scene."""
    return path.format(**{name: quote(value, safe="") for name, value in ids.items()})


def visit(page: Any, base: str, path: str, seen: str) -> None:
    """Go to a page, and wait until it can be used.

    Args:
        page: Of the browser.
        base: The service's address.
        path: Below it.
        seen: A CSS selector of what is there then.
    """
    page.goto(base + path)
    page.locator(seen).first.wait_for()
