"""Secrets: key pairs whose private half is sealed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, UniqueConstraint, case, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Table
from .projects import visible_ids
from .sealing import sealed_column


class SecretRow(Table):
    """A key pair of a project, or of a user when it has no project."""

    __tablename__ = "secrets"
    __table_args__ = (
        UniqueConstraint("holder", "name"),
        Index("ix_secrets_project_id", "project_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    holder: Mapped[str] = mapped_column(doc="See `holder_of`. A name is taken once by each.")
    name: Mapped[str]
    type: Mapped[str]
    owner: Mapped[str] = mapped_column(doc="Whose it is; of a project's, the project's owner.")
    project_id: Mapped[str | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    created: Mapped[dt.datetime]
    public_key: Mapped[str]
    private_key: Mapped[bytes] = sealed_column()


SecretSelect = Select[SecretRow]


def holder_of(owner: str, project: str | None) -> str:
    """The one to whom a secret belongs: a project, or a user."""
    return f"user:{owner}" if project is None else f"project:{project}"


def visible_secrets(user: str) -> SecretSelect:
    """Secrets of a user's account, and of the projects of theirs and shared with them."""
    return select(SecretRow).where(or_(_of_account(user), SecretRow.project_id.in_(visible_ids(user))))


def is_taken(session: Session, holder: str, name: str) -> bool:
    """Whether a name is another secret's of the same project or account."""
    query = select(SecretRow.id).where(SecretRow.holder == holder, SecretRow.name == name)
    return session.scalar(query) is not None


def count_of(session: Session, holder: str) -> int:
    """How many secrets a project or an account has."""
    return session.scalar(select(func.count()).where(SecretRow.holder == holder)) or 0


def for_task(session: Session, project: str, creator: str | None) -> Sequence[SecretRow]:
    """Secrets of a project, then those of a user's account if one is named; each in the order of their creation."""
    wanted = SecretRow.project_id == project
    if creator is not None:
        wanted = or_(wanted, _of_account(creator))
    first = case((SecretRow.project_id.is_(None), 1), else_=0)
    return session.scalars(select(SecretRow).where(wanted).order_by(first, SecretRow.id)).all()


def delete_secret(session: Session, secret: str) -> None:
    """Remove a secret."""
    session.execute(delete(SecretRow).where(SecretRow.id == secret))


def _of_account(user: str) -> ColumnElement[bool]:
    return SecretRow.holder == holder_of(user, None)
