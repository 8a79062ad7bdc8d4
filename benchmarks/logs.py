"""How long a line of output is under way from a container to ``ds``, and how many lines a second get through.

A container has the clock of its machine, so a time that a job prints can be compared with the time it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from . import hubs
from .ds_run import docker_missing, docker_run
from .rows import Figure, Options, Row, percentile, skipped

RATE = 20
SECONDS = 30
LINES = 200_000
TRIES = 5
TICKING = """
import sys, time
for n in range(int(sys.argv[1])):
    print(time.time_ns(), flush=True)
    time.sleep(1 / float(sys.argv[2]))
"""
# A line like a training loop's, 60 bytes; print with a full buffer behind it, as Python does with a pipe.
FLOOD = """
import sys, time
print(time.time_ns(), flush=True)
for n in range(int(sys.argv[1])):
    print(f"step {n:9d} loss 0.123456789 accuracy 0.987654321 lr 1e-3")
"""


def run(options: Options) -> list[Row]:
    """Ours, then the engine alone."""
    if reason := docker_missing(options):
        return [skipped("log delay and throughput", reason)]
    ticks, lines = options.scaled(RATE * SECONDS), options.scaled(LINES)
    with hubs.start(options, "--backend", "docker") as hub:
        hub.project()
        ours = ["run", "-p", "bench", "-I", options.image]
        hub.ds(*ours, "true")
        delays = _delays(hub.popen(*ours, *_job(TICKING, ticks, RATE), stderr=subprocess.DEVNULL))
        bare = _delays(_engine(options, _job(TICKING, ticks, RATE)))
        took = _flood(hub.popen(*ours, *_job(FLOOD, lines), stderr=subprocess.DEVNULL), lines)
        alone = _followed(options, lines)
    return _rows(delays, bare, Figure.one(lines / took, lines), Figure.one(lines / alone, lines))


def _rows(delays: list[float], bare: list[float], ours: Figure, alone: Figure) -> list[Row]:
    half, most = percentile(delays, 0.5), percentile(delays, 0.99)
    how = f"{RATE} lines a second, container to `ds run`'s standard output"
    all_lines = "all lines arrived, byte for byte, once; container to `ds run`'s standard output"
    engine, follow = "docker run, to a pipe", "docker logs -f, to a pipe"
    enough = ours.value >= 50_000
    return [
        Row("delay of a line, p50", half, "ms", how, percentile(bare, 0.5), engine, "100 ms", half.value < 100),
        Row("  p99", most, "ms", "", percentile(bare, 0.99), engine, "500 ms", most.value < 500),
        Row("throughput", ours, "lines/s", all_lines, alone, follow, "50,000 lines/s", enough),
    ]  # fmt: skip


def _job(program: str, *arguments: float) -> list[str]:
    return ["python", "-c", program, *map(str, arguments)]


def _engine(options: Options, job: list[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*docker_run(options), *job], stdout=subprocess.PIPE)


@contextmanager
def _container(options: Options, job: list[str]) -> Iterator[str]:
    """A container in the background, as an agent has it."""
    command = ["docker", "run", "--detach", "--init", options.image, *job]
    name = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    try:
        yield name
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=True, capture_output=True)


def _followed(options: Options, lines: int) -> float:
    """The engine's own command. Now and then it stops in the middle, with success: that says nothing of its rate."""
    for _ in range(TRIES):
        with _container(options, _job(FLOOD, lines)) as name:
            follow = ["docker", "logs", "-f", name]
            with contextlib.suppress(RuntimeError):
                return _flood(subprocess.Popen(follow, stdout=subprocess.PIPE), lines)
    raise RuntimeError(f"docker logs -f never told all {lines} lines in {TRIES} attempts")


def _delays(process: subprocess.Popen[bytes]) -> list[float]:
    """Milliseconds of each line."""
    with process:
        assert process.stdout is not None
        found = [(time.time_ns() - int(line)) / 1e6 for line in process.stdout]
    if process.returncode:
        raise RuntimeError(f"the job ended with {process.returncode}")
    return found


def _flood(process: subprocess.Popen[bytes], lines: int) -> float:
    """Seconds from the job's first line to the arrival of the last, all of it compared."""
    with process:
        assert process.stdout is not None
        begin = int(process.stdout.readline())
        content = process.stdout.read()
        took = (time.time_ns() - begin) / 1e9
    wanted = hashlib.sha256()
    for n in range(lines):
        wanted.update(b"step %9d loss 0.123456789 accuracy 0.987654321 lr 1e-3\n" % n)
    if hashlib.sha256(content).digest() != wanted.digest():
        raise RuntimeError(f"the output is not what was written: {len(content.splitlines())} lines of {lines}")
    return took
