"""How long ``ds`` and the hub take to start, and the hub's memory; beside MLflow's command and server."""

from __future__ import annotations

import compileall
import sys
import time
from pathlib import Path

from . import clock, hubs, mlflow_server
from .rows import Figure, Options, Row, at_most, skipped

ROOT = Path(__file__).parents[1]
PACKAGES = ("jupyter_dotscience", "cli", "library", "hub_extension", "runner")
REST = 5.0
"""Seconds without requests before memory is read."""


def run(options: Options) -> list[Row]:
    """Compile everything first, as an installer does."""
    for folder in PACKAGES:
        compileall.compile_dir(ROOT / folder, quiet=1)
    try:
        mlflow: Path | None = mlflow_server.program(options)
        rows = []
    except mlflow_server.NoPeer as error:
        mlflow, rows = None, [skipped("MLflow", str(error))]
    return [*_commands(options, mlflow), *_hub(options, mlflow), *rows]


def _commands(options: Options, mlflow: Path | None) -> list[Row]:
    number = 5 if options.quick else 21
    commands: dict[str, list[str | Path]] = {
        "python": [sys.executable, "-c", "pass"],
        "version": [hubs.BIN / "ds", "version"],
        "help": [hubs.BIN / "ds", "--help"],
    }
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(number):  # in turn, so that all see the same machine
        for name, arguments in commands.items():
            times[name].append(clock.command(arguments) * 1e3)
    python, version, shown = (Figure.of(times[name]) for name in commands)
    peer = Figure.of(clock.each(3, lambda: clock.command([mlflow, "--version"]))).scaled(1e3) if mlflow else None
    how = "whole process, compiled"
    return [
        Row("`ds version`", version, "ms", how, peer, "mlflow --version", "120 ms", at_most(version, 120)),
        Row("`ds --help`", shown, "ms", how, python, "bare Python", "120 ms", at_most(shown, 120)),
    ]


def _hub(options: Options, mlflow: Path | None) -> list[Row]:
    ours, theirs = [], []
    for _ in range(1 if options.quick else 3):  # in turn, so that both see the same machine
        with hubs.start(options, "--no-runner") as hub:
            ours.append(hub.started)
        if mlflow:
            with mlflow_server.start(options, settle=0) as server:
                theirs.append(server.started)
    with hubs.start(options, "--backend", "process") as hub:
        whole = hub.started
        time.sleep(REST)
        memory = {name: clock.memory([pid]) for name, pid in hub.processes.items()}
        memory["launcher"] = clock.memory([hub.pid])
    peer = {"start": Figure.of(theirs), "memory": _peer_memory(options)} if mlflow else {}
    return _rows(Figure.of(ours), whole, memory, peer)


def _peer_memory(options: Options) -> Figure:
    with mlflow_server.start(options, settle=REST) as server:
        return Figure.one(clock.memory(clock.family(server.pid)))


def _rows(start: Figure, whole: float, memory: dict[str, float], peer: dict[str, Figure]) -> list[Row]:
    four = Figure.one(sum(memory[name] for name in ("hub", "proxy", "service", "gateway")))
    two = Figure.one(memory["service"] + memory["gateway"])
    parts = ", ".join(f"{name} {value:.0f}" for name, value in sorted(memory.items()))
    against = "MLflow, one worker, no jobs"
    empty = "empty data folder to ready file"
    idle, small = f"PSS, idle; {parts}", at_most(four, 250)
    return [
        Row("all of the hub ready", start, "s", empty, peer.get("start"), against, "6 s", at_most(start, 6)),
        Row("  with the runner", Figure.one(whole), "s", f"{empty}, process backend"),
        Row("memory of the four", four, "MB", idle, peer.get("memory"), against, "250 MB", small),
        Row("  service and gateway alone", two, "MB", "PSS, idle", None, "", "120 MB", at_most(two, 120)),
    ]  # fmt: skip
