"""Files, versions, datasets, secrets and the account, in a browser on a real hub."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Visitor, barriers

EVIL = "<img src=x onerror=alert(1)>"
MEBIBYTE = 1 << 20
CREATED = "2026-01-02T03:04:05Z"


def _commit(
    visitor: Visitor, place: str, files: dict[str, str], parent: str | None = None, message: str = "Files"
) -> str:
    changes = [
        {"path": path, "size": len(text.encode()), "data": base64.b64encode(text.encode()).decode()}
        for path, text in files.items()
    ]
    body = {"parent": parent, "message": message, "created": CREATED, "changes": changes}
    commit: str = visitor.api("POST", f"{place}/commits", body)["commit"]
    return commit


def _project(visitor: Visitor, files: dict[str, str] | None = None) -> str:
    project: str = visitor.api("POST", "/projects", {"name": "digits"})["id"]
    if files:
        _commit(visitor, f"/projects/{project}", files)
    return project


def _notebook(*sources: str, **more: Any) -> str:
    cells = [
        {"id": str(number), "cell_type": "code", "source": source, "metadata": {}, "execution_count": 1, "outputs": []}
        for number, source in enumerate(sources)
    ]
    cells[0] |= more
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells})


def _upload(page: Any, button: str, path: Path | list[Path]) -> None:
    page.set_input_files(f'input[aria-label="{button}"]', path)
    page.get_by_role("dialog").get_by_role("button", name="Upload").click()
    page.locator("dialog").wait_for(state="detached")


def test_what_is_uploaded_is_there(visitor: Visitor, tmp_path: Path) -> None:
    """Small files go in the request, many in a pack, a large one alone; what comes back is what was sent."""
    project = _project(visitor)
    page = visitor.open(f"projects/{project}/files")
    page.get_by_text(f"ds file put {project}").wait_for()
    large = tmp_path / "large.bin"
    large.write_bytes(bytes(range(256)) * (11 * MEBIBYTE // 256))
    folder = tmp_path / "ünï"
    (folder / "in").mkdir(parents=True)
    for number in range(250):
        (folder / "in" / f"{number}.txt").write_text(f"number {number}\n")
    _upload(page, "Upload files", [large])
    _upload(page, "Upload a folder", folder)
    page.get_by_role("link", name="ünï/").click()
    page.get_by_text("in 250 files").wait_for()
    tree = visitor.api("GET", f"/projects/{project}/tree")
    assert {item["path"] for item in tree["items"]} == {"large.bin", *(f"ünï/in/{number}.txt" for number in range(250))}
    visitor.open(f"projects/{project}/files?path=large.bin")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download").click()
    assert hashlib.sha256(download.value.path().read_bytes()).digest() == hashlib.sha256(large.read_bytes()).digest()
    history = visitor.api("GET", f"/projects/{project}/commits")["items"]
    assert [commit["message"] for commit in history] == ["Upload 250 files", "Upload large.bin"]


def test_dropped_files_become_a_version(visitor: Visitor) -> None:
    """A drop is asked about first; afterwards the folder shows it. Into an older version nothing can be dropped."""
    project = _project(visitor, {"data/a.txt": "1"})
    page = visitor.open(f"projects/{project}/files?path=data")
    page.get_by_role("link", name="a.txt").wait_for()
    dropped = page.evaluate_handle(
        "() => { const d = new DataTransfer(); d.items.add(new File(['2'], 'b.txt')); return d; }"
    )
    page.dispatch_event(".drop", "drop", {"dataTransfer": dropped})
    page.get_by_role("dialog").get_by_role("button", name="Upload").click()
    page.get_by_role("link", name="b.txt").wait_for()
    answer = visitor.hub.api("GET", f"/projects/{project}/file?path=data/b.txt", token=visitor.token)
    assert answer.body == b"2"
    visitor.open(
        f"projects/{project}/files?path=data&at={visitor.api('GET', f'/projects/{project}/commits')['items'][0]['id']}"
    )
    page.get_by_role("link", name="b.txt").wait_for()
    assert page.get_by_role("button", name="Upload files").count() == 0


def test_versions_tell_what_changed(visitor: Visitor) -> None:
    """From the list of versions to a version, to what changed in a notebook and a text; Back leads back."""
    project = _project(visitor, {"n.ipynb": _notebook("x = 1", "y"), "a.py": "one\ntwo\n", "gone": ""})
    first = visitor.api("GET", f"/projects/{project}/commits")["items"][0]["id"]
    after = {"n.ipynb": _notebook("x = 2", "y"), "a.py": "one\nthree\n", "new": "n"}
    _commit(visitor, f"/projects/{project}", after, first, "Try another rate")
    page = visitor.open(f"projects/{project}/commits")
    page.get_by_role("link", name="Try another rate").click()
    page.get_by_text("Changed files (3)").wait_for()
    page.get_by_role("link", name="a.py").click()
    page.locator("del", has_text="two").wait_for()
    assert page.locator("ins").all_text_contents() == ["+ three\n"]
    page.reload()
    page.locator("del", has_text="two").wait_for()
    page.go_back()
    page.get_by_role("link", name="n.ipynb").click()
    page.locator("ins", has_text="x = 2").wait_for()
    page.get_by_text("1 unchanged cell").wait_for()
    page.get_by_role("link", name="History").click()
    page.get_by_role("link", name="Files", exact=True).and_(page.locator(".subject")).wait_for()


def test_what_people_store_is_never_active(visitor: Visitor) -> None:
    """Names, notebooks, Markdown and pictures of others run nothing, whatever they hold."""
    script = "<script>top.hacked = 1</script>"
    output = {"output_type": "display_data", "metadata": {}, "data": {"text/html": f"<b>shown</b>{script}"}}
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="top.hacked=1">{script}</svg>'
    files = {
        f"{EVIL}.txt": EVIL,
        "n.ipynb": _notebook(EVIL, outputs=[output]),
        "a.md": f"# Text\n\n{EVIL} {script} [link](javascript:top.hacked=1) ![p](http://evil.example/p.png)",
        "a.svg": svg,
        "a.png": script,
        "a.csv": f"{EVIL},b\n1,2\n",
    }
    project = _project(visitor, files)
    seen = {
        "": f"{EVIL}.txt",
        "n.ipynb": EVIL,
        "a.md": EVIL,
        "a.png": "This is no picture",
        "a.csv": EVIL,
        f"{EVIL}.txt": EVIL,
    }
    page = visitor.page
    for path, text in seen.items():
        visitor.open(f"projects/{project}/files")
        if path:
            page.get_by_role("link", name=path).click()
        page.get_by_text(text).first.wait_for()
        assert page.locator("img[src], main script, main a[href^=javascript]").count() == 0
        assert page.evaluate("window.hacked") is None
    visitor.open(f"projects/{project}/files?path=a.svg")
    page.locator(".picture img").wait_for()
    assert page.locator(".picture img").get_attribute("src").startswith("data:image/svg+xml,")
    visitor.open(f"projects/{project}/files?path=n.ipynb")
    assert page.locator("iframe").get_attribute("sandbox") == ""
    page.frame_locator("iframe").get_by_text("shown").wait_for()
    assert page.evaluate("window.hacked") is None


def test_a_dataset_from_its_form_to_its_end(visitor: Visitor, tmp_path: Path) -> None:
    """Create one of files, fill it, link it, see it where it is linked, and delete it by typing its name."""
    project = _project(visitor)
    page = visitor.open("datasets")
    page.get_by_role("link", name="New dataset").click()
    page.get_by_role("dialog").get_by_label("Name").fill("pictures")
    page.get_by_role("button", name="Create").click()
    page.get_by_text("ds dataset put").wait_for()
    (tmp_path / "one.csv").write_text("a,b\n1,2\n")
    _upload(page, "Upload files", [tmp_path / "one.csv"])
    page.get_by_role("link", name="one.csv").click()
    page.get_by_role("cell", name="2", exact=True).wait_for()
    visitor.open(f"projects/{project}/settings")
    page.get_by_label("Dataset to link").select_option(label="pictures")
    page.get_by_label("Where tasks see it").fill("data")
    page.get_by_role("button", name="Link", exact=True).click()
    page.get_by_role("button", name="Unlink pictures").wait_for()
    assert visitor.api("GET", f"/projects/{project}")["datasets"][0]["path"] == "data"
    page.get_by_role("link", name="pictures").click()
    page.get_by_role("navigation", name="Dataset").get_by_role("link", name="Settings").click()
    page.get_by_text("at data").wait_for()
    page.get_by_role("button", name="Delete this dataset").click()
    assert page.get_by_role("button", name="Delete for ever").is_disabled()
    page.get_by_label("Type its name to confirm").fill("pictures")
    page.get_by_role("button", name="Delete for ever").click()
    page.get_by_text("You have no datasets yet").wait_for()


def test_a_bucket_that_cannot_be_read_is_told_at_once(visitor: Visitor) -> None:
    """The form stays with what was typed, but the secret is not readable in it."""
    page = visitor.open("datasets?create=true")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("bucket")
    dialog.get_by_label("From").select_option("s3")
    for label, value in {
        "Bucket": "b",
        "Access key id": "key",
        "Secret access key": "secret",
        "Server": "http://127.0.0.1:9",
    }.items():
        dialog.get_by_label(label, exact=True).fill(value)
    assert dialog.get_by_label("Secret access key").get_attribute("type") == "password"
    dialog.get_by_role("button", name="Create").click()
    dialog.get_by_role("alert").wait_for()
    assert dialog.get_by_label("Bucket", exact=True).input_value() == "b"


def test_a_key_is_made_and_removed(visitor: Visitor) -> None:
    """The page shows the public half, and never asks for the private one."""
    asked: list[str] = []
    page = visitor.open("secrets")
    page.on("request", lambda request: asked.append(f"{request.method} {request.url}"))
    page.get_by_text("ds secret generate").wait_for()
    page.get_by_role("link", name="Generate a key").click()
    page.get_by_role("dialog").get_by_label("Name").fill("deploy")
    page.get_by_role("button", name="Generate", exact=True).click()
    page.get_by_text("ssh-ed25519 AAAA").wait_for()
    (secret,) = visitor.api("GET", "/secrets")["items"]
    page.get_by_role("button", name="Remove deploy").click()
    page.get_by_role("button", name="Remove", exact=True).click()
    page.get_by_text("There are no keys yet").wait_for()
    assert not [request for request in asked if request.startswith("GET") and secret["id"] in request]


@pytest.mark.thorough
def test_nothing_keeps_people_from_using_these_pages(visitor: Visitor) -> None:
    """Axe finds nothing on them, light and dark."""
    project = _project(
        visitor, {"n.ipynb": _notebook("x = 1"), "a.csv": "a,b\n1,2\n", "a.md": "# Heading", "a.py": "x"}
    )
    dataset = visitor.api("POST", "/datasets", {"name": "of files"})["id"]
    visitor.api("POST", "/secrets", {"name": "of the account"})
    pages = {
        f"projects/{project}/files": "a.csv",
        f"projects/{project}/files?path=n.ipynb": "x = 1",
        f"projects/{project}/files?path=a.csv": "Source",
        f"projects/{project}/files?path=a.md": "Heading",
        f"projects/{project}/files?path=a.py&view=history": "Show",
        f"projects/{project}/commits": "Files",
        "datasets": "of files",
        "datasets?create=true": "New dataset",
        f"datasets/{dataset}/settings": "Linked to",
        "secrets": "of the account",
        "account": "Log in from a terminal",
    }
    found = [barriers(visitor, path, seen) for path, seen in pages.items()]
    assert [barrier for page in found for barrier in page] == []
