"""Passwords: made, hashed, checked."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass

MIN_LENGTH = 8
MAX_BYTES = 1024
# No characters that look alike; 5 bits each.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP_LENGTH = 4, 5


class PasswordRefused(ValueError):
    """A password that may not be chosen; the text says why."""


@dataclass(frozen=True)
class Cost:
    """Parameters of scrypt (RFC 7914): 128 * n * r bytes of memory, p times."""

    n: int = 2**15
    r: int = 8
    p: int = 3


COST = Cost()
"""OWASP's password storage cheat sheet names this one among its equals; 32 MiB for about a fifth of a second."""


def generate() -> str:
    """A password that can be read out: four groups of five characters, 98 bits."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def check_choice(password: str) -> str:
    """``password`` itself when a person may choose it.

    Raises:
        PasswordRefused: Too short or too long.
    """
    if len(password) < MIN_LENGTH:
        raise PasswordRefused(f"A password has at least {MIN_LENGTH} characters.")
    if len(_bytes(password)) > MAX_BYTES:
        raise PasswordRefused(f"A password has at most {MAX_BYTES} bytes.")
    return password


def hash_password(password: str, cost: Cost = COST) -> str:
    """``scrypt$n$r$p$salt$key``, salt and key in base64."""
    salt = secrets.token_bytes(16)
    key = _key(password, salt, cost)
    texts = (base64.b64encode(part).decode() for part in (salt, key))
    return "$".join(("scrypt", str(cost.n), str(cost.r), str(cost.p), *texts))


def verify(password: str, stored: str) -> bool:
    """Whether ``stored`` was made from this password."""
    if len(_bytes(password)) > MAX_BYTES:
        return False
    _, n, r, p, salt, key = stored.split("$")
    found = _key(password, base64.b64decode(salt), Cost(int(n), int(r), int(p)))
    return hmac.compare_digest(found, base64.b64decode(key))


def _key(password: str, salt: bytes, cost: Cost) -> bytes:
    memory = 128 * cost.n * cost.r * 2 + (1 << 20)
    return hashlib.scrypt(_bytes(password), salt=salt, n=cost.n, r=cost.r, p=cost.p, maxmem=memory, dklen=32)


def _bytes(password: str) -> bytes:
    return password.encode(errors="surrogatepass")
