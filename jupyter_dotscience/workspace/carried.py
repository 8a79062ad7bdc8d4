"""Runs that wait for a version to be recorded with, kept on disk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from jupyter_dotscience.api.runs import RunReport

from .errors import WorkspaceError, named


class Carried:
    """Runs whose version the hub did not take, or for whose version there was no room: they go with the next one.

    Args:
        path: Of the file; there is none while nothing is carried. One process at a time uses it.

    Raises:
        WorkspaceError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._runs: dict[str, RunReport] = {}
        try:
            with named(f"read {path}"):
                data = path.read_bytes() if path.exists() else b"[]"
            self._runs = {run.id: run for run in msgspec.json.decode(data, type=list[RunReport])}
        except msgspec.DecodeError as error:
            raise WorkspaceError(f"{path} is damaged: {error}.") from error

    @property
    def runs(self) -> Sequence[RunReport]:
        """In the order in which they came."""
        return tuple(self._runs.values())

    def add(self, runs: Iterable[RunReport]) -> None:
        """Carry these too; they are on disk when this returns.

        Raises:
            WorkspaceError: the disk is full.
        """
        more = {run.id: run for run in runs if run.id not in self._runs}
        if more:
            self._write({**self._runs, **more})

    def drop(self, runs: Iterable[str]) -> None:
        """Forget these, by their ids: a version has them."""
        gone = set(runs)
        if not gone.isdisjoint(self._runs):
            self._write({run: report for run, report in self._runs.items() if run not in gone})

    def _write(self, runs: dict[str, RunReport]) -> None:
        fresh = self._path.with_name(f"{self._path.name}.new")
        with named(f"write {self._path}"):
            fresh.write_bytes(msgspec.json.encode(list(runs.values())))
            fresh.replace(self._path)
        self._runs = runs
