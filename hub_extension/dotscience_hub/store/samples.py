"""What tasks used over time: many samples in one row."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import ForeignKey, LargeBinary, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from jupyter_dotscience.api.resources import LEVELS, MOST_SAMPLES, ResourceSample, coarser, fewer

from .base import Table

_IN_ROW = 250
_PACKED = struct.Struct(f"<I{len(LEVELS)}f")
_LONGEST = 2**31
"""Seconds that one row may span: offsets have 32 bits."""


class TaskSamplesRow(Table):
    """Some samples of a task, in order of time.

    Attributes:
        start: Seconds since 1970, of the first one.
        last: The same of the last one.
        step: Seconds that each stands for.
        count: How many they are.
        packed: Each as its seconds after ``start`` and its levels; NaN is "not known".
    """

    __tablename__ = "task_samples"
    __table_args__ = ({"sqlite_with_rowid": False},)

    task_id: Mapped[str] = mapped_column(ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True)
    start: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]
    step: Mapped[int]
    count: Mapped[int]
    packed: Mapped[bytes] = mapped_column(LargeBinary)


def append_samples(session: Session, task: str, step: int, samples: Sequence[ResourceSample]) -> int:
    """Store those samples that come after what is there; the step of what is stored then.

    The caller holds the task's row, so that nobody else appends to it meanwhile.
    """
    row = TaskSamplesRow
    query = select(func.max(row.last), func.max(row.step), func.sum(row.count)).where(row.task_id == task)
    last, before, count = session.execute(query).one()
    if before is not None and before > step:
        step, samples = before, coarser(samples, before)
    new = list(_after(last, samples))
    if int(count or 0) + len(new) > MOST_SAMPLES:
        return _write_anew(session, task, step, new)
    _add(session, task, step, new)
    return step


def _after(last: int | None, samples: Iterable[ResourceSample]) -> Iterator[ResourceSample]:
    """Those that come after a time, and after each other."""
    for sample in samples:
        if last is None or sample.time > last:
            last = sample.time
            yield sample


def read_samples(session: Session, task: str) -> tuple[int, list[ResourceSample]]:
    """The step of a task's samples in seconds, and they, in order of time."""
    query = select(TaskSamplesRow).where(TaskSamplesRow.task_id == task).order_by(TaskSamplesRow.start)
    rows = session.scalars(query).all()
    step = max((row.step for row in rows), default=1)
    found = [sample for row in rows for sample in _unpacked(row)]
    # An older part may still be finer.
    return step, coarser(found, step) if any(row.step != step for row in rows) else found


def _write_anew(session: Session, task: str, step: int, new: Sequence[ResourceSample]) -> int:
    """All samples, the new ones among them, with longer steps."""
    before, found = read_samples(session, task)
    step = max(step, before)
    # Not so few that what comes next soon does it again, and not so many.
    step, kept = fewer(coarser([*found, *new], step), step, MOST_SAMPLES * 3 // 4)
    session.execute(delete(TaskSamplesRow).where(TaskSamplesRow.task_id == task))
    _add(session, task, step, kept)
    return step


def _add(session: Session, task: str, step: int, samples: Sequence[ResourceSample]) -> None:
    query = select(TaskSamplesRow).where(TaskSamplesRow.task_id == task).order_by(TaskSamplesRow.start.desc())
    row = session.scalars(query.limit(1)).first()
    for sample in samples:
        if row is None or row.step != step or row.count >= _IN_ROW or sample.time - row.start >= _LONGEST:
            row = TaskSamplesRow(task_id=task, start=sample.time, last=sample.time, step=step, count=0, packed=b"")
            session.add(row)
        row.packed += _pack(row.start, sample)
        row.last, row.count = sample.time, row.count + 1
    session.flush()


def _pack(start: int, sample: ResourceSample) -> bytes:
    levels = (getattr(sample, name) for name in LEVELS)
    return _PACKED.pack(sample.time - start, *(math.nan if level is None else level for level in levels))


def _unpacked(row: TaskSamplesRow) -> Iterator[ResourceSample]:
    for offset, *levels in _PACKED.iter_unpack(row.packed):
        yield ResourceSample(row.start + offset, *(None if math.isnan(level) else level for level in levels))
