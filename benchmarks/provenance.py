"""Ancestors in 1,000,000 edges: the service itself on SQLite, in a chain of layers and among runs that share files."""

from __future__ import annotations

import random
from collections.abc import Iterator

from dotscience_hub.git.repositories import Repositories
from dotscience_hub.services.caller import Caller
from dotscience_hub.services.commits import Commits
from dotscience_hub.services.provenance import Provenance
from dotscience_hub.store import models
from dotscience_hub.store.database import Database
from dotscience_hub.store.projects import ProjectRow
from dotscience_hub.store.runs import RunFileRow, RunRow
from sqlalchemy import insert

from jupyter_dotscience.api._base import now
from jupyter_dotscience.api.account import Principal
from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.provenance import Direction, ProvenanceQuery

from . import clock
from .rows import Figure, Options, Row, at_most

EDGES_OF_A_RUN = 5
"""Three files read and two written."""
BULK = 20_000
ADA = Caller(Principal.USER, "ada")


def run(options: Options) -> list[Row]:
    """Fill a store, and ask."""
    count = options.scaled(1_000_000)
    runs = count // EDGES_OF_A_RUN
    database = Database(f"sqlite:///{options.scratch / 'hub.sqlite'}")
    models.metadata.create_all(database.engine)
    project = new_id()
    _fill(database, project, runs)
    database.optimize()
    service = Provenance(database, Commits(database, Repositories(options.scratch / "git")))

    def ask(direction: Direction, run: int) -> int:
        query = ProvenanceQuery(run=f"r{run}", direction=direction)
        return len(service.get_provenance(ADA, project=project, query=query).edges)

    rows = []
    for direction, start in ((Direction.ANCESTORS, runs - 1), (Direction.DESCENDANTS, 5)):
        edges = ask(direction, start)
        figure = Figure.of(clock.each(21, lambda d=direction, s=start: ask(d, s))).scaled(1e3)  # type: ignore[misc]
        how = f"4 steps, {edges} edges found; SQLite, in the process"
        rows.append(
            Row(f"{direction.value} in {count:,} edges", figure, "ms", how, None, "", "100 ms", at_most(figure, 100))
        )
    database.dispose()
    return rows


def _fill(database: Database, project: str, runs: int) -> None:
    with database.write() as session:
        session.add(ProjectRow(id=project, name="p", description="", owner="ada", created=now()))
        session.flush()
        for start in range(0, runs, BULK):
            some = range(start, min(start + BULK, runs))
            session.connection().execute(insert(RunRow.__table__), [_run(project, number) for number in some])
            session.connection().execute(insert(RunFileRow.__table__), list(_files(some)))


def _run(project: str, number: int) -> dict[str, object]:
    return {
        "pk": number + 1, "project_id": project, "run_id": f"r{number}", "authority": "workload",
        "status": "succeeded", "author": "ada", "created": now(), "points_next": 0, "commit": _commit(number),
    }  # fmt: skip


def _commit(number: int) -> str:
    return f"{number:040x}"


def _files(numbers: range) -> Iterator[dict[str, object]]:
    """Each run reads two files of recent runs and one of the first, which many share."""
    dice = random.Random(numbers.start)
    for number in numbers:
        read = [dice.randrange(max(0, number - 1000), number) for _ in range(2 * (number > 2))]
        read += [dice.randrange(min(100, number))] if number > 2 else []
        for seq, source in enumerate(read):
            yield _file(number, 0, seq, source, seq % 2)
        for seq in (0, 1):
            yield _file(number, 1, seq, number, seq)


def _file(run: int, direction: int, seq: int, source: int, which: int) -> dict[str, object]:
    return {
        "run_pk": run + 1, "direction": direction, "seq": seq, "path": f"out{which}.bin",
        "commit": _commit(source), "sha256": f"{source:062x}{which:02x}", "blob": None, "dataset": None,
    }  # fmt: skip
