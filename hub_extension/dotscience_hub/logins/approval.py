"""What somebody allowed who clicked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Approval:
    """A confirmed login.

    Attributes:
        user: Who confirmed, as the hub writes it.
        session: That user's own OAuth token, by which the new token is made: the service itself may make none.
        machine: What the machine that logs in calls itself.
    """

    user: str
    session: str = field(repr=False)
    machine: str


def digest(secret: str) -> str:
    """What is kept of a secret in its place; 256 random bits need no salt."""
    return hashlib.sha256(secret.encode(errors="surrogateescape")).hexdigest()
