"""Comments on runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ForeignKey, Index, Select, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Table
from .runs import BigId


class CommentRow(Table):
    """What somebody said about a run. Ids grow with time, so that their order is that of the comments."""

    __tablename__ = "run_comments"
    __table_args__ = (Index("ix_run_comments_run_pk_id", "run_pk", "id"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    run_pk: Mapped[int] = mapped_column(BigId, ForeignKey("runs.pk", ondelete="CASCADE"))
    author: Mapped[str]
    created: Mapped[dt.datetime]
    text: Mapped[str]


def comments_of(run: int) -> Select[CommentRow]:
    """Comments on a run, by its primary key; in no order."""
    return select(CommentRow).where(CommentRow.run_pk == run)


def find_comment(session: Session, run: int, comment: str) -> CommentRow | None:
    """A comment on a run."""
    return session.scalar(comments_of(run).where(CommentRow.id == comment))


def counts(session: Session, runs: Sequence[int]) -> dict[int, int]:
    """How many comments each of those runs has that have any, by primary key; from the index alone."""
    query = select(CommentRow.run_pk, func.count()).where(CommentRow.run_pk.in_(runs)).group_by(CommentRow.run_pk)
    return {pk: count for pk, count in session.execute(query)}  # noqa: C416 - rows are not pairs to mypy
