"""The websocket of changes of a real hub: who hears what, who is refused, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from dotscience_hub.launcher.hubconfig import ACCESS
from dotscience_hub.launcher.processes import Process, descendants
from tornado.httpclient import HTTPClientError

from jupyter_dotscience.api.changes import PATH
from tests.formbrowser import Browser
from tests.hub.listening import HOME, Page, connect, cookies, in_thread, listener, run
from tests.hubprocess import RunningHub, hub, require_proxy

EVERYTHING = [{"kind": "everything"}]


@dataclass(frozen=True)
class People:
    """Tokens of four users, by what they are to the owner's projects."""

    hub: RunningHub
    owner: str
    writer: str
    reader: str
    stranger: str
    names: dict[str, str]

    def api(self, method: str, path: str, body: Any = None, who: str | None = None) -> Any:
        answer = self.hub.api(method, path, body, token=who or self.owner)
        assert answer.status < 300, answer.body
        return answer.json() if answer.body else None

    def project(self, *roles: str) -> str:
        """A new project of the owner, shared."""
        project = str(self.api("POST", "/projects", {})["id"])
        for role in roles:
            self.share(project, role)
        return project

    def share(self, project: str, role: str) -> None:
        self.api("PUT", f"/projects/{project}/collaborators/{self.names[role]}", {"role": role})


@pytest.fixture(scope="module")
def people(running_hub: RunningHub) -> People:
    """Four users of the tests' hub."""
    roles = ("owner", "writer", "reader", "stranger")
    tokens = {role: running_hub.make_user(f"changes-{role}") for role in roles}
    return People(running_hub, **tokens, names={role: f"changes-{role}" for role in roles})


def run_of(name: str) -> dict[str, Any]:
    return {"runs": [{"id": name}]}


def test_each_hears_of_what_is_theirs_and_of_nothing_else(people: People) -> None:
    """Owner, writer and reader hear of a run; a stranger hears of their own project, and of no other one."""

    async def scene() -> None:
        project = await in_thread(people.project, "writer", "reader")
        everybody = [await listener(people.hub, each) for each in (people.owner, people.writer, people.reader)]
        stranger = await listener(people.hub, people.stranger)
        await in_thread(people.api, "POST", f"/projects/{project}/runs", run_of("r1"))
        for page in everybody:
            await page.hear(kind="runs", project=project, run="r1")
        mine = (await in_thread(people.api, "POST", "/projects", {}, people.stranger))["id"]
        await stranger.hear(kind="projects", project=mine)
        assert {notice.get("project") for notice in stranger.notices} == {mine}
        assert mine not in {notice.get("project") for page in everybody for notice in page.notices}

    run(scene())


def test_who_is_added_hears_from_then_on_and_who_is_removed_nothing_more(people: People) -> None:
    """Both while they are connected; the removal itself they hear of as "everything", which names nothing."""

    async def scene() -> None:
        project = await in_thread(people.project)
        writer, owner = await listener(people.hub, people.writer), await listener(people.hub, people.owner)
        await in_thread(people.share, project, "writer")
        await writer.hear(kind="everything")
        await in_thread(people.api, "POST", f"/projects/{project}/runs", run_of("before"))
        await writer.hear(kind="runs", run="before")
        writer.notices.clear()
        await in_thread(people.api, "DELETE", f"/projects/{project}/collaborators/{people.names['writer']}")
        await writer.hear(kind="everything")
        await in_thread(people.api, "POST", f"/projects/{project}/runs", run_of("after"))
        await owner.hear(kind="runs", run="after")
        mine = (await in_thread(people.api, "POST", "/projects", {}, people.writer))["id"]
        await writer.hear(kind="projects", project=mine)
        assert project not in {notice.get("project") for notice in writer.notices}

    run(scene())


def test_an_admin_hears_of_all_projects(people: People) -> None:
    """As an admin may see them; but not of what is one person's own, such as being taken off a project."""

    async def scene() -> None:
        admin = await listener(people.hub, people.hub.admin_token)
        project = await in_thread(people.project, "reader")
        await admin.hear(kind="projects", project=project)
        assert {"kind": "everything"} not in admin.notices

    run(scene())


