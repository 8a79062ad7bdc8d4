"""`make screenshots`: every page of the hub's interface, light and dark, as docs/images/pages/*.webp.

A hub with a runner is started in a scratch folder, and people work on it through `ds`: networks are trained on
scikit-learn's digits, from real commands to real curves. Then Debian's Chromium looks at each page.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import ViewportSize, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks import hubs  # noqa: E402 - found only with the line above
from benchmarks.rows import Options  # noqa: E402
from jupyter_dotscience.api.commits import Change, CommitCreate  # noqa: E402
from jupyter_dotscience.api.projects import ProjectQuery  # noqa: E402

TARGET = ROOT / "docs" / "images" / "pages"
SIZE: ViewportSize = {"width": 1280, "height": 800}
QUALITY = 0.8
MOST, MOST_OF_ALL = 150_000, 2_000_000
"""Bytes of one picture, and of all."""
PATIENCE = 20_000
SETTINGS = [("0.001", "8"), ("0.003", "16"), ("0.01", "32"), ("0.03", "64"), ("0.1", "16"), ("0.01", "128")]
REPORT = """\
import csv
import dotscience as ds

ds.start()
with open(ds.input("confusion.csv")) as file:
    rows = [[int(cell) for cell in row] for row in csv.reader(file)]
wrong = {(said, true): count for true, row in enumerate(rows) for said, count in enumerate(row) if said != true}
worst = max(wrong, key=wrong.get)
with open(ds.output("report.md"), "w") as file:
    file.write(f"# What is taken for what\\n\\n| digit | taken for | times |\\n|---|---|---|\\n")
    for (said, true), count in sorted(wrong.items(), key=lambda item: -item[1])[:8]:
        file.write(f"| {true} | {said} | {count} |\\n")
ds.summary("worst", f"{worst[1]} for {worst[0]}")
ds.publish("Which digits are taken for which")
"""
READ = """\
import csv

with open("confusion.csv") as file:
    for row in csv.reader(file):
        print(*row, sep="\\t")"""
CELLS = [
    ("markdown", "# Which digits are taken for which\n\nRows are what they are, columns what the network says."),
    ("code", "from sklearn.datasets import load_digits\n\ndigits = load_digits()\ndigits.images.shape"),
    ("code", READ),
]

PROJECT = "projects/{project}"
VALUES = "parameters.rate,parameters.hidden,summary.accuracy"
PAGES = {
    "projects": ("", "main tbody th a"),
    "runs": (f"{PROJECT}/runs?columns=status,{VALUES},created", ".runs-row .name a"),
    "scatter": (f"{PROJECT}/runs?view=scatter&x=parameters.rate&y=summary.accuracy&logX=true", "main canvas"),
    "parallel": (f"{PROJECT}/runs?view=parallel&axes={VALUES}", "main canvas"),
    "curves": (f"{PROJECT}/runs?view=curves", "main canvas"),
    "run": (f"{PROJECT}/runs/{{run}}", "main canvas"),
    "compare": (f"{PROJECT}/compare?runs={{run}},{{other}}", "main tbody td"),
    "tasks": ("tasks", "main tbody th a"),
    "start": (f"{PROJECT}/tasks/start", "main form"),
    "task": ("tasks/{task}", ".log-line"),
    "files": (f"{PROJECT}/files", "main tbody th a"),
    "notebook": (f"{PROJECT}/files?path=digits.ipynb", ".notebook pre"),
    "table": (f"{PROJECT}/files?path=confusion.csv", ".table-view td"),
    "changes": (f"{PROJECT}/files?path=train.py&view=diff&at={{head}}&since={{first}}", ".ds-lines"),
    "versions": (f"{PROJECT}/commits", ".commits a"),
    "provenance": (f"{PROJECT}/provenance?path=report.md", ".provenance-node"),
    "settings": (f"{PROJECT}/settings", "main h2"),
    "runners": ("runners", "main tbody th a"),
    "add-runner": ("runners/new", "main form"),
    "datasets": ("datasets", "main tbody th a"),
    "secrets": ("secrets", ".secrets h2"),
    "account": ("account", "main h2"),
}  # fmt: skip
"""By name of the picture: the page's address, and what is there once it can be seen."""


def main() -> int:
    """Make all pictures.

    Returns:
        The exit status: 1 when a picture is larger than it may be.
    """
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # tasks find scikit-learn
    with tempfile.TemporaryDirectory(prefix="screenshots-", ignore_cleanup_errors=True) as scratch:
        options = Options(Path(scratch), Path(scratch))
        with hubs.start(options, "--backend", "process") as hub:
            _take(hub, _work(hub, Path(scratch)))
    sizes = {path.name: path.stat().st_size for path in sorted(TARGET.glob("*.webp"))}
    large = [name for name, size in sizes.items() if size > MOST]
    print(f"{len(sizes)} pictures, {sum(sizes.values()) / 1e6:.2f} MB", *large)
    return 1 if large or sum(sizes.values()) > MOST_OF_ALL else 0


