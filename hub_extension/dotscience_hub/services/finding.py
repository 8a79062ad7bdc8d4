"""Finding what a path names, or saying that it is not there."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from dotscience_hub.store.runs import RunRow
from jupyter_dotscience.api.problems import NotFound


def find_run(session: Session, project: str, run: str, *, lock: bool = False) -> RunRow:
    """A run of a project.

    Args:
        session: A transaction.
        project: Id of the project.
        run: Id of the run.
        lock: Let nobody else change it until the transaction ends.

    Raises:
        NotFound: The project has no such run.
    """
    query = select(RunRow).where(RunRow.project_id == project, RunRow.run_id == run)
    row = None if "\0" in run else session.scalar(query.with_for_update() if lock else query)
    if row is None:
        raise NotFound(f"The project has no run {run!r}; `ds runs ls` lists its runs.", code="unknown_run")
    return row
