"""Transactions, callbacks, and the types of columns."""

from __future__ import annotations

import datetime as dt
import threading
import time
from pathlib import Path

import pytest
from dotscience_hub.store.base import clean
from dotscience_hub.store.database import Database, after_commit
from dotscience_hub.store.projects import CollaboratorRow, ProjectRow
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError, StatementError

from jupyter_dotscience.api.ids import new_id

ZONE = dt.timezone(dt.timedelta(hours=2))
NOON = dt.datetime(2030, 1, 1, 12, 0, 0, 123456, tzinfo=ZONE)


def row(name: str = "p", created: dt.datetime = NOON) -> ProjectRow:
    return ProjectRow(id=new_id(), name=name, description="", owner="ada", created=created)


def names(database: Database) -> list[str]:
    with database.read() as session:
        return list(session.scalars(select(ProjectRow.name).order_by(ProjectRow.id)))


def test_instants_keep_their_microseconds_and_come_back_in_utc(database: Database) -> None:
    """A time stored in any zone comes back as the same instant in UTC; one without a zone is refused."""
    with database.write() as session:
        session.add(row())
    with database.read() as session:
        found = session.scalars(select(ProjectRow)).one().created
    assert (found, found.utcoffset()) == (NOON, dt.timedelta(0))
    with pytest.raises(StatementError, match="naive"), database.write() as session:
        session.add(row(created=NOON.replace(tzinfo=None)))


def test_a_failed_transaction_leaves_nothing(database: Database) -> None:
    """Neither rows nor callbacks survive an error, an inner block's included."""
    called: list[int] = []

    def fail() -> None:
        with database.write() as outer:
            outer.add(row())
            with database.write() as inner:
                assert inner is outer
                after_commit(inner, lambda: called.append(1))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert (names(database), called) == ([], [])


def test_callbacks_run_once_all_is_durable(database: Database) -> None:
    """A callback sees what the transaction made, and may start one of its own."""
    seen = []

    def look() -> None:
        seen.extend(names(database))
        with database.write() as session:
            session.add(row("second"))

    with database.write() as session:
        session.add(row("first"))
        after_commit(session, look)
    assert seen == ["first"]
    assert names(database) == ["first", "second"]


def test_a_reader_sees_one_state(database: Database) -> None:
    """What is committed while a reader reads does not show in the same reading."""
    with database.read() as session:
        before = session.scalars(select(ProjectRow.name)).all()
        thread = threading.Thread(target=lambda: _add(database))
        thread.start()
        thread.join()
        assert session.scalars(select(ProjectRow.name)).all() == before == []
    assert names(database) == ["added"]


def test_reading_changes_nothing(database: Database) -> None:
    """What a reader adds by mistake is gone."""
    with database.read() as session:
        session.add(row())
        session.flush()
    assert names(database) == []


def test_texts_compare_byte_by_byte(database: Database) -> None:
    """Order and equality of texts are the same on both databases, whatever the machine's language."""
    words = ["a", "B", "-", "é", "_", "aa", "A", "z", "~"]
    with database.write() as session:
        session.add_all([row(word) for word in words])
    with database.read() as session:
        found = list(session.scalars(select(ProjectRow.name).order_by(ProjectRow.name)))
    assert found == sorted(words, key=str.encode)


def test_writers_take_turns(database: Database) -> None:
    """Writers at the same time lose no update."""
    with database.write() as session:
        one = row("0")
        session.add(one)

    def count() -> None:
        for _ in range(10):
            with database.write() as session:
                found = session.get_one(ProjectRow, one.id, with_for_update=True)
                found.name = str(int(found.name) + 1)

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(database) == ["40"]


def test_keys_are_enforced(database: Database) -> None:
    """A row cannot refer to one that is not there."""
    with pytest.raises(IntegrityError), database.write() as session:
        session.add(CollaboratorRow(project_id=new_id(), user_name="bob", role="reader"))


def test_statistics_are_refreshed(database: Database) -> None:
    """The planner's statistics can be made while the database is in use."""
    with database.write() as session:
        session.add_all([row() for _ in range(100)])
    database.optimize()
    assert len(names(database)) == 100


def test_errors_do_not_tell_values(database: Database) -> None:
    """The text of an error, which goes into logs, has none of the values that were to be stored."""
    one = row("a secret")
    again = insert(ProjectRow).values(id=one.id, name="a secret", description="", owner="", created=NOON)

    def twice() -> None:
        with database.write() as session:
            session.add(one)
            session.flush()
            session.execute(again)

    with pytest.raises(IntegrityError) as caught:
        twice()
    assert "a secret" not in str(caught.value)


def test_the_file_is_private(sqlite_database: Database) -> None:
    """The SQLite file and those beside it can be read by their owner only."""
    assert sqlite_database.url.database is not None
    with sqlite_database.write() as session:
        session.add(row())
    files = list(Path(sqlite_database.url.database).parent.glob("hub.sqlite*"))
    assert len(files) == 3
    assert [file.stat().st_mode & 0o077 for file in files] == [0, 0, 0]


def test_cleaned_text_can_be_stored() -> None:
    """NUL, which PostgreSQL has not, is replaced; all else stays."""
    assert clean("a\0b\n🙂") == "a\ufffdb\n🙂"


def _add(database: Database) -> None:
    with database.write() as session:
        session.add(row("added"))


def test_what_was_written_comes_into_the_database_beside_the_writers(sqlite_database: Database, tmp_path: Path) -> None:
    """Soon after a commit the file alone has it, though no commit had to do it."""
    with sqlite_database.write() as session:
        session.add(row("written just now"))
    deadline = time.monotonic() + 60
    while b"written just now" not in (tmp_path / "hub.sqlite").read_bytes():
        assert time.monotonic() < deadline, "it is in the log only"
        time.sleep(0.1)
