"""Idempotency keys: a write that is repeated gets the first one's answer.

Both functions are called inside one ``Database.write()`` together with what they guard, so that the effect and the
remembered answer become durable at once or not at all.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass

from sqlalchemy import Index, LargeBinary, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.problems import BadRequest, Conflict

from .base import Table

MAX_KEY = 255
KEPT = dt.timedelta(days=1)


class IdempotencyRow(Table):
    """The answer that a request with a key got."""

    __tablename__ = "idempotency"
    __table_args__ = (Index("ix_idempotency_created", "created"),)

    principal: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    body_hash: Mapped[str]
    status: Mapped[int]
    response: Mapped[bytes] = mapped_column(LargeBinary)
    created: Mapped[dt.datetime]


@dataclass(frozen=True)
class Request:
    """A request with a key.

    Attributes:
        principal: Kind and name of the caller.
        route: Name of the route and its path parameters: a key means something for one address only.
        key: What the caller sent as ``Idempotency-Key``.
        body: The bytes of the body.
    """

    principal: str
    route: str
    key: str
    body: bytes

    @property
    def body_hash(self) -> str:
        """SHA-256 of the body."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What to answer again."""

    status: int
    response: bytes


def lookup(session: Session, request: Request) -> Answer | None:
    """The answer that this request got before; holds back another one with the same key until the transaction ends.

    Raises:
        BadRequest: The key is empty, too long or not printable.
        Conflict: The key was used with another body.
    """
    if not 0 < len(request.key) <= MAX_KEY or not request.key.isprintable():
        raise BadRequest(f"An Idempotency-Key has 1 to {MAX_KEY} printable characters.", code="bad_idempotency_key")
    if session.get_bind().dialect.name == "postgresql":
        name = "\n".join((request.principal, request.route, request.key))
        session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0))))
    row = session.get(IdempotencyRow, (request.principal, request.route, request.key))
    if row is None:
        return None
    if row.body_hash != request.body_hash:
        raise Conflict(
            "This Idempotency-Key was used for another request; send a new key with a new request.",
            code="idempotency_key_reused",
        )
    return Answer(status=row.status, response=row.response)


def save(session: Session, request: Request, answer: Answer, now: dt.datetime) -> None:
    """Remember an answer."""
    row = IdempotencyRow(
        principal=request.principal,
        route=request.route,
        key=request.key,
        body_hash=request.body_hash,
        status=answer.status,
        response=answer.response,
        created=now,
    )
    session.add(row)


def expire(session: Session, now: dt.datetime) -> int:
    """Forget answers older than :data:`KEPT`; how many."""
    done = session.execute(
        delete(IdempotencyRow).where(IdempotencyRow.created < now - KEPT).returning(IdempotencyRow.created)
    )
    return len(done.all())
