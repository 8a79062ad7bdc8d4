"""Connections and transactions."""

from __future__ import annotations

import contextlib
import contextvars
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from jupyter_dotscience.api.changes import Notice

from .checkpoints import MOST_PAGES, Checkpoints
from .telling import KEY, Told, tell

BUSY_SECONDS = 30


class Database:
    """One database: SQLite (``sqlite:///path``) or PostgreSQL (``postgresql+psycopg://...``).

    Sessions are short and used on worker threads. On SQLite one writer at a time holds a lock of this process and an
    immediate transaction, so that a writer never fails half-way because another one was faster.

    Attributes:
        changed: Hears, on the writer's thread, what a transaction changed, once it is durable. Must neither wait nor
            raise.
    """

    def __init__(self, url: str, *, pool_size: int = 16) -> None:
        """Make the engine; nothing is connected yet.

        Args:
            url: SQLAlchemy URL.
            pool_size: Connections kept; at most twice as many are opened.
        """
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_pre_ping=not self.sqlite,
            hide_parameters=True,  # an error's text goes into logs: it must not bring people's values there
        )
        self.changed: Callable[[Collection[Told]], None] = lambda _: None
        self._writer = threading.RLock()
        self._current: contextvars.ContextVar[Session | None] = contextvars.ContextVar("write_session", default=None)
        self._checkpoints: Checkpoints | None = None
        if self.sqlite:
            _keep_private(self.url.database)
            _prepare_sqlite(self.engine)
            if self.url.database and self.url.database != ":memory:":
                self._checkpoints = Checkpoints(self.url.database)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and changes nothing; inside ``write()`` that of the transaction."""
        current = self._current.get()
        if current is not None:
            yield current
            return
        with Session(self.engine, expire_on_commit=False) as session:
            if self.sqlite:
                session.execute(text("BEGIN"))
            else:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session  # closing lets go of the rows as they are; a rollback would expire them

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session whose changes are committed at the end, all or none. A nested call joins the outer transaction."""
        current = self._current.get()
        if current is not None:
            yield current
            return
        with self._exclusive(), Session(self.engine, expire_on_commit=False, info={KEY: set()}) as session:
            token = self._current.set(session)
            try:
                if self.sqlite:
                    session.execute(text("BEGIN IMMEDIATE"))
                yield session
                session.commit()
            except BaseException:
                session.rollback()
                raise
            finally:
                self._current.reset(token)
        if self._checkpoints is not None:
            self._checkpoints.want()
        if session.info[KEY]:
            self.changed(session.info[KEY])
        for callback in session.info.pop("after_commit", ()):
            callback()

    def tell(self, *notices: Notice) -> None:
        """Tell of a change that no transaction here makes; within one, once it is durable."""
        current = self._current.get()
        if current is not None:
            tell(current, *notices)
        else:
            self.changed({Told(notice) for notice in notices})

    @contextmanager
    def _exclusive(self) -> Iterator[None]:
        if not self.sqlite:
            yield
            return
        with self._writer:
            yield

    def optimize(self) -> None:
        """Refresh the planner's statistics; called on our own schedule. Without them large filters take minutes."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("PRAGMA optimize=0x10002" if self.sqlite else "ANALYZE"))

    def dispose(self) -> None:
        """Close all connections."""
        if self._checkpoints is not None:
            self._checkpoints.close()
        self.engine.dispose()


def after_commit(session: Session, callback: Callable[[], None]) -> None:
    """Call ``callback`` once the session's transaction is durable, not at all when it is rolled back."""
    session.info.setdefault("after_commit", []).append(callback)


def _keep_private(file: str | None) -> None:
    """Make a new file readable for its owner only; SQLite gives the files beside it the same mode."""
    if file and file != ":memory:":
        with contextlib.suppress(FileExistsError):
            Path(file).touch(mode=0o600, exist_ok=False)


def _prepare_sqlite(engine: Engine) -> None:
    @event.listens_for(engine, "connect")
    def configure(connection: Any, _record: Any) -> None:
        # The driver's own BEGIN is off: `read` and `write` say themselves which kind of transaction they start.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            # What was answered for must be there after a power cut, too: an agent removes its spool upon it.
            "synchronous=FULL",
            "foreign_keys=ON",
            f"wal_autocheckpoint={MOST_PAGES}",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "cache_size=-65536",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