def test_files_runners_tasks_and_secrets(people: People) -> None:
    """Versions and tasks are told to the project's people; a runner and the keys of an account to their owner."""

    async def scene() -> None:
        project = await in_thread(people.project, "reader")
        owner, reader = await listener(people.hub, people.owner), await listener(people.hub, people.reader)
        commit = {"parent": None, "changes": [], "always": True, "message": "m", "created": "2026-01-02T03:04:05Z"}
        await in_thread(people.api, "POST", f"/projects/{project}/commits", commit)
        body = {"workload": {"kind": "command", "command": ["true"]}}
        task = (await in_thread(people.api, "POST", f"/projects/{project}/tasks", body))["id"]
        for page in (owner, reader):
            await page.hear(kind="files", project=project)
            await page.hear(kind="tasks", project=project, task=task)
        runner = (await in_thread(people.api, "POST", "/runners", {}))["runner"]["id"]
        await owner.hear(kind="runners", runner=runner)
        await in_thread(people.api, "POST", "/secrets", {"name": "key"})
        await owner.hear(kind="secrets")
        await in_thread(people.api, "POST", f"/projects/{project}/runs", run_of("last"))
        await reader.hear(kind="runs", run="last")
        assert {notice["kind"] for notice in reader.notices} <= {"files", "tasks", "runs", "projects", "everything"}

    run(scene())


def test_what_was_missed_is_told_after_a_cut(people: People) -> None:
    """From where the page was; a position of another process, or nonsense, means everything."""

    async def scene() -> None:
        project = await in_thread(people.project)
        page = await listener(people.hub, people.owner)
        page.close()
        await in_thread(people.api, "POST", f"/projects/{project}/runs", run_of("meanwhile"))
        again = await listener(people.hub, people.owner, page.at)
        await again.hear(kind="runs", project=project, run="meanwhile")
        assert {"kind": "everything"} not in again.notices
        for since in ("0badcafe.7", "", ".", "x" * 100, f"{(page.at or '').partition('.')[0]}.{10**17}"):
            assert (await listener(people.hub, people.owner, since)).notices == EVERYTHING

    run(scene())


def refusal(caught: pytest.ExceptionInfo[HTTPClientError]) -> int:
    return caught.value.code


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1"])
def test_a_page_of_another_site_is_refused(people: People, origin: str) -> None:
    """Whatever it sends: browsers let any page open a websocket."""
    with pytest.raises(HTTPClientError) as caught:
        run(connect(people.hub, people.owner, Origin=origin))
    assert refusal(caught) == 403


def test_only_people_who_may_read_are_let_in(people: People) -> None:
    """No token, a wrong one, a runner's, and one without the scope for reading."""
    runner = people.api("POST", "/runners", {})["token"]
    name = people.names["owner"]
    password = people.hub.command("user", "passwd", name).strip().splitlines()[-1]
    outside = people.hub.token(name, password, scopes=[ACCESS])
    for token, status in ((None, 403), ("wrong", 401), (runner, 403), (outside, 403)):
        with pytest.raises(HTTPClientError) as caught:
            run(connect(people.hub, token))
        assert refusal(caught) == status


def test_what_is_no_websocket_is_a_400(people: People) -> None:
    """Nor is a parameter taken: a token in an address would be in logs."""
    assert people.hub.api("GET", PATH, token=people.owner).status == 400
    headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
    answer = people.hub.api("GET", PATH + "?token=secret", headers=headers)
    assert (answer.status, answer.json()["code"]) == (400, "bad_request")


@pytest.fixture
def browser(running_hub: RunningHub) -> Iterator[Browser]:
    """A new user's, logged in, with the service's page open."""
    name = f"listener{len(list(running_hub.data_dir.iterdir()))}-{id(object())}"
    browser = Browser(running_hub.url)
    browser.log_in(name, running_hub.command("user", "add", name).strip())
    browser.visit(HOME)
    yield browser
    browser.close()


def test_a_browser_needs_its_cookie_its_origin_and_the_page_s_token(running_hub: RunningHub, browser: Browser) -> None:
    """The token because JupyterLabs may have the same origin; without Origin no cookie speaks."""

    async def scene() -> None:
        sent = {"Cookie": cookies(browser), "Origin": running_hub.url, "Sec-Fetch-Mode": "websocket"}
        page = await connect(running_hub, **sent)
        await page.listen(xsrf=browser.cookies["_xsrf", HOME])
        assert page.at is not None
        for xsrf in ("", "wrong", "é"):
            page = await connect(running_hub, **sent)
            await page.listen(xsrf=xsrf)
            assert page.code == 4403
        with pytest.raises(HTTPClientError) as caught:
            await connect(running_hub, Cookie=cookies(browser))
        assert refusal(caught) == 403
        with pytest.raises(HTTPClientError) as caught:
            await connect(running_hub, Origin=running_hub.url)
        assert refusal(caught) == 401

    run(scene())


