"""Edges between runs and the file versions and dataset versions that they read, saw and wrote.

They are the rows of ``run_files`` and ``task_datasets``; an index by content finds them from the file's side. Whoever
asks names the projects that they may see: no row of another one is even looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select, true
from sqlalchemy.orm import Session

from .datasets import TaskDatasetRow
from .projects import visible_ids
from .runs import RunFileRow, RunRow

_IN = 500
INPUT, OUTPUT = 0, 1
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Use:
    """A file that a run read or wrote. `run` is the run's key; the path of a dataset's file is below the dataset."""

    run: int
    project: str
    path: str
    commit: str | None
    sha256: str | None
    dataset: str | None


@dataclass(frozen=True)
class Seen:
    """A dataset's version that a run's task saw."""

    run: int
    dataset: str
    commit: str


class Edges:
    """Answers edges from one consistent state, as far as one user may see them."""

    def __init__(self, session: Session, user: str | None, limit: int) -> None:
        """Make it.

        Args:
            session: The state.
            user: Who asks; None for one who may see every project.
            limit: So many rows of one kind are answered at the most; `cut` tells that there were more.
        """
        self._session = session
        self._visible: ColumnElement[bool] = true() if user is None else RunRow.project_id.in_(visible_ids(user))
        self._limit = limit
        self.cut = False

    def of_runs(self, runs: Sequence[int], direction: int) -> list[Use]:
        """What runs read or wrote."""
        where = RunFileRow.direction == direction
        order = (RunFileRow.run_pk, RunFileRow.seq)
        return self._uses(lambda part: _uses().where(RunFileRow.run_pk.in_(part), where).order_by(*order), runs)

    def readers(self, hashes: Sequence[str]) -> list[Use]:
        """All that read contents, each content's oldest run first."""
        return self._uses(lambda part: self._of_content(_uses(), part, INPUT).order_by(RunFileRow.run_pk), hashes)

    def makers(self, hashes: Sequence[str], commits: Iterable[str]) -> list[Use]:
        """All that wrote contents in some commits, oldest run first."""
        known = sorted(set(commits))

        def statement(part: Sequence[str]) -> Select[Any]:
            return self._of_content(_uses(), part, OUTPUT).where(RunFileRow.commit.in_(known))

        return self._uses(lambda part: statement(part).order_by(RunFileRow.run_pk), hashes)

    def first_makers(self, hashes: Sequence[str]) -> dict[str, Use]:
        """The oldest run that wrote each content."""
        first = func.min(RunFileRow.run_pk)
        found: dict[str, Use] = {}
        for part in _parts(hashes):
            oldest = self._of_content(_joined(RunFileRow.sha256, first), part, OUTPUT).group_by(RunFileRow.sha256)
            runs = {row[0]: row[1] for row in self._session.connection().execute(oldest)}
            rows = _uses().where(RunFileRow.run_pk.in_(set(runs.values())), RunFileRow.direction == OUTPUT)
            rows = rows.where(RunFileRow.sha256.in_(part)).order_by(RunFileRow.seq)
            for use in self._fetch(rows):
                if use.sha256 and runs.get(use.sha256) == use.run:
                    found.setdefault(use.sha256, use)
        return found

    def first_reads(self, hashes: Sequence[str], commits: Iterable[str]) -> dict[tuple[str, str], int]:
        """The oldest run that read each content as of each of some commits."""
        known = sorted(set(commits))
        key = (RunFileRow.sha256, RunFileRow.commit)
        found: dict[tuple[str, str], int] = {}
        for part in _parts(hashes):
            query = self._of_content(_joined(*key, func.min(RunFileRow.run_pk)), part, INPUT)
            rows = self._session.connection().execute(query.where(RunFileRow.commit.in_(known)).group_by(*key))
            found.update({(sha256, commit): run for sha256, commit, run in rows})
        return found

    def seen_by(self, runs: Sequence[int]) -> list[Seen]:
        """Datasets that the runs' tasks saw."""
        return self._seen(lambda part: _seen().where(RunRow.pk.in_(part)), runs)

    def that_saw(self, dataset: str, commit: str) -> list[Seen]:
        """Runs whose tasks saw a dataset in a version."""
        of_version = (TaskDatasetRow.dataset_id == dataset, TaskDatasetRow.commit == commit)
        return self._seen(lambda _: _seen().where(*of_version, self._visible).order_by(RunRow.pk), [0])

    def _of_content(self, query: Select[Any], hashes: Sequence[str], direction: int) -> Select[Any]:
        return query.where(RunFileRow.sha256.in_(hashes), RunFileRow.direction == direction, self._visible)

    def _uses(self, statement: Callable[[Sequence[_Value]], Select[Any]], values: Sequence[_Value]) -> list[Use]:
        found: list[Use] = []
        for part in _parts(values):
            found += self._fetch(statement(part).limit(self._limit + 1 - len(found)))
            if len(found) > self._limit:
                self.cut = True
                return found[: self._limit]
        return found

    def _fetch(self, query: Select[Any]) -> list[Use]:
        rows = self._session.connection().execute(query).all()
        mounts = self._mounts({row.task_id for row in rows if row.dataset and row.task_id})
        return [_use(row, mounts) for row in rows]

    def _mounts(self, tasks: set[str]) -> dict[tuple[str, str], str]:
        """Where tasks saw datasets."""
        row = TaskDatasetRow
        found: dict[tuple[str, str], str] = {}
        for part in _parts(sorted(tasks)):
            query = select(row.task_id, row.dataset_id, row.path).where(row.task_id.in_(part))
            found.update({(task, dataset): path for task, dataset, path in self._session.connection().execute(query)})
        return found

    def _seen(self, statement: Callable[[Sequence[_Value]], Select[Any]], values: Sequence[_Value]) -> list[Seen]:
        found: list[Seen] = []
        for part in _parts(values):
            rows = self._session.connection().execute(statement(part).limit(self._limit + 1 - len(found)))
            found += [Seen(*row) for row in rows]
            if len(found) > self._limit:
                self.cut = True
                return found[: self._limit]
        return found


def _uses() -> Select[Any]:
    file = RunFileRow
    columns = (file.run_pk, file.path, file.commit, file.sha256, file.dataset)
    return _joined(*columns, RunRow.project_id, RunRow.task_id)


def _joined(*columns: Any) -> Select[Any]:
    return select(*columns).select_from(RunFileRow).join(RunRow, RunRow.pk == RunFileRow.run_pk)


def _seen() -> Select[Any]:
    row = TaskDatasetRow
    columns: Sequence[Any] = (RunRow.pk, row.dataset_id, row.commit)
    query: Select[Any] = select(*columns).join(RunRow, RunRow.task_id == row.task_id)
    return query.where(row.commit.is_not(None))


def _use(row: Any, mounts: dict[tuple[str, str], str]) -> Use:
    mount = mounts.get((row.task_id, row.dataset)) if row.dataset else None
    path = row.path.removeprefix(f"{mount}/") if mount else row.path
    return Use(row.run_pk, row.project_id, path, row.commit, row.sha256, row.dataset)


def _parts(values: Sequence[_Value]) -> Iterator[Sequence[_Value]]:
    for start in range(0, len(values), _IN):
        yield values[start : start + _IN]
