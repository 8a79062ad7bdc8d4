"""Idempotency keys: one effect, one answer."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pytest
from dotscience_hub.store import idempotency
from dotscience_hub.store.database import Database
from dotscience_hub.store.idempotency import Answer, Request
from dotscience_hub.store.projects import ProjectRow
from sqlalchemy import func, select

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.problems import BadRequest, Conflict

NOW = dt.datetime(2030, 1, 1, tzinfo=dt.UTC)


def ask(database: Database, key: str = "k", body: bytes = b"{}", **fields: str) -> bytes:
    """A request that makes a project, unless it was asked before."""
    request = Request(**{"principal": "user:ada", "route": "create_project", **fields}, key=key, body=body)
    with database.write() as session:
        before = idempotency.lookup(session, request)
        if before is not None:
            return before.response
        id_ = new_id()
        session.add(ProjectRow(id=id_, name="p", description="", owner="ada", created=NOW))
        idempotency.save(session, request, Answer(201, id_.encode()), NOW)
        return id_.encode()


def made(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ProjectRow)) or 0


def test_a_repeated_request_gets_the_same_answer(database: Database) -> None:
    """The second request with a key makes nothing and hears what the first one heard."""
    assert ask(database) == ask(database)
    assert made(database) == 1


def test_a_key_counts_for_one_caller_and_one_address(database: Database) -> None:
    """The same key of another caller, for another route, or another key is another request."""
    answers = {ask(database), ask(database, "other"), ask(database, principal="user:bob"), ask(database, route="r")}
    assert len(answers) == made(database) == 4


def test_a_key_for_another_body_is_refused(database: Database) -> None:
    """Reusing a key for something else is an error that says so, and makes nothing."""
    ask(database)
    with pytest.raises(Conflict, match="another request") as caught:
        ask(database, body=b'{"name": "x"}')
    assert caught.value.code == "idempotency_key_reused"
    assert made(database) == 1


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "a\0b"])
def test_odd_keys_are_refused(database: Database, key: str) -> None:
    """A key is 1 to 255 printable characters."""
    with pytest.raises(BadRequest, match="Idempotency-Key"):
        ask(database, key)


def test_requests_at_once_have_one_effect(database: Database) -> None:
    """The same request over many connections at a time is done once, and all hear the same answer."""
    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(lambda _: ask(database), range(16)))
    assert len(answers) == made(database) == 1


def test_what_failed_is_not_remembered(database: Database) -> None:
    """When the transaction fails there is no effect and no answer: the next request is the first one."""
    request = Request("user:ada", "create_project", "k", b"{}")

    def fail() -> None:
        with database.write() as session:
            idempotency.save(session, request, Answer(201, b"x"), NOW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    ask(database)
    assert made(database) == 1


def test_answers_are_forgotten_after_a_day(database: Database) -> None:
    """Old answers go, young ones stay."""
    ask(database)
    with database.write() as session:
        assert idempotency.expire(session, NOW + dt.timedelta(hours=24)) == 0
        assert idempotency.expire(session, NOW + dt.timedelta(hours=25)) == 1
    ask(database)
    assert made(database) == 2
