"""The schema: made by migrations, the same as the models, upgraded with a copy first."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from dotscience_hub.store import models, schema
from dotscience_hub.store.database import Database
from sqlalchemy import text


@pytest.fixture
def empty(database_url: str) -> Iterator[Database]:
    """A database without tables, of either kind."""
    database = Database(database_url)
    yield database
    database.dispose()


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A SQLite database with a project, as a release made it that is older than a migration `0002`, which adds a table.

    The migration stands in a folder of the test's beside the real ones.
    """
    folder = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    database = Database(f"sqlite:///{tmp_path / 'hub.sqlite'}")
    assert schema.upgrade(database) is None
    with database.write() as session:
        session.execute(text("insert into projects values ('p', 'n', '', 'ada', '2030-01-01 00:00:00')"))
        session.execute(text("insert into collaborators values ('p', 'bob', 'reader')"))
    return database


def migration(name: str, body: str) -> None:
    (schema.MIGRATIONS / "versions" / f"{name}.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision, down_revision = '{name}', '{int(name) - 1:04d}'\n"
        f"def upgrade():\n    {body}\n"
    )


def test_migrations_make_what_the_models_say(empty: Database) -> None:
    """The migrated schema and the models are equal, so that no change of a model is without a migration."""
    assert schema.upgrade(empty) is None
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, models.metadata) == []


def test_sqlite_tables_are_the_same_to_the_letter(tmp_path: Path) -> None:
    """On SQLite both ways make the same columns, keys and kinds of tables, also what alembic does not compare."""

    def made(name: str, make: Any) -> dict[str, Any]:
        database = Database(f"sqlite:///{tmp_path / name}")
        make(database)
        with database.engine.connect() as connection:
            tables = connection.exec_driver_sql("select name, wr, strict from pragma_table_list where schema = 'main'")
            facts: dict[str, Any] = {
                row[0]: tuple(row) for row in tables if not row[0].startswith(("sqlite_", "alembic"))
            }
            for table in list(facts):
                facts[table] += tuple(map(tuple, connection.exec_driver_sql(f"pragma table_info('{table}')")))
                keys = connection.exec_driver_sql(f"pragma foreign_key_list('{table}')")
                facts[table] += tuple(sorted(tuple(key[2:]) for key in keys))  # they are numbered in any order
        database.dispose()
        return facts

    migrated = made("a", schema.upgrade)
    assert migrated == made("b", lambda database: models.metadata.create_all(database.engine))
    assert {"projects", "tasks", "leases", "runners", "idempotency"} <= set(migrated)


def test_an_upgrade_that_is_not_needed_does_nothing(empty: Database, tmp_path: Path) -> None:
    """A database of this release stays as it is, without a copy."""
    schema.upgrade(empty)
    assert schema.upgrade(empty) == schema.head()
    assert not list(tmp_path.glob("*.backup-*"))


def test_a_database_of_a_newer_release_is_refused(empty: Database) -> None:
    """A schema that this release does not know is left alone, and the error says what to do."""
    schema.upgrade(empty)
    with empty.write() as session:
        session.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(schema.SchemaError, match=r"9999.*newer release"):
        schema.upgrade(empty)


def test_services_that_start_at_once_take_turns(empty: Database) -> None:
    """Two services that upgrade one database at the same time both find it upgraded."""
    problems: list[BaseException] = []

    def start() -> None:
        database = Database(empty.url.render_as_string(hide_password=False))
        try:
            schema.upgrade(database)
        except BaseException as problem:  # noqa: BLE001 - the main thread shows it
            problems.append(problem)
        finally:
            database.dispose()

    threads = [threading.Thread(target=start) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert schema.upgrade(empty) == schema.head()


def test_a_copy_is_made_before_an_upgrade(older: Database, tmp_path: Path) -> None:
    """Before a migration changes a SQLite file, a private copy of it lies beside it; rows and keys survive."""
    migration("0002", "op.create_table('new', sa.Column('id', sa.Integer(), primary_key=True))")
    assert schema.upgrade(older) == "0001"
    (copy,) = tmp_path.glob("*.backup-*")
    assert copy.name == "hub.sqlite.backup-0001"
    assert copy.stat().st_mode & 0o077 == 0
    with sqlite3.connect(copy) as connection:
        assert connection.execute("select name from projects").fetchall() == [("n",)]
        assert connection.execute("select version_num from alembic_version").fetchall() == [("0001",)]
        assert not connection.execute("select 1 from sqlite_master where name = 'new'").fetchall()
    connection.close()
    older.dispose()


def test_a_table_can_be_made_anew_without_losing_what_hangs_on_it(older: Database) -> None:
    """Batch mode drops and renames tables; rows that refer to them stay, and keys are enforced again afterwards."""
    body = "with op.batch_alter_table('projects', recreate='always') as b: b.add_column(sa.Column('x', sa.Integer()))"
    migration("0002", body)
    schema.upgrade(older)
    with older.write() as session:
        assert session.execute(text("select user_name from collaborators")).all() == [("bob",)]
        session.execute(text("delete from projects"))
        assert session.execute(text("select count(*) from collaborators")).scalar() == 0
    older.dispose()


def test_an_upgrade_that_fails_changes_nothing(older: Database) -> None:
    """A migration that fails half-way leaves the database as it was, and in use."""
    migration("0002", "op.execute('create table half (x)'); op.execute('this is no SQL')")
    with pytest.raises(Exception, match="syntax error"):
        schema.upgrade(older)
    with older.read() as session:
        assert session.execute(text("select version_num from alembic_version")).all() == [("0001",)]
        assert not session.execute(text("select 1 from sqlite_master where name = 'half'")).all()
        assert session.execute(text("pragma foreign_keys")).scalar() == 1
    older.dispose()


def test_the_developers_command_writes_a_migration(older: Database) -> None:
    """`revision` writes the next migration; without a change of the models it is empty."""
    schema.main(["revision", "Change nothing"])
    (written,) = (schema.MIGRATIONS / "versions").glob("0002_*.py")
    assert "down_revision = '0001'" in written.read_text()
    assert schema.upgrade(older) == "0001"
    older.dispose()
