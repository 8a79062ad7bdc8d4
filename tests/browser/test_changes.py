"""Changes that arrive by themselves: two people see each other's, and a lost connection is shown and heals."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotscience_hub.launcher.processes import descendants

from tests.browser.conftest import Visitor, log_in
from tests.hubprocess import RunningHub, hub, require_proxy
from tests.scenarios.conftest import Agent

NOT_CONNECTED = "Not connected. Trying again…"


@pytest.fixture(scope="module")
def other(chromium: Any, running_hub: RunningHub) -> Iterator[Visitor]:
    """A second person with a browser of their own."""
    visitor = log_in(chromium, running_hub)
    yield visitor
    visitor.page.context.close()


def polls_nothing(visitor: Visitor) -> list[str]:
    """Collects the addresses that a page asks the API for from now on."""
    asked: list[str] = []
    visitor.page.on("request", lambda request: asked.append(request.url) if "/api/" in request.url else None)
    return asked


def test_projects_made_renamed_shared_and_taken_away(visitor: Visitor, other: Visitor) -> None:
    """All on an open page that nobody touches."""
    theirs = other.open("")
    theirs.get_by_role("heading", name="Projects").wait_for()
    project = visitor.api("POST", "/projects", {"name": "a shared study"})["id"]
    path = f"/projects/{project}"
    visitor.api("PUT", f"{path}/collaborators/{other.name}", {"role": "reader"})
    theirs.get_by_role("link", name="a shared study").wait_for()
    mine = visitor.open(f"projects/{project}/settings")
    mine.get_by_text(other.name).first.wait_for()
    visitor.api("PATCH", path, {"name": "renamed by its owner"})
    theirs.get_by_role("link", name="renamed by its owner").wait_for()
    mine.get_by_role("heading", name="renamed by its owner").wait_for()
    visitor.api("DELETE", f"{path}/collaborators/{other.name}")
    theirs.get_by_role("link", name="renamed by its owner").wait_for(state="detached")
    assert mine.url.endswith(f"projects/{project}/settings")
    assert not theirs.get_by_role("link", name="renamed by its owner").count()


def test_a_published_run_appears_for_a_collaborator(visitor: Visitor, other: Visitor) -> None:
    """In the table, and its live points in a curve that is looked at, without any polling."""
    project = visitor.api("POST", "/projects", {"name": "runs"})["id"]
    visitor.api("PUT", f"/projects/{project}/collaborators/{other.name}", {"role": "reader"})
    runs = {"runs": [{"id": "first", "summary": {"accuracy": "0.5"}}]}
    visitor.api("POST", f"/projects/{project}/runs", runs)
    page = other.open(f"projects/{project}/runs")
    page.get_by_text("0.5").first.wait_for()
    visitor.api("POST", f"/projects/{project}/runs", {"runs": [{"id": "second", "summary": {"accuracy": "0.875"}}]})
    page.get_by_text("0.875").first.wait_for()
    page.wait_for_timeout(2_000)  # what was asked for because of the changes is answered
    asked = polls_nothing(other)
    page.wait_for_timeout(7_000)  # longer than any page ever polled
    assert asked == []


def test_a_runner_that_connects_is_online(visitor: Visitor, tmp_path: Path) -> None:
    """The page of runners turns by itself, and a task's page when the runner takes it."""
    made = visitor.api("POST", "/runners", {"name": "a machine"})
    page = visitor.open(f"runners/{made['runner']['id']}")
    page.get_by_text("offline").wait_for()
    agent = Agent(visitor.hub.url, made["token"], tmp_path, "--backend", "process")
    agent.start()
    try:
        page.get_by_text("online", exact=True).wait_for()
        project = visitor.api("POST", "/projects", {"name": "work"})["id"]
        page = visitor.open(f"projects/{project}/tasks")
        body = {"workload": {"kind": "command", "command": ["python3", "-c", "print(1)"]}}
        visitor.api("POST", f"/projects/{project}/tasks", body)
        page.get_by_role("row").get_by_text("succeeded").wait_for(timeout=60_000)
        assert page.get_by_role("row").filter(has_text="succeeded").count() == 1
    finally:
        agent.end()


def kill_service(running: RunningHub) -> None:
    """Kill the service's process, if it is there just now."""
    for process in descendants(running.process.pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            if b"dotscience_hub" in words and b"gateway" not in words and b"child.py" not in words[2]:
                process.signal(signal.SIGKILL)


def test_a_killed_service_is_shown_and_heals(chromium: Any, tmp_path: Path) -> None:
    """A banner comes without moving anything, goes by itself, and what changed meanwhile is there."""
    require_proxy()
    with hub(tmp_path / "data", "--no-runner") as running:
        visitor = log_in(chromium, running)
        page = visitor.open("")
        heading = page.get_by_role("heading", name="Projects")
        heading.wait_for()
        before = heading.bounding_box()
        for _ in range(20):  # the launcher starts it anew at once: so often that the page notices
            kill_service(running)
            with contextlib.suppress(Exception):
                page.get_by_text(NOT_CONNECTED).wait_for(timeout=1_500)
                break
        page.get_by_text(NOT_CONNECTED).wait_for()
        assert heading.bounding_box() == before
        page.get_by_text(NOT_CONNECTED).wait_for(state="detached", timeout=60_000)
        visitor.api("POST", "/projects", {"name": "made after the fall"})
        page.get_by_role("link", name="made after the fall").wait_for()
        assert visitor.complaints == []
        page.context.close()
