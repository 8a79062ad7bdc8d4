"""The feed of changes and its connections: bounded memory, order, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.feed import EVERYTHING, KEPT, PER_PERSON, Feed
from dotscience_hub.store.database import Database
from dotscience_hub.store.telling import Told
from dotscience_hub.web.application import make_application
from dotscience_hub.web.changes import MOST, ChangesSocket, changes_rule
from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets

from jupyter_dotscience.api.changes import PATH, Notice, NoticeKind
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import NotLoggedIn, Unavailable
from jupyter_dotscience.api.routes import PREFIX
from tests.hub.world import user

ALICE = user("alice")


@dataclass(eq=False)
class Ear:
    """A listener that writes down what it hears."""

    caller: Caller | None = ALICE
    heard: list[Notice] = field(default_factory=list)
    at: str = ""
    told: int = 0
    ended: bool = False

    def tell(self, notices: Iterable[Notice], at: str) -> None:
        self.heard += notices
        self.at = at
        self.told += 1

    def end(self) -> None:
        self.ended = True


def told(count: int, name: str = "alice") -> list[Told]:
    """Different changes that one person may see."""
    notices = (Notice(kind=NoticeKind.RUNS, run=f"r{number}") for number in range(count))
    return [Told(notice, people=frozenset((name,))) for notice in notices]


@contextlib.asynccontextmanager
async def running(feed: Feed) -> AsyncIterator[None]:
    work = asyncio.create_task(feed.run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait([work])


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)


@pytest.fixture
def feed(sqlite_database: Database) -> Feed:
    """A feed that takes no rest."""
    return Feed(sqlite_database, rest=0)


def test_what_came_since_is_told_once_and_the_rest_is_everything(feed: Feed) -> None:
    """By number; more than is remembered, and what another process said, is everything."""

    async def scene() -> None:
        before = feed.position
        for each in told(3):
            feed.publish([each, each])
        late = Ear()
        await feed.join(late, before)
        assert sorted(notice.run or "" for notice in late.heard) == ["r0", "r1", "r2"]
        again = Ear()
        await feed.join(again, late.at)
        assert again.heard == []
        for each in told(KEPT + 3):
            feed.publish([each])
        assert len(feed._kept) == KEPT
        for since in (before, "another.1"):
            ear = Ear()
            await feed.join(ear, since)
            assert ear.heard == [EVERYTHING]

    asyncio.run(scene())


def test_a_store_that_does_not_answer_loses_nothing(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who may see it is not known, so all are told to look."""

    async def scene() -> None:
        ear = Ear()
        await feed.join(ear, None)
        monkeypatch.setattr(feed._database, "read", lambda: 1 / 0)
        async with running(feed):
            feed.publish(told(1))
            await until(lambda: ear.heard)
        assert ear.heard == [EVERYTHING]

    asyncio.run(scene())


class Doubt:
    """A store that keeps the first who asks it waiting."""

    def __init__(self, database: Database) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self._first = threading.Lock()
        self._read = database.read

    @contextlib.contextmanager
    def read(self) -> Iterator[Any]:
        if self._first.acquire(blocking=False):
            self.asked.set()
            assert self.go_on.wait(60)
        with self._read() as session:
            yield session


@pytest.fixture
def doubt(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doubt]:
    """The feed's store, which does not answer at once; and signs of life all the time."""
    monkeypatch.setattr("dotscience_hub.services.feed.LIFE_SECONDS", 0.05)
    made = Doubt(feed._database)
    monkeypatch.setattr(feed._database, "read", made.read)
    yield made
    made.go_on.set()


async def heard_after_a_cut(feed: Feed, doubt: Doubt, ear: Ear) -> set[Notice]:
    """What a page hears in all whose connection is cut now, and which comes back when the store answers again."""
    feed.leave(ear)
    heard, back = set(ear.heard), Ear()
    doubt.go_on.set()
    await feed.join(back, ear.at)
    return heard.union(back.heard)


def test_a_sign_of_life_promises_nothing_that_is_still_to_be_told(feed: Feed, doubt: Doubt) -> None:
    """A page that is cut between it and the changes hears of them when it comes back."""
    changes = told(1)

    async def scene() -> set[Notice]:
        ear = Ear()
        await feed.join(ear, None)
        async with running(feed):
            feed.publish(changes)
            await until(doubt.asked.is_set)
            before = ear.told
            await until(lambda: ear.told > before)
            return await heard_after_a_cut(feed, doubt, ear)

    assert asyncio.run(scene()) == {changes[0].notice}


@pytest.mark.parametrize("way", ["life", "change"])
def test_a_page_that_came_back_is_told_first_what_it_missed(feed: Feed, doubt: Doubt, way: str) -> None:
    """Neither a sign of life nor a later change, told before that, says that it has heard it already."""
    missed, later = told(2)

    async def scene() -> set[Notice]:
        ear, since = Ear(), feed.position
        async with running(feed):
            feed.publish([missed])
            await until(lambda: feed._spread)
            coming = asyncio.create_task(feed.join(ear, since))
            await until(doubt.asked.is_set)
            if way == "change":
                feed.publish([later])
            await until(lambda: ear.heard if way == "change" else ear.told)
            found = await heard_after_a_cut(feed, doubt, ear)
            await coming
            return found

    assert missed.notice in asyncio.run(scene())


