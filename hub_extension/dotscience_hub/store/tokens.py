"""Secret tokens: shown once, stored as a prefix to find them by and a salted hash.

A token has 256 random bits, so one round of SHA-256 is as good as many: there is no dictionary to try.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

PREFIX_LENGTH = 12
TASK_PREFIX = "task-"


@dataclass(frozen=True)
class StoredToken:
    """What is kept of a token."""

    prefix: str
    salt: str
    hash: str


class HasToken(Protocol):
    """A row with the columns of a stored token."""

    @property
    def token_salt(self) -> str:
        """The salt."""

    @property
    def token_hash(self) -> str:
        """The hash, in hexadecimal."""


Row = TypeVar("Row", bound=HasToken)


def new_runner_token() -> str:
    """32 random bytes in base32 (RFC 4648, section 6): 52 characters and 4 ``=``."""
    return base64.b32encode(secrets.token_bytes(32)).decode()


def new_task_token() -> str:
    """A token that can be told from a runner's; it is used as a password, in a URL too."""
    return TASK_PREFIX + new_runner_token().rstrip("=").lower()


def prefix_of(token: str) -> str:
    """The part of a token by which its row is found."""
    return token[:PREFIX_LENGTH]


def store(token: str) -> StoredToken:
    """What to keep of a token."""
    salt = secrets.token_hex(16)
    return StoredToken(prefix=prefix_of(token), salt=salt, hash=_hash(token, salt))


def match(token: str, rows: Iterable[Row]) -> Row | None:
    """The row whose token it is. Each candidate takes the same time, whatever is wrong with the token."""
    found = None
    for row in rows:
        if hmac.compare_digest(_hash(token, row.token_salt), row.token_hash):
            found = row
    return found


def _hash(token: str, salt: str) -> str:
    return hashlib.sha256(f"{salt}:{token}".encode(errors="surrogatepass")).hexdigest()
