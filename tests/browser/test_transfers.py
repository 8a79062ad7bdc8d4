"""Large files on their way in and folders on their way out, over networks that break; what a task uses, as it runs."""

from __future__ import annotations

import hashlib
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from jupyter_dotscience.client import Client

from .conftest import PAGES, Visitor, barriers
from .test_files import _project, _upload

MEBIBYTE = 1 << 20


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """A file of five parts."""
    path = tmp_path / "large.bin"
    path.write_bytes(os.urandom(36 * MEBIBYTE))
    return path


def _parts(page: Any) -> list[int]:
    """Where each part that a page sends begins, as it is sent."""
    offsets: list[int] = []

    def note(request: Any) -> None:
        query = parse_qs(urlsplit(request.url).query)
        if request.method == "PUT" and "offset" in query:
            offsets.append(int(query["offset"][0]))

    page.on("request", note)
    return offsets


def _begin(page: Any, path: Path) -> None:
    page.set_input_files('input[aria-label="Upload files"]', path)
    page.get_by_role("dialog").get_by_role("button", name="Upload").click()


def _begin_and_close(visitor: Visitor, project: str, path: Path) -> None:
    """Send two parts, and close the tab while the third is under way."""
    page = visitor.page.context.new_page()
    page.goto(f"{visitor.hub.url}{PAGES}projects/{project}/files")
    with page.expect_response(lambda answer: "offset=8388608" in answer.url):
        _begin(page, path)
    page.close()


def _has(visitor: Visitor, project: str, path: Path) -> bool:
    answer = visitor.hub.api("GET", f"/projects/{project}/file?path={path.name}", token=visitor.token)
    return hashlib.sha256(answer.body).digest() == hashlib.sha256(path.read_bytes()).digest()


def test_an_upload_goes_on_when_the_network_comes_back(visitor: Visitor, large: Path) -> None:
    """The page says that it waits, and then sends what the hub does not have; nobody clicks anything."""
    project = _project(visitor)
    page = visitor.open(f"projects/{project}/files")
    offsets = _parts(page)
    with page.expect_response(lambda answer: "offset=8388608" in answer.url):
        _begin(page, large)
    page.context.set_offline(True)
    try:
        page.get_by_text("The hub cannot be reached; the upload goes on when it can.").wait_for()
    finally:
        page.context.set_offline(False)
    page.locator("dialog").wait_for(state="detached")
    assert _has(visitor, project, large)
    assert offsets == sorted(offsets)
    assert offsets[-1] >= 24 * MEBIBYTE


def test_an_upload_goes_on_in_a_new_tab(visitor: Visitor, large: Path) -> None:
    """The same file is chosen again: it is not even read a second time, and only the rest is sent."""
    project = _project(visitor)
    _begin_and_close(visitor, project, large)
    second = visitor.page.context.new_page()
    try:
        offsets = _parts(second)
        second.goto(f"{visitor.hub.url}{PAGES}projects/{project}/files")
        with second.expect_request(lambda request: request.url.endswith("/commits")):
            _begin(second, large)
        second.locator("dialog").wait_for(state="detached")
        kept = second.evaluate("localStorage.getItem('dotscience.uploads')")
    finally:
        second.close()
    assert offsets[0] >= 16 * MEBIBYTE
    assert len(offsets) == len(set(offsets)) <= 3
    assert _has(visitor, project, large)
    assert json.loads(kept) == {}


def test_a_file_that_changed_since_is_read_again(visitor: Visitor, large: Path) -> None:
    """Also when its size and time tell nothing: what the hub has then is what the file is now."""
    project = _project(visitor)
    _begin_and_close(visitor, project, large)
    stamp = large.stat().st_mtime_ns
    large.write_bytes(os.urandom(36 * MEBIBYTE))
    os.utime(large, ns=(stamp, stamp))
    page = visitor.open(f"projects/{project}/files")
    _upload(page, "Upload files", [large])
    assert _has(visitor, project, large)