@pytest.mark.parametrize("word", ["", "[]", "x" * 5000, '{"since": 1}', '{"other": true}', b"\xff"])
def test_a_wrong_first_word_ends_the_connection(people: People, word: str | bytes) -> None:
    """And is nobody's error in the log."""

    async def scene() -> int | None:
        page = await connect(people.hub, people.owner)
        await page.connection.write_message(word, binary=isinstance(word, bytes))
        return await page.end()

    assert run(scene()) in (1007, 1009)


def test_a_second_word_ends_it_too(people: People) -> None:
    """There is nothing more to say."""

    async def scene() -> int | None:
        page = await listener(people.hub, people.owner)
        await page.connection.write_message("{}")
        return await page.end()

    assert run(scene()) == 1008


def test_a_thousand_notices_in_a_moment_are_few_messages(people: People) -> None:
    """However often the same changes, it is told a few times a second."""

    async def scene() -> int:
        project = await in_thread(people.project)
        page = await listener(people.hub, people.owner)
        body = {"runs": [{"id": f"r{number}"} for number in range(1_000)]}
        await in_thread(people.api, "POST", f"/projects/{project}/runs", body)
        await page.hear(kind="runs", project=project)
        return len(page.notices)

    assert run(scene()) <= 3


@pytest.fixture
def own_hub(tmp_path: Path) -> Iterator[RunningHub]:
    """A hub of this test alone, which believes JupyterHub's answers for a second."""
    require_proxy()
    config = tmp_path / "service_config.py"
    config.write_text("c.DotscienceHub.auth_cache_seconds = 1\n")
    config.chmod(0o600)
    with hub(tmp_path / "data", "--no-runner", "--config", str(config)) as running:
        yield running


def test_a_login_that_ends_ends_the_connection(own_hub: RunningHub) -> None:
    """Before anything more is told: a token that was revoked, and one of an account that was removed."""

    async def scene() -> None:
        token = await in_thread(own_hub.make_user, "eve")
        page = await listener(own_hub, token)
        project = await in_thread(own_hub.api, "POST", "/projects", {}, token=token)
        await page.hear(kind="projects", project=project.json()["id"])
        removed = await in_thread(own_hub.request, "DELETE", "/hub/api/users/eve", token=own_hub.admin_token)
        assert removed.status == 204
        page.notices.clear()
        path = f"/projects/{project.json()['id']}"
        for number in itertools.count():
            # Each time another one: what changes nothing is not told. The first may be, while the login is believed.
            body = {"description": f"number {number}"}
            changed = await in_thread(own_hub.api, "PATCH", path, body, token=own_hub.admin_token)
            assert changed.status == 200, changed.body
            if await page.next() is None:
                break
        assert page.code == 4401

    run(scene())


def service(running: RunningHub) -> Process:
    """The service's process."""
    for process in descendants(running.process.pid):
        with contextlib.suppress(OSError):
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().split(b"\0")
            # The gateway is the same program, and guards of ours start both and stay with them.
            if b"dotscience_hub" in words and b"gateway" not in words and b"child.py" not in words[2]:
                return process
    raise AssertionError("there is no service")


def test_the_service_s_end_ends_connections_and_the_next_one_tells_everything(own_hub: RunningHub) -> None:
    """On SIGTERM with "going away"; killed, with a cut; a page that comes back hears that everything changed."""

    async def back(token: str, since: str | None) -> Page:
        for _ in range(200):
            try:
                return await listener(own_hub, token, since)
            except (HTTPClientError, OSError):
                await asyncio.sleep(0.1)
        raise AssertionError("the service did not come back")

    async def scene() -> None:
        token = await in_thread(own_hub.make_user, "mia")
        for number, code in ((signal.SIGTERM, 1001), (signal.SIGKILL, None)):
            page = await listener(own_hub, token)
            service(own_hub).signal(number)
            assert await page.end() == code
            again = await back(token, page.at)
            assert again.notices == EVERYTHING

    run(scene())
