"""Points of one long run, and many short runs, over HTTP; beside MLflow's REST API."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from jupyter_dotscience.api.ids import new_id
from jupyter_dotscience.api.runs import PointRow, PointsAppend, RunReport, RunsRecord, RunStatus

from . import clock, hubs, mlflow_server
from .rows import Figure, Options, Row, skipped

BATCH = 1000
"""Points in a request; MLflow takes no more."""
POINTS_SECONDS, POINTS_CPU, RUNS_PER_SECOND = 3.0, 1.5, 200.0


def run(options: Options) -> list[Row]:
    """Measure both, one after the other on the same machine."""
    points, runs = options.scaled(100_000), options.scaled(1000)
    with hubs.start(options, "--no-runner") as hub:
        ours = _ours(hub, points, runs)
    try:
        with mlflow_server.start(options, settle=8) as server:
            theirs = _theirs(server, points, max(30, runs // 3))
    except mlflow_server.NoPeer as error:
        return [*_rows(points, runs, ours, {}), skipped("MLflow", str(error))]
    return _rows(points, runs, ours, theirs)


def _rows(points: int, runs: int, ours: dict[str, Figure], theirs: dict[str, Figure]) -> list[Row]:
    http = f"{BATCH} a request, one after the other, through the proxy"
    share = points / 100_000
    return [
        _row(f"{points:,} points of one run, wall", ours, theirs, "wall", "s", http, "3 s", POINTS_SECONDS * share),
        _row("  CPU of the service", ours, theirs, "cpu", "s", "utime + stime", "1.5 CPU-s", POINTS_CPU * share),
        _row("  CPU of our proxy", ours, {}, "proxy", "s", "utime + stime"),
        Row(
            f"{runs:,} short runs, 10 parameters and 10 summaries",
            ours["rate"],
            "runs/s",
            "one request each, one after the other, through the proxy; MLflow needs three",
            theirs.get("rate"),
            "MLflow",
            "200 runs/s",
            ours["rate"].value >= RUNS_PER_SECOND,
        ),
        _row("  median of a run", ours, theirs, "median", "ms", "ours: 1 request; MLflow: 3"),
    ]


def _row(
    what: str,
    ours: dict[str, Figure],
    theirs: dict[str, Figure],
    key: str,
    unit: str,
    how: str,
    target: str = "",
    limit: float = 0,
) -> Row:
    met = ours[key].value <= limit if target else None
    return Row(what, ours[key], unit, how, theirs.get(key), "MLflow", target, met)


def _ours(hub: hubs.Hub, points: int, runs: int) -> dict[str, Figure]:
    project, long = hub.project(), new_id()
    body = RunsRecord(runs=[RunReport(id=long, status=RunStatus.RUNNING)])
    hub.client.record_runs(body, project=project)
    batches = [PointsAppend(first=first, points=_points(first)) for first in range(0, points, BATCH)]
    service, proxy = [hub.processes["service"]], [hub.processes["proxy"]]
    before, before_proxy = clock.cpu(service), clock.cpu(proxy)
    wall = clock.seconds(
        lambda: [hub.client.append_points(batch, project=project, run=long) for batch in batches],
    )
    used, used_proxy = clock.cpu(service) - before, clock.cpu(proxy) - before_proxy
    reports = [RunsRecord(runs=[_report()]) for _ in range(runs)]
    times = [clock.seconds(partial(hub.client.record_runs, report, project=project)) for report in reports]
    return _figures(wall, used, times) | {"proxy": Figure.one(used_proxy)}


def _points(first: int) -> list[PointRow]:
    return [PointRow(step, _now() + step, {"loss": random.random()}) for step in range(first, first + BATCH)]


def _report() -> RunReport:
    parameters = {f"p{n}": f"{random.random()}" for n in range(10)}
    return RunReport(id=new_id(), parameters=parameters, summary={f"m{n}": f"{random.random()}" for n in range(10)})


def _figures(wall: float, cpu: float, times: list[float]) -> dict[str, Figure]:
    return {
        "wall": Figure.one(wall),
        "cpu": Figure.one(cpu),
        "rate": Figure.one(len(times) / sum(times), len(times)),
        "median": Figure.of(times).scaled(1e3),
    }


def _theirs(server: mlflow_server.Server, points: int, runs: int) -> dict[str, Figure]:
    experiment = server.post("experiments/create", {"name": "bench"})["experiment_id"]
    long = _create(server, experiment)
    batches = [{"run_id": long, "metrics": _metrics(first)} for first in range(0, points, BATCH)]
    before = server.cpu()
    wall = clock.seconds(lambda: [server.post("runs/log-batch", batch) for batch in batches])
    used = server.cpu() - before
    times = [clock.seconds(_short(server, experiment)) for _ in range(runs)]
    return _figures(wall, used, times)


def _create(server: mlflow_server.Server, experiment: str) -> str:
    body = {"experiment_id": experiment, "start_time": _now() // 1_000_000, "run_name": "bench"}
    return str(server.post("runs/create", body)["run"]["info"]["run_id"])


def _metrics(first: int) -> list[dict[str, Any]]:
    milliseconds = _now() // 1_000_000
    return [
        {"key": "loss", "value": random.random(), "timestamp": milliseconds + step, "step": step}
        for step in range(first, first + BATCH)
    ]


def _short(server: mlflow_server.Server, experiment: str) -> Callable[[], None]:
    stamp = _now() // 1_000_000
    params = [{"key": f"p{n}", "value": f"{random.random()}"} for n in range(10)]
    metrics = [{"key": f"m{n}", "value": random.random(), "timestamp": stamp, "step": 0} for n in range(10)]

    def send() -> None:
        run_id = _create(server, experiment)
        server.post("runs/log-batch", {"run_id": run_id, "params": params, "metrics": metrics})
        server.post("runs/update", {"run_id": run_id, "status": "FINISHED", "end_time": stamp})

    return send


def _now() -> int:
    return time.time_ns()
