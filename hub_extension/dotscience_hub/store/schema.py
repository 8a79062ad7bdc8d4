"""The schema of the database: made, or brought to this release's version, when the service starts.

``python -m dotscience_hub.store.schema revision "Add a column"`` writes a migration from what the models have and the
newest migration lacks.
"""

from __future__ import annotations

import argparse
import logging
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, func, select

from jupyter_dotscience.api.problems import DotscienceError

from .database import Database

log = logging.getLogger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"
# Any number: two services that start at once take turns by it.
_LOCK = 0x646F74736369


class SchemaError(DotscienceError):
    """The database cannot be used by this release; the text says why and what to do."""


def upgrade(database: Database) -> str | None:
    """Make all tables, or bring them to the version of this release.

    A SQLite database is copied before it is changed, to ``<file>.backup-<revision>`` beside it. On PostgreSQL the whole
    upgrade is one transaction; its backups are its administrator's.

    Args:
        database: What to upgrade.

    Returns:
        The revision it had before; None for a new database.

    Raises:
        SchemaError: A newer release has used it.
    """
    with database.engine.connect() as connection:
        if not database.sqlite:
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        before = _revision(connection)
        _check(before)
        if before == head():
            return before
        if before is not None and database.sqlite:
            backup(database, before)
        _run(connection, sqlite=database.sqlite)
    log.info("the database's schema went from %s to %s", before or "nothing", head())
    return before


def head() -> str:
    """The revision that this release needs."""
    newest = _scripts().get_current_head()
    assert newest is not None
    return newest


def backup(database: Database, revision: str) -> Path:
    """Copy a SQLite database while it may be in use; an older copy of the same revision is replaced.

    Returns:
        Where the copy is.
    """
    assert database.url.database is not None
    source = Path(database.url.database)
    target = source.with_name(f"{source.name}.backup-{revision}")
    unfinished = target.with_name(f"{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    unfinished.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(unfinished)) as new:
        old.backup(new)
    unfinished.replace(target)
    log.info("copied the database to %s before upgrading it", target)
    return target


def _check(revision: str | None) -> None:
    known = {script.revision for script in _scripts().walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaError(
            f"The database has schema {revision}, which this release does not know: a newer release has used it. "
            "Install that release again, or restore the copy that it made before it upgraded the database."
        )


def _run(connection: Connection, *, sqlite: bool) -> None:
    config = _config()
    config.attributes["connection"] = connection
    if sqlite:
        # A table is made anew to change it, and that must not cascade. Inside a transaction this has no effect.
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    try:
        command.upgrade(config, "head")
        connection.commit()
    finally:
        connection.rollback()
        if sqlite:
            connection.exec_driver_sql("PRAGMA foreign_keys=ON")


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def make_revision(message: str, number: str) -> None:
    """Write a migration: a help for developers, to be read and corrected before it is committed.

    Args:
        message: What it does.
        number: Its id, such as 0002.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/empty.sqlite")
        if list(_scripts().walk_revisions()):
            upgrade(database)
        with database.engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.revision(config, message=message, autogenerate=True, rev_id=number)
        database.dispose()


def main(arguments: Sequence[str]) -> None:
    """Run the developers' command line."""
    parser = argparse.ArgumentParser(prog="python -m dotscience_hub.store.schema")
    parser.add_argument("action", choices=["revision"])
    parser.add_argument("message", help="what the migration does")
    options = parser.parse_args(arguments)
    make_revision(options.message, f"{len(list(_scripts().walk_revisions())) + 1:04d}")


if __name__ == "__main__":
    main(sys.argv[1:])
