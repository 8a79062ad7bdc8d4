"""The accounts of the all-in-one hub: names and password hashes in one SQLite file.

The file has its own database, apart from JupyterHub's and ours, so that ``dotscience-hub user`` works on it whether the
hub runs or not.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from pathlib import Path

from dotscience_hub.privatefile import write_private

from .passwords import check_choice, generate, hash_password, verify

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}")
_SCHEMA = "CREATE TABLE IF NOT EXISTS accounts (name TEXT PRIMARY KEY, hash TEXT NOT NULL, changed TEXT NOT NULL)"
_SAVE = (
    "INSERT INTO accounts (name, hash, changed) VALUES (?, ?, datetime('now')) "
    "ON CONFLICT (name) DO UPDATE SET hash = excluded.hash, changed = excluded.changed"
)


class AccountError(ValueError):
    """A sentence about a name that cannot be used."""


def check_name(name: str) -> str:
    """``name`` in the form it is kept in, lower case.

    Raises:
        AccountError: Not a name for an account.
    """
    lowered = name.strip().lower()
    if not _NAME.fullmatch(lowered):
        raise AccountError(
            f"{name[:80]!r} cannot be a user's name: it has 1 to 64 of a-z, 0-9, '.', '_', '@' and '-', "
            "and begins with a letter or digit."
        )
    return lowered


class Accounts:
    """Who may log in. Every method may be called from any thread and process; each takes as long as one hash."""

    def __init__(self, path: Path, initial_password: Path | None = None) -> None:
        """Args.

        path: The SQLite file; made, readable by its owner alone, when it is first used.
        initial_password: A file that holds the first account's generated password until that is changed.
        """
        self._path = path
        self._initial = initial_password

    def names(self) -> list[str]:
        """All names, sorted."""
        with self._connection() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM accounts ORDER BY name")]

    def create(self, name: str) -> str:
        """A new account; returns its generated password.

        Raises:
            AccountError: The name is taken or not possible.
        """
        name, password = check_name(name), generate()
        try:
            with self._connection() as connection:
                connection.execute(_SAVE.partition(" ON CONFLICT")[0], (name, hash_password(password)))
        except sqlite3.IntegrityError:
            raise AccountError(f"There is a user {name!r} already; `user passwd` sets a new password.") from None
        return password

    def create_first(self, name: str) -> str | None:
        """The generated password of the first account, which is made if there is none at all.

        Returns:
            The password while it is still the generated one, else None.
        """
        assert self._initial is not None
        if not self.names():
            # The file comes first: were the process killed in between, the next start would find no account and
            # make both again.
            password = generate()
            write_private(self._initial, password + "\n")
            self._save(check_name(name), password)
        with suppress(FileNotFoundError):
            return self._initial.read_text().strip()
        return None

    def reset(self, name: str) -> str:
        """Give an account a new generated password and return it.

        Raises:
            AccountError: There is no such account.
        """
        password = generate()
        self.change(name, password)
        return password

    def change(self, name: str, password: str) -> None:
        """Set a chosen password.

        Raises:
            AccountError: There is no such account.
            PasswordRefused: The password is too short or too long.
        """
        name = check_name(name)
        check_choice(password)
        if self._hash_of(name) is None:
            raise AccountError(f"There is no user {name!r}; `user add` makes one.")
        initial = self._initial.read_text().strip() if self._initial is not None and self._initial.exists() else None
        was_initial = initial is not None and self.verify(name, initial)
        self._save(name, password)
        if was_initial and self._initial is not None:
            self._initial.unlink(missing_ok=True)

    def remove(self, name: str) -> bool:
        """Remove an account; whether there was one."""
        with self._connection() as connection:
            return connection.execute("DELETE FROM accounts WHERE name = ?", (name,)).rowcount > 0

    def verify(self, name: str, password: str) -> bool:
        """Whether this is the account's password. A name without account takes as long as a wrong password."""
        stored = self._hash_of(name)
        return verify(password, stored or self._decoy) and stored is not None

    @cached_property
    def _decoy(self) -> str:
        return hash_password(generate())

    def _hash_of(self, name: str) -> str | None:
        with self._connection() as connection:
            row = connection.execute("SELECT hash FROM accounts WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _save(self, name: str, password: str) -> None:
        with self._connection() as connection:
            connection.execute(_SAVE, (name, hash_password(password)))

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are committed at the end."""
        self._path.touch(mode=0o600, exist_ok=True)
        connection = sqlite3.connect(self._path, timeout=30)
        try:
            with connection:
                connection.execute(_SCHEMA)
                yield connection
        finally:
            connection.close()
