"""What ``ds run`` of a trivial command costs on a warm runner, beside ``docker run`` of the same."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Sequence

from . import clock, hubs
from .rows import Figure, Options, Row, at_most, skipped

OVERHEAD, FIRST_LINE = 0.7, 2.0


def docker_missing(options: Options) -> str:
    """Why containers cannot be measured here; empty where they can."""
    try:
        done = subprocess.run(
            ["docker", "image", "inspect", options.image], capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return "there is no docker command"
    return done.stderr.strip() if done.returncode else ""


def docker_run(options: Options) -> list[str]:
    """What a person would type."""
    return ["docker", "run", "--rm", "--init", options.image]


def run(options: Options) -> list[Row]:
    """Ours and the engine's in turn, so that both see the same machine."""
    if reason := docker_missing(options):
        return [skipped("`ds run true`", reason)]
    number = 3 if options.quick else 9
    with hubs.start(options, "--backend", "docker") as hub:
        hub.project()
        ds = [str(hubs.BIN / "ds"), "run", "-p", "bench", "-I", options.image]
        docker = docker_run(options)
        _prompt(hub, [*ds, "true"]), _prompt(hub, [*docker, "true"])
        whole = [(_prompt(hub, [*ds, "true"]), _prompt(hub, [*docker, "true"])) for _ in range(number)]
        lines = [(_line(hub, [*ds, "echo", "x"]), _line(hub, [*docker, "echo", "x"])) for _ in range(number)]
    return _rows(whole, lines)


def _rows(whole: list[tuple[float, float]], lines: list[tuple[float, float]]) -> list[Row]:
    ours, theirs = (Figure.of(column) for column in zip(*whole, strict=True))
    more = Figure.of(mine - other for mine, other in whole)
    first, their_first = (Figure.of(column) for column in zip(*lines, strict=True))
    engine = "docker run --rm --init"
    soon = at_most(first, FIRST_LINE)
    return [
        Row("`ds run true`, enter to prompt", ours, "s", "warm image, empty workspace, in turn", theirs, engine),
        Row("  more than docker", more, "s", "median of the differences", None, "", "0.7 s", at_most(more, OVERHEAD)),
        Row("enter to the first line of output", first, "s", "`echo`", their_first, engine, "2 s", soon),
    ]  # fmt: skip


def _prompt(hub: hubs.Hub, command: Sequence[str]) -> float:
    return clock.command(command, hub.environment)


def _line(hub: hubs.Hub, command: Sequence[str]) -> float:
    begin = time.perf_counter()
    with subprocess.Popen(command, env=hub.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout is not None
        process.stdout.readline()
        return time.perf_counter() - begin
