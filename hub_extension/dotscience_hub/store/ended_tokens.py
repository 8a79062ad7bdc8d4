"""Users' tokens that Dotscience takes no more, though the hub still does."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Table


class EndedTokenRow(Table):
    """A token, by its SHA-256. Kept for ever: only the hub knows when a token expires, and it may never."""

    __tablename__ = "ended_tokens"

    digest: Mapped[str] = mapped_column(primary_key=True)
    ended: Mapped[dt.datetime]


def add(session: Session, digest: str, moment: dt.datetime) -> None:
    """Note a token; one that is known already is no error."""
    session.merge(EndedTokenRow(digest=digest, ended=moment))


def all_digests(session: Session) -> set[str]:
    """All of them."""
    return set(session.scalars(select(EndedTokenRow.digest)))
