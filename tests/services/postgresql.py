"""Fixture `postgresql_url`: a database of its own for each test, on a throwaway cluster per test process.

The binaries are the distribution's (`/usr/lib/postgresql/*/bin`). PostgreSQL refuses to run as root, so root starts it
as the user `postgres`.
"""

from __future__ import annotations

import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.require import missing
from tests.services.process import end, free_port, wait_until

ROLE = "dotscience"
SYSTEM_USER = "postgres"
# Durability costs time and a throwaway cluster has nothing to keep.
SETTINGS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200"]


@dataclass(frozen=True)
class Cluster:
    """A running server on loopback, with one superuser."""

    port: int
    password: str
    folder: Path

    def url(self, database: str, driver: str = "postgresql") -> str:
        """Return the URL of a database, by default as libpq wants it."""
        return f"{driver}://{ROLE}:{self.password}@127.0.0.1:{self.port}/{database}"

    def new_database(self, prefix: str = "test") -> str:
        """Create an empty database; SQLAlchemy's URL of it (psycopg 3)."""
        database = f"{prefix}_{secrets.token_hex(6)}"
        self.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database, "postgresql+psycopg")

    def execute(self, statement: sql.Composed) -> None:
        """Run one statement outside a transaction (CREATE and DROP DATABASE need that)."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)


def find_binaries() -> Path | None:
    """Return the folder of the newest installed `postgres`, or None."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(re.sub(r"\D", "", path.parts[4]) or 0)
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path else None


def _system_user() -> str | None:
    """Return the user to run as: None for the current one."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam(SYSTEM_USER).pw_name
    except KeyError:
        missing("a system user `postgres` to run PostgreSQL (package `postgresql`)")
    return None


def _initialise(binaries: Path, folder: Path, user: str | None) -> str:
    password = secrets.token_hex(16)
    password_file = folder / "password"
    password_file.write_text(password)
    if user is not None:
        for path in (folder, password_file):
            shutil.chown(path, user)
    command = [binaries / "initdb", "-D", folder / "data", "-U", ROLE, "--auth=scram-sha-256", "--no-sync"]
    command += [f"--pwfile={password_file}", "--encoding=UTF8", "--locale=C"]
    done = subprocess.run(command, user=user, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr}")
    return password


def _start(binaries: Path, folder: Path, port: int, user: str | None) -> subprocess.Popen[bytes]:
    command: list[str | Path] = [binaries / "postgres", "-D", folder / "data", "-k", folder, "-p", str(port)]
    command += ["-h", "127.0.0.1"]
    for setting in SETTINGS:
        command += ["-c", setting]
    with (folder / "server.log").open("wb") as log:
        return subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)


def _answers(cluster: Cluster) -> bool:
    try:
        psycopg.connect(cluster.url("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


@pytest.fixture(scope="session")
def postgresql_cluster() -> Iterator[Cluster]:
    """A running PostgreSQL server; ended, and its files removed, when the tests end."""
    binaries = find_binaries()
    if binaries is None:
        missing("PostgreSQL's server (package `postgresql`)")
        return
    user = _system_user()
    # Not under pytest's own folder: that is closed to the user `postgres`. Short, for the socket's path.
    with tempfile.TemporaryDirectory(prefix="ds-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        cluster = Cluster(free_port(), _initialise(binaries, folder, user), folder)
        server = _start(binaries, folder, cluster.port, user)
        try:
            wait_until(lambda: _answers(cluster), server, f"PostgreSQL (log: {folder / 'server.log'})")
            yield cluster
        finally:
            # SIGINT is its "fast" shutdown: open connections are closed, nobody is waited for.
            end(server, signal.SIGINT)


@pytest.fixture
def postgresql_url(postgresql_cluster: Cluster) -> Iterator[str]:
    """SQLAlchemy's URL (psycopg 3) of an empty database that only this test has."""
    database = f"test_{secrets.token_hex(6)}"
    postgresql_cluster.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    yield postgresql_cluster.url(database, "postgresql+psycopg")
    postgresql_cluster.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))
