"""100,000 runs: the first page, a filter with a sort, two columns of all; beside MLflow's search.

Ours come in over HTTP. MLflow would take over an hour for as many, so its rows are written into its SQLite file with
SQL (without the history of metrics, which its search does not read); then its server is asked as its client does.
"""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
import uuid
from collections.abc import Callable
from functools import partial
from urllib.parse import urlencode

import urllib3

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.routes import PREFIX
from jupyter_dotscience.api.runs import RunReport, RunsRecord

from . import clock, hubs, mlflow_server
from .rows import Figure, Options, Row, at_most, skipped

BULK = 1000
REPEAT = 21
PATIENCE = 45.0
"""Seconds after which MLflow's filter without statistics is given up: it has been seen to take four minutes."""
FILTER = "parameters.p1 < 0.1 and parameters.optimizer = adam and summary.m3 > 0.5"
MLFLOW_FILTER = "params.optimizer = 'adam' and metrics.m3 > 0.5 and metrics.m1 < 0.1"
QUERIES: dict[str, tuple[dict[str, str | int], str, float]] = {
    "first page": ({"limit": 100}, "30 ms", 30.0),
    "filter and sort": ({"limit": 100, "filter": FILTER, "sort": "-summary.m2"}, "50 ms", 50.0),
}
COLUMNS = [("columns", "parameters.p1"), ("columns", "summary.m2")]


def run(options: Options) -> list[Row]:
    """Fill both, and ask both."""
    count = options.scaled(100_000)
    with hubs.start(options, "--no-runner") as hub:
        ours = _ours(hub, count)
    try:
        theirs = _theirs(options, count)
    except mlflow_server.NoPeer as error:
        return [*_rows(count, ours, {}), skipped("MLflow", str(error))]
    return _rows(count, ours, theirs)


def _rows(count: int, ours: dict[str, Figure], theirs: dict[str, Figure]) -> list[Row]:
    rows = [
        Row(f"{count:,} runs recorded", ours["rate"], "runs/s", f"{BULK} a request; MLflow: not measured, see ingest"),
    ]
    for what, (_, target, limit) in QUERIES.items():
        mine, direct = ours[what], ours[f"{what}, direct"]
        met = at_most(mine, limit)
        peer = theirs.get(what)
        rows += [
            Row(f"{what} of {count:,}", mine, "ms", "100 rows, through the proxy", peer, "MLflow", target, met),
            Row("  without the proxy", direct, "ms", "the same, at the service's own port"),
        ]
        if analyzed := theirs.get(f"{what}, analyzed"):
            rows.append(Row("  MLflow after a manual ANALYZE", mine, "ms", "its best case", analyzed, "MLflow"))
    columns = ours["columns"]
    how = f"all {count:,}; MLflow has no such request: pages of 1,000, extrapolated from five"
    return [
        *rows,
        Row("two columns of all", columns, "ms", how, theirs.get("pages"), "MLflow", "1 s", at_most(columns, 1000)),
    ]


