"""Whose turn it is to synchronise a dataset, and how far it is: compare-and-swap on rows, without comparing clocks.

Each request is counted. Whoever begins a round notes which request it answers, so a request that comes meanwhile makes
another round. Who has a dataset counts its heartbeats; others see that it is alive by the number's changing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import CursorResult, ForeignKey, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.datasets import SyncState

from .base import Table, clean
from .datasets import DatasetRow, SourceRow


class SyncRow(Table):
    """The rounds of one dataset.

    Attributes:
        asked: How often it was asked for.
        begun: The request that the newest round answers.
        holder: A random token of who is at it; None between rounds.
        beat: Changes while the holder lives.
    """

    __tablename__ = "dataset_syncs"

    id: Mapped[str] = mapped_column(ForeignKey("datasets.id", ondelete="CASCADE"), primary_key=True)
    asked: Mapped[int] = mapped_column(default=0)
    begun: Mapped[int] = mapped_column(default=0)
    holder: Mapped[str | None]
    beat: Mapped[int] = mapped_column(default=0)


class Held(NamedTuple):
    """A round in progress."""

    dataset: str
    holder: str
    beat: int


@dataclass(frozen=True)
class Progress:
    """What of a source is here already."""

    objects_done: int = 0
    objects_total: int | None = None
    bytes_done: int = 0
    bytes_total: int | None = None


def request(session: Session, dataset: str, moment: dt.datetime) -> None:
    """Ask for a round that begins after now."""
    values = {"id": dataset, "asked": 1, "begun": 0, "beat": 0}
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement: Any = dialect.insert(SyncRow).values(values)
    session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"asked": SyncRow.asked + 1}))
    waiting = case((SourceRow.state == SyncState.SYNCING.value, SourceRow.state), else_=SyncState.WAITING.value)
    session.execute(update(SourceRow).where(SourceRow.id == dataset).values(requested=moment, state=waiting))


def hold(session: Session, dataset: str) -> None:
    """Let nobody change what is noted of a dataset's rounds until the transaction ends.

    Locks are taken in one order everywhere: the dataset, its rounds, its source.
    """
    session.get(SyncRow, dataset, with_for_update=True)


def waiting(session: Session) -> list[str]:
    """Datasets that were asked for and that nobody has, those that waited longest first."""
    query = select(SyncRow.id).join(SourceRow, SourceRow.id == SyncRow.id)
    query = query.where(SyncRow.holder.is_(None), SyncRow.asked > SyncRow.begun)
    return list(session.scalars(query.order_by(SourceRow.requested, SyncRow.id)))


def held(session: Session) -> list[Held]:
    """Rounds in progress, whoever has them."""
    query = select(SyncRow.id, SyncRow.holder, SyncRow.beat).where(SyncRow.holder.is_not(None))
    return [Held(id_, holder or "", beat) for id_, holder, beat in session.execute(query)]


def ends(session: Session, datasets: Sequence[str]) -> dict[str, dt.datetime | None]:
    """When the last round of each of these datasets ended; None while one goes on, and before the first."""
    query = select(SourceRow.id, SourceRow.ended).where(SourceRow.id.in_(datasets))
    return {id_: ended for id_, ended in session.execute(query)}  # noqa: C416 - rows are not pairs to mypy


def claim(session: Session, dataset: str, holder: str, moment: dt.datetime) -> bool:
    """Begin a round; whether it is ours. Another may have begun, or there is nothing to do any more."""
    free = (SyncRow.id == dataset, SyncRow.holder.is_(None), SyncRow.asked > SyncRow.begun)
    taken = {"holder": holder, "begun": SyncRow.asked, "beat": SyncRow.beat + 1}
    if not _changed(session, update(SyncRow).where(*free).values(taken)):
        return False
    begun = {"state": SyncState.SYNCING.value, "message": "", "started": moment, "ended": None, **vars(Progress())}
    session.execute(update(SourceRow).where(SourceRow.id == dataset).values(begun))
    return True


def note(session: Session, dataset: str, holder: str, progress: Progress | None) -> bool:
    """Say that the round is alive, and where it is; whether it is still the holder's."""
    if not _changed(session, _mine(dataset, holder).values(beat=SyncRow.beat + 1)):
        return False
    if progress is not None:
        session.execute(update(SourceRow).where(SourceRow.id == dataset).values(vars(progress)))
    return True


def finish(session: Session, dataset: str, holder: str, moment: dt.datetime, *, good: bool, message: str) -> bool:
    """End the round; whether it was still the holder's. When it was asked for meanwhile, another waits now."""
    row = session.get(SyncRow, dataset, with_for_update=True, populate_existing=True)
    if row is None or row.holder != holder:
        return False
    row.holder = None
    state = SyncState.READY if good else SyncState.FAILED
    state = SyncState.WAITING if row.asked > row.begun else state
    values: dict[str, Any] = {"state": state.value, "ended": moment, "message": clean(message)}
    if good:
        values["succeeded"] = SourceRow.started
    session.flush()
    session.execute(update(SourceRow).where(SourceRow.id == dataset).values(values))
    return True


def give_back(session: Session, dataset: str, holder: str) -> bool:
    """Let the round begin anew: its holder stops, or is dead. Whether it still was the holder's."""
    if not _changed(session, _mine(dataset, holder).values(holder=None, begun=SyncRow.begun - 1)):
        return False
    session.execute(update(SourceRow).where(SourceRow.id == dataset).values(state=SyncState.WAITING.value))
    return True


def note_head(session: Session, dataset: str, head: str | None, files: int, size: int) -> None:
    """Note the newest version of a dataset."""
    session.execute(update(DatasetRow).where(DatasetRow.id == dataset).values(head=head, files=files, size=size))


def _mine(dataset: str, holder: str) -> Any:
    return update(SyncRow).where(SyncRow.id == dataset, SyncRow.holder == holder)


def _changed(session: Session, statement: Any) -> bool:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(result, CursorResult)
    return result.rowcount == 1
