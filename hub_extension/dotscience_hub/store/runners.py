"""Runners, with what their agents said of themselves."""

from __future__ import annotations

import datetime as dt

from sqlalchemy import Index, Select, delete, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.tasks import Machine

from . import tokens
from .base import Json, Table

LabelMap = dict[str, str]


class RunnerRow(Table):
    """A runner and its token."""

    __tablename__ = "runners"
    __table_args__ = (
        Index("ix_runners_owner_id", "owner", "id"),
        Index("ix_runners_name", "name"),
        Index("ix_runners_token_prefix", "token_prefix"),
        Index("ix_runners_last_seen", "last_seen"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    description: Mapped[str]
    owner: Mapped[str]
    type: Mapped[str]
    storage: Mapped[int]
    shared: Mapped[bool]
    created: Mapped[dt.datetime]
    own_labels: Mapped[LabelMap] = mapped_column(Json[LabelMap](LabelMap), doc="Set at creation.")
    agent_labels: Mapped[LabelMap] = mapped_column(Json[LabelMap](LabelMap), doc="Set by the agent when it started.")
    last_seen: Mapped[dt.datetime | None]
    version: Mapped[str] = mapped_column(default="")
    backend: Mapped[str] = mapped_column(default="")
    isolation: Mapped[str] = mapped_column(default="")
    machine: Mapped[Machine] = mapped_column(Json[Machine](Machine), default=Machine())
    token_prefix: Mapped[str]
    token_salt: Mapped[str]
    token_hash: Mapped[str]

    @property
    def labels(self) -> LabelMap:
        """All labels; where both name one, the agent's word counts, as it knows the machine."""
        return {**self.own_labels, **self.agent_labels}


def find_by_token(session: Session, token: str) -> RunnerRow | None:
    """The runner that a token belongs to."""
    query = select(RunnerRow).where(RunnerRow.token_prefix == tokens.prefix_of(token))
    return tokens.match(token, session.scalars(query))


RunnerSelect = Select[RunnerRow]


def visible_runners(user: str) -> RunnerSelect:
    """Runners of a user, and shared ones."""
    return select(RunnerRow).where(or_(RunnerRow.owner == user, RunnerRow.shared))


def runners_for(*owners: str) -> Select[RunnerRow]:
    """Runners that take tasks of these users: their own, and shared ones."""
    return select(RunnerRow).where(or_(RunnerRow.owner.in_(owners), RunnerRow.shared))


def touch(session: Session, runner: str, now: dt.datetime) -> None:
    """Note that a runner was heard of."""
    session.execute(update(RunnerRow).where(RunnerRow.id == runner).values(last_seen=now))


def seen_since(session: Session, moment: dt.datetime) -> dict[str, dt.datetime]:
    """When each of the runners was heard of that were heard of since then."""
    query = select(RunnerRow.id, RunnerRow.last_seen).where(RunnerRow.last_seen >= moment)
    return {id_: seen for id_, seen in session.execute(query) if seen is not None}


def delete_runner(session: Session, runner: str) -> None:
    """Remove a runner and its token."""
    session.execute(delete(RunnerRow).where(RunnerRow.id == runner))