def test_one_person_cannot_have_all_connections(feed: Feed) -> None:
    """Others still can be let in."""

    async def scene() -> None:
        for _ in range(PER_PERSON):
            await feed.join(Ear(), None)
        with pytest.raises(Unavailable, match="close some pages"):
            feed.check_room("alice")
        feed.check_room("bob")

    asyncio.run(scene())


def test_the_end_of_the_service_ends_all(feed: Feed) -> None:
    """And no more are let in."""

    async def scene() -> None:
        ear = Ear()
        await feed.join(ear, None)
        stopping = asyncio.create_task(feed.stop())
        await until(lambda: ear.ended)
        feed.leave(ear)
        await stopping
        with pytest.raises(Unavailable):
            feed.check_room("bob")

    asyncio.run(scene())


class Anybody:
    """Believes everybody, until told otherwise."""

    ended = False

    async def identify(self, handler: Any) -> Caller:
        return ALICE

    async def again(self, handler: Any) -> Caller:
        if self.ended:
            raise NotLoggedIn("It has ended.")
        return ALICE


@dataclass
class Site:
    """A server with nothing but the websocket."""

    feed: Feed
    authentication: Anybody
    port: int

    async def slow(self) -> socket.socket:
        """A page that has said its first word, and then reads nothing."""
        page = socket.socket()
        page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        page.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(page, ("127.0.0.1", self.port))
        lines = [
            f"GET {PREFIX}{PATH} HTTP/1.1",
            f"Host: 127.0.0.1:{self.port}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
            "Authorization: Bearer x",
        ]
        # The first word `{}` in one masked frame (RFC 6455, section 5.2), with a mask of zeros.
        word = b"\x81\x82\0\0\0\0{}"
        await loop.sock_sendall(page, ("\r\n".join(lines) + "\r\n\r\n").encode() + word)
        return page


@pytest.fixture
def site(feed: Feed) -> Iterator[Any]:
    """To be used as an asynchronous context."""

    @contextlib.asynccontextmanager
    async def serving() -> AsyncIterator[Site]:
        authentication = Anybody()
        rule = changes_rule(PREFIX, feed, authentication, "")  # type: ignore[arg-type]
        server = HTTPServer(make_application([rule], cookie_secret=b"0" * 32))
        sockets = bind_sockets(0, "127.0.0.1")
        # Else the system takes megabytes for a page that reads nothing, and brings them to it by a few kB at a time.
        sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 15)
        server.add_sockets(sockets)
        async with running(feed):
            yield Site(feed, authentication, sockets[0].getsockname()[1])
        server.stop()
        await server.close_all_connections()

    return serving


def test_a_page_that_reads_nothing_costs_no_memory(site: Any) -> None:
    """Two hundred notices wait for it at the most; when it reads again, it is told that everything changed."""

    async def scene() -> None:
        async with site() as serving:
            page = await serving.slow()
            await until(lambda: len(serving.feed))
            (connection,) = serving.feed._listeners
            assert isinstance(connection, ChangesSocket)

            def is_stuck() -> bool:
                # One round at a time: more at once would be told in one short word, and fill nothing.
                if serving.feed._heard == serving.feed._number:
                    for _ in range(MOST - 1):
                        notice = Notice(kind=NoticeKind.RUNS, run=new_id())
                        serving.feed.publish([Told(notice, people=frozenset(("alice",)))])
                return EVERYTHING in connection._waiting

            await until(is_stuck)
            assert len(connection._waiting) <= MOST + 1
            loop, found = asyncio.get_running_loop(), b""
            page.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            while b'"everything"' not in found:
                async with asyncio.timeout(60):
                    found = found[-200:] + await loop.sock_recv(page, 1 << 20)
            page.close()

    asyncio.run(scene())


def test_before_anything_is_told_the_login_is_asked_for(site: Any) -> None:
    """One that has ended hears nothing; the connection is closed with 4401."""

    async def scene() -> bytes:
        async with site() as serving:
            page = await serving.slow()
            await until(lambda: len(serving.feed))
            serving.authentication.ended = True
            serving.feed.publish(told(1))
            loop, found = asyncio.get_running_loop(), b""
            async with asyncio.timeout(60):
                while b"the login has ended" not in found:
                    found += await loop.sock_recv(page, 4096)
            page.close()
            return found

    found = asyncio.run(scene())
    assert b"runs" not in found
    assert (4401).to_bytes(2, "big") in found


def test_a_message_is_json_of_the_contract(site: Any) -> None:
    """A kind, what it is of, and nothing else."""

    async def scene() -> bytes:
        async with site() as serving:
            page = await serving.slow()
            await until(lambda: len(serving.feed))
            serving.feed.publish(told(1))
            loop, found = asyncio.get_running_loop(), b""
            async with asyncio.timeout(60):
                while b"r0" not in found:
                    found += await loop.sock_recv(page, 4096)
            page.close()
            return found

    found = asyncio.run(scene())
    said = json.loads(found[found.rindex(b'{"at"') :])
    assert said["notices"] == [{"kind": "runs", "run": "r0"}]
