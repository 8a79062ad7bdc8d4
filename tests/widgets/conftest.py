"""Somebody in a folder of a project with runs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jupyter_dotscience.api.commits import Change, CommitCreate
from jupyter_dotscience.api.runs import PointRow, PointsAppend, RunReport, RunsRecord
from tests.hubprocess import RunningHub
from tests.serverext.conftest import Study, study_on

STARTED = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


class Notebook:
    """A person's notebook, and the project that it belongs to."""

    def __init__(self, study: Study) -> None:
        self.study, self.client, self.project = study, study.client, study.project
        self.head: str | None = None

    def record(self, id_: str, **fields: Any) -> None:
        """Record a run."""
        report = RunReport(id=id_, started=STARTED, **fields)
        self.client.record_runs(RunsRecord(runs=[report]), project=self.project)

    def log(self, run: str, first: int, rows: list[dict[str, Any]]) -> None:
        """Log points of a run."""
        points = [PointRow(step=first + number, time=number, values=values) for number, values in enumerate(rows)]
        self.client.append_points(PointsAppend(first=first, points=points), project=self.project, run=run)

    def commit(self, files: dict[str, str], *runs: RunReport) -> None:
        """Make a version."""
        changes = [Change(path=path, data=text.encode(), size=len(text.encode())) for path, text in files.items()]
        request = CommitCreate(message="A version", parent=self.head, created=STARTED, changes=changes, runs=list(runs))
        self.head = self.client.create_commit(request, project=self.project).head


@pytest.fixture
def notebook(running_hub: RunningHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Notebook]:
    """A new project; this process is in a folder that is bound to it, and logged in."""
    with study_on(running_hub, tmp_path) as study:
        monkeypatch.setenv("DOTSCIENCE_URL", running_hub.url)
        monkeypatch.setenv("DOTSCIENCE_TOKEN", study.token)
        monkeypatch.chdir(study.clone(study.project))
        yield Notebook(study)