def _work(hub: hubs.Hub, scratch: Path) -> dict[str, str]:
    """Let people work; what the addresses of pages need."""
    folder = scratch / "digits"
    shutil.copytree(ROOT / "examples" / "digits", folder)
    (folder / "report.py").write_text(REPORT)
    (folder / "digits.ipynb").write_text(json.dumps(_notebook()))
    hub.ds("project", "create", "digits")
    hub.ds("project", "create", "house-numbers")
    _data(hub, scratch)
    _commit(hub, "Add the program and how its data is split", *sorted(folder.iterdir()))
    for rate, hidden in SETTINGS[:-1]:
        _run(hub, "python", "train.py", "--rate", rate, "--hidden", hidden)
    train = folder / "train.py"
    train.write_text(train.read_text().replace("random_state=0", "random_state=0, alpha=1e-3"))
    _commit(hub, "Keep the weights small", train)
    rate, hidden = SETTINGS[-1]
    _run(hub, "python", "train.py", "--rate", rate, "--hidden", hidden)
    _run(hub, "python", "report.py")
    # The notebook with what comes out of it, as a person would have saved it.
    _run(hub, "jupyter", "nbconvert", "--to", "notebook", "--execute", "--inplace", "digits.ipynb")
    hub.ds("secret", "generate", "--name", "deploy")
    hub.ds("secret", "generate", "--name", "house-numbers", "-p", "house-numbers")
    hub.ds("runner", "create", "my-gpu-box", "-t", "gpu-nvidia-runtime", "-s", "100", "-d", "Under the desk")
    return _ids(hub)


def _data(hub: hubs.Hub, scratch: Path) -> None:
    """The digits themselves as a dataset."""
    import sklearn.datasets

    place = scratch / "data"
    place.mkdir()
    source = Path(sklearn.datasets.__file__).parent / "data" / "digits.csv.gz"
    shutil.copy(source, place)
    hub.ds("dataset", "create", "files", "--name", "optical-digits")
    hub.ds("dataset", "put", "optical-digits", str(place))
    hub.ds("project", "link", "digits", "optical-digits", "data")


def _commit(hub: hubs.Hub, message: str, *files: Path) -> None:
    project = hub.client.list_projects(query=ProjectQuery(ref="digits")).items[0]
    changes = [Change(path=file.name, size=file.stat().st_size, data=file.read_bytes()) for file in files]
    asked = CommitCreate(parent=project.head, message=message, created=dt.datetime.now(dt.UTC), changes=changes)
    hub.client.create_commit(asked, project=project.id)


def _run(hub: hubs.Hub, *words: str) -> None:
    hub.ds("run", "-p", "digits", "--", *words)


def _notebook() -> dict[str, Any]:
    cells: list[dict[str, Any]] = [
        {"id": str(number), "cell_type": kind, "source": source, "metadata": {}}
        | ({"outputs": [], "execution_count": None} if kind == "code" else {})
        for number, (kind, source) in enumerate(CELLS)
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}


def _ids(hub: hubs.Hub) -> dict[str, str]:
    project = json.loads(hub.ds("project", "inspect", "digits"))[0]["id"]
    runs = hub.client.list_runs(project=project).items
    trained = [run for run in runs if "accuracy" in run.summary]
    versions = hub.client.list_commits(project=project).items
    chosen = trained[0]
    return {
        "project": project, "run": chosen.id, "other": trained[2].id, "task": str(chosen.task),
        "head": versions[0].id, "first": versions[-1].id,
    }  # fmt: skip


def _take(hub: hubs.Hub, ids: dict[str, str]) -> None:
    """Look at each page, and keep what is seen."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("Chromium is needed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] * (os.geteuid() == 0))
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, viewport=SIZE, reduced_motion="reduce")
            page = context.new_page()
            page.set_default_timeout(PATIENCE)
            _log_in(page, hub)
            for name, (path, seen) in PAGES.items():
                page.goto(f"{hub.url}/services/dotscience/{path.format(**ids)}")
                page.locator(seen).first.wait_for()
                page.wait_for_timeout(1_200)  # charts are drawn in steps, and nothing tells of their end
                (TARGET / f"{name}-{scheme}.webp").write_bytes(_webp(context, page.screenshot()))
        browser.close()


def _log_in(page: Any, hub: hubs.Hub) -> None:
    page.goto(f"{hub.url}/hub/login")
    page.fill("input[name=username]", hub.username)
    page.fill("input[name=password]", hub.password)
    page.click("[type=submit]")
    page.wait_for_url("**/services/dotscience/**")


def _webp(context: Any, png: bytes) -> bytes:
    """A picture as WebP, which the browser itself can write."""
    page = context.new_page()
    address = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    made: str = page.evaluate(ENCODE, [address, QUALITY])
    page.close()
    return base64.b64decode(made.partition(",")[2])


ENCODE = """
async ([address, quality]) => {
  const image = Object.assign(new Image(), { src: address });
  await image.decode();
  const canvas = Object.assign(document.createElement("canvas"), { width: image.width, height: image.height });
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL("image/webp", quality);
}
"""

if __name__ == "__main__":
    sys.exit(main())