def _ours(hub: hubs.Hub, count: int) -> dict[str, Figure]:
    project = hub.project()
    dice = random.Random(1)
    bodies = (RunsRecord(runs=[_report(dice) for _ in range(min(BULK, count))]) for _ in range(max(1, count // BULK)))
    times = [clock.seconds(partial(hub.client.record_runs, body, project=project)) for body in bodies]
    found = {"rate": Figure.one(count / sum(times), len(times))}
    http = urllib3.PoolManager(retries=False, headers={"Authorization": f"Bearer {hub.token}"})
    base = f"{PREFIX}/projects/{project}"

    def ask(address: str, path: str, number: int) -> Figure:
        def once() -> None:
            answer = http.request("GET", f"{address}{base}/{path}")
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status} {answer.data[:300]!r}")

        once()
        return Figure.of(clock.each(number, once)).scaled(1e3)

    for what, (query, *_) in QUERIES.items():
        found[what] = ask(hub.url, "runs?" + urlencode(query), REPEAT)
        found[f"{what}, direct"] = ask(hub.direct, "runs?" + urlencode(query), REPEAT)
    return found | {"columns": ask(hub.url, "columns?" + urlencode(COLUMNS), 5)}


def _report(dice: random.Random) -> RunReport:
    parameters = {f"p{n}": f"{dice.random():.6f}" for n in range(9)} | {"optimizer": dice.choice(("adam", "sgd"))}
    return RunReport(id=new_id(), parameters=parameters, summary={f"m{n}": f"{dice.random():.6f}" for n in range(10)})


def _theirs(options: Options, count: int) -> dict[str, Figure]:
    page: dict[str, object] = {"max_results": 100}
    with mlflow_server.start(options, settle=1) as server:
        page["experiment_ids"] = experiments = [server.post("experiments/create", {"name": "bench"})["experiment_id"]]
        _fill(server, experiments[0], count)
        filtered = {**page, "filter": MLFLOW_FILTER, "order_by": ["metrics.m2 DESC"]}
        found = {"first page": _ask(server, page, REPEAT), "filter and sort": _patiently(server, filtered)}
    # A query that was given up goes on in its one worker, and a connection keeps the statistics that it began with.
    _analyze(server)
    with mlflow_server.start(options, settle=1, folder=server.folder) as server:
        found["first page, analyzed"] = _ask(server, page, REPEAT)
        found["filter and sort, analyzed"] = _ask(server, filtered, 3)
        found["pages"] = _pages(server, experiments, count)
    return found


def _ask(server: mlflow_server.Server, body: dict[str, object], number: int) -> Figure:
    server.post("runs/search", body)
    return Figure.of(clock.each(number, lambda: server.post("runs/search", body))).scaled(1e3)


def _patiently(server: mlflow_server.Server, body: dict[str, object]) -> Figure:
    """One query; where it takes too long, the time waited stands for "more than"."""
    begin = time.perf_counter()
    try:
        server.post("runs/search", body, timeout=PATIENCE)
    except urllib3.exceptions.HTTPError:
        return Figure(PATIENCE * 1e3, PATIENCE * 1e3, PATIENCE * 1e3, beyond=True)
    return Figure.one((time.perf_counter() - begin) * 1e3)


def _pages(server: mlflow_server.Server, experiments: list[str], count: int) -> Figure:
    token = ""

    def page() -> None:
        nonlocal token
        body = {"experiment_ids": experiments, "max_results": 1000, "page_token": token}
        token = server.post("runs/search", body)["next_page_token"]

    return Figure.of(clock.each(5, page)).scaled(1e3 * count / 1000)


def _analyze(server: mlflow_server.Server) -> None:
    """What MLflow itself never does."""
    with contextlib.closing(sqlite3.connect(server.database, timeout=60)) as database, database:
        database.execute("ANALYZE")


def _fill(server: mlflow_server.Server, experiment: str, count: int) -> None:
    dice = random.Random(1)
    ids = [uuid.UUID(int=dice.getrandbits(128)).hex for _ in range(count)]
    now = time.time_ns() // 1_000_000
    insert: dict[str, Callable[[str, int], list[tuple[object, ...]]]] = {
        "runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, "
        "source_version, lifecycle_stage, artifact_uri, experiment_id)": lambda i, n: [
            (
                i,
                f"run-{n}",
                "UNKNOWN",
                *[""] * 3,
                "FINISHED",
                now + n,
                now + n,
                "",
                "active",
                f"x:/{i}",
                int(experiment),
            )
        ],
        "latest_metrics (key, value, timestamp, step, is_nan, run_uuid)": lambda i, _: [
            (f"m{k}", dice.random(), now, 0, 0, i) for k in range(10)
        ],
        "params (key, value, run_uuid)": lambda i, _: [
            *((f"p{k}", f"{dice.random():.6f}", i) for k in range(9)),
            ("optimizer", dice.choice(("adam", "sgd")), i),
        ],
        "tags (key, value, run_uuid)": lambda i, n: [("mlflow.runName", f"run-{n}", i)],
    }
    with contextlib.closing(sqlite3.connect(server.database, timeout=60)) as database, database:
        for table, rows in insert.items():
            marks = ", ".join("?" * (table.count(",") + 1))
            values = (row for number, run_id in enumerate(ids) for row in rows(run_id, number))
            database.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - our own names
