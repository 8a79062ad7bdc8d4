"""What nobody has any more, and since when that is known: marked first, removed after a time of grace.

Two kinds: ``object``, the content of a large file that no project or dataset has; ``history``, the repository and the
rows of a project or dataset that there is no more.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from sqlalchemy import delete, insert, select, union
from sqlalchemy.orm import Mapped, Session, mapped_column

from .base import Table
from .datasets import DatasetRow
from .projects import ProjectRow
from .versions import CommitRow, ProjectObjectRow

OBJECT, HISTORY = "object", "history"


class GarbageRow(Table):
    """A mark. Who is about to store an object takes its mark away first."""

    __tablename__ = "garbage"

    kind: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[dt.datetime]


def is_marked(session: Session, kind: str, name: str) -> bool:
    """Whether it has a mark."""
    return session.get(GarbageRow, (kind, name)) is not None


def lock_mark(session: Session, kind: str, name: str) -> GarbageRow | None:
    """The mark, which nobody else takes away until the transaction ends."""
    return session.get(GarbageRow, (kind, name), with_for_update=True, populate_existing=True)


def unmark(session: Session, kind: str, names: Iterable[str]) -> None:
    """Take marks away; waits for who is removing what they mark."""
    session.execute(delete(GarbageRow).where(GarbageRow.kind == kind, GarbageRow.name.in_(list(names))))


def mark(session: Session, kind: str, names: Iterable[str], since: dt.datetime) -> int:
    """Mark what is not marked yet; how many."""
    wanted = list(names)
    known = set(session.scalars(select(GarbageRow.name).where(GarbageRow.kind == kind, GarbageRow.name.in_(wanted))))
    rows = [{"kind": kind, "name": name, "since": since} for name in wanted if name not in known]
    if rows:
        session.execute(insert(GarbageRow), rows)
    return len(rows)


def marked_before(session: Session, kind: str, moment: dt.datetime, after: str, limit: int) -> list[str]:
    """Names with a mark from before a moment, in their order, from one on."""
    query = select(GarbageRow.name).where(GarbageRow.kind == kind, GarbageRow.since < moment, GarbageRow.name > after)
    return list(session.scalars(query.order_by(GarbageRow.name).limit(limit)))


def objects_of_nobody(session: Session, hashes: Sequence[str]) -> list[str]:
    """Those of these objects that no project or dataset has."""
    row = ProjectObjectRow
    had = set(session.scalars(select(row.sha256).where(row.sha256.in_(list(hashes))).distinct()))
    return [sha256 for sha256 in hashes if sha256 not in had]


def owners(session: Session) -> set[str]:
    """Ids of all that has rows of commits or objects."""
    return set(
        session.scalars(union(select(CommitRow.project).distinct(), select(ProjectObjectRow.project).distinct()))
    )


def nobody(session: Session, ids: Iterable[str]) -> list[str]:
    """Those of these ids that are no project's and no dataset's."""
    wanted = list(ids)
    known = union(
        select(ProjectRow.id).where(ProjectRow.id.in_(wanted)), select(DatasetRow.id).where(DatasetRow.id.in_(wanted))
    )
    found = set(session.scalars(known))
    return [id_ for id_ in wanted if id_ not in found]