def test_a_folder_comes_as_an_archive(visitor: Visitor, large: Path) -> None:
    """Named after the folder, with large files, and what a browser would show stays a download."""
    project = _project(visitor, {"data/ünï.html": "<script>alert(1)</script>", "data/in/x.txt": "x", "other": "1"})
    page = visitor.open(f"projects/{project}/files?path=data")
    _upload(page, "Upload files", [large])
    with page.expect_download() as download:
        page.get_by_role("link", name="Download this folder (.zip)").click()
    assert download.value.suggested_filename == "data.zip"
    found = zipfile.ZipFile(download.value.path())
    assert sorted(found.namelist()) == ["data/in/x.txt", "data/large.bin", "data/ünï.html"]
    assert found.read("data/large.bin") == large.read_bytes()
    answer = visitor.hub.api("GET", f"/projects/{project}/archive", token=visitor.token)
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert (answer.headers["X-Content-Type-Options"], answer.headers["Content-Type"]) == ("nosniff", "application/zip")
    visitor.open(f"projects/{project}/files")
    page.get_by_role("link", name="Download all files (.zip)").wait_for()


class Teller:
    """A runner of a visitor whose agent is this test: it says what it likes about a task."""

    def __init__(self, visitor: Visitor, project: str) -> None:
        self.visitor = visitor
        workload = {"kind": "command", "command": ["train"]}
        resources = {"memory": 4 * 10**9, "cpus": 2}
        body = {"workload": workload, "resources": resources, "labels": {"only": visitor.name}}
        self.task = visitor.api("POST", f"/projects/{project}/tasks", body)["id"]
        made = visitor.api("POST", "/runners", {"labels": {"only": visitor.name}})
        self.runner, self.token = made["runner"]["id"], made["token"]
        machine = {"protocol": 1, "version": "0", "backend": "none", "isolation": ""}
        self.tell("/runner/hello", machine)
        self.fence = self.tell("/runner/claim", {})["assignment"]["fence"]
        self.start = int(time.time()) // 2 * 2 - 600

    def tell(self, path: str, body: Any) -> Any:
        answer = self.visitor.hub.api("POST", path, body, token=self.token)
        assert answer.status < 300, answer.body
        return answer.json()

    def say(self, path: str, **body: Any) -> Any:
        return self.tell(f"/runner/tasks/{self.task}/{path}", {"fence": self.fence, **body})

    def use(self, first: int, count: int) -> None:
        """Samples of some steps: memory grows."""
        samples = [[self.start + 2 * n, 1.5, n * 10.0**7, None, None, 1e6, 2e6] for n in range(first, first + count)]
        self.say("resources", step=2, samples=samples)


def test_what_a_task_uses_is_drawn_while_it_runs(visitor: Visitor) -> None:
    """Curves grow without a reload; at the end there is a summary, and that memory ran out is said."""
    project = _project(visitor)
    teller = Teller(visitor, project)
    page = visitor.open(f"tasks/{teller.task}")
    page.get_by_text("queued").or_(page.get_by_text("assigned")).first.wait_for()
    started = {"started": "2026-01-02T03:04:05Z", "backend": "docker"}
    teller.say("report", status="running", execution=started)
    page.get_by_text("Curves begin after some seconds.").wait_for()
    teller.use(0, 100)
    page.get_by_text("Peak memory 990.0 MB of 4.0 GB, 1.5 CPU cores on average").wait_for()
    page.get_by_role("img", name="Memory over time. Memory: most 990 MB, last 990 MB; limit 4 GB.").wait_for()
    page.get_by_role("img", name="Disk over time. Read: most 1 MB/s, last 1 MB/s; Written: most 2 MB/s").wait_for()
    assert page.get_by_role("img", name="GPU").count() == 0
    teller.use(100, 290)
    page.get_by_role("img", name="Memory over time. Memory: most 3.9 GB, last 3.9 GB; limit 4 GB.").wait_for()
    usage = {"peak_memory": 3_990_000_000, "mean_cpus": 1.25, "out_of_memory": True}
    teller.say("finish", outcome="out-of-memory", exit_code=137, execution={**started, "usage": usage})
    page.get_by_text("Peak memory 4.0 GB of 4.0 GB, 1.2 CPU cores on average").or_(
        page.get_by_text("Peak memory 4.0 GB of 4.0 GB, 1.3 CPU cores on average")
    ).wait_for()
    page.get_by_role("alert").get_by_text("Memory ran out").wait_for()
    assert barriers(visitor, f"tasks/{teller.task}", "Memory ran out") == []
    with Client(visitor.hub.url, visitor.token) as client:
        used = client.get_resources(task=teller.task)
    assert (used.step, len(used.times), used.memory[-1]) == (2, 390, pytest.approx(3.89e9))
