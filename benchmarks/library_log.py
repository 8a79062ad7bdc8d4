"""What the library costs user code: one `dotscience.log` call, and the import.

    python benchmarks/library_log.py [--calls N] [--json FILE]

Compares with the bare `write` of a line of the same length to a file opened with O_APPEND, and with a bare Python.
Targets (docs/reference/performance.md): a call 20 us median and 200 us p99, the import 30 ms.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

LIBRARY = Path(__file__).parents[1] / "library"
LINE = b'[12345,1769903999123456789,{"loss":0.25,"accuracy":0.9375}]\n'
STARTS = 20


def main() -> None:
    """Measure, print a table, and write the numbers if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--json", type=Path, help="write the numbers to this file as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        rows = {**calls(Path(folder), arguments.calls), **imports()}
    print(f"{'':34}{'median':>12}{'p99':>12}{'max':>12}")
    for name, (unit, median, p99, worst) in rows.items():
        print(f"{name:34}{median:>9.1f} {unit}{p99:>9.1f} {unit}{worst:>9.1f} {unit}")
    if arguments.json:
        arguments.json.write_text(json.dumps(rows))


def calls(folder: Path, number: int) -> dict[str, tuple[str, float, float, float]]:
    """Time single calls, in microseconds."""
    sys.path.insert(0, str(LIBRARY))
    os.environ["DOTSCIENCE_POINTS_DIR"] = str(folder)
    import dotscience

    dotscience.start()
    descriptor = os.open(folder / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    timed = {
        "one write, bare": _each(number, lambda _: os.write(descriptor, LINE)),
        "ds.log(step, loss, accuracy)": _each(number, lambda step: dotscience.log(step=step, loss=0.25, accuracy=1.5)),
    }
    os.close(descriptor)
    del os.environ["DOTSCIENCE_POINTS_DIR"]
    dotscience.start()
    timed["ds.log outside a task"] = _each(number, lambda step: dotscience.log(step=step, loss=0.25, accuracy=1.5))
    return {name: _row("us", [nanoseconds / 1e3 for nanoseconds in times]) for name, times in timed.items()}


def _each(number: int, call: Callable[[int], object]) -> list[int]:
    times = []
    for step in range(number):
        begin = time.perf_counter_ns()
        call(step)
        times.append(time.perf_counter_ns() - begin)
    return times


def imports() -> dict[str, tuple[str, float, float, float]]:
    """Time a Python that imports the library, compiled, against one that imports nothing; in milliseconds."""
    compileall.compile_dir(LIBRARY, quiet=1)
    timed: dict[str, list[float]] = {}
    for _ in range(STARTS):  # in turn, so that both see the same machine
        for name, code, path in (
            ("python -c pass", "pass", LIBRARY),
            ("import dotscience", "import dotscience", LIBRARY),
            ("import dotscience, as offered", "import dotscience", LIBRARY / "dotscience" / "offer"),
        ):
            begin = time.perf_counter()
            environment = {"PATH": os.defpath, "PYTHONPATH": str(path)}
            subprocess.run([sys.executable, "-S", "-c", code], env=environment, check=True)
            timed.setdefault(name, []).append((time.perf_counter() - begin) * 1e3)
    return {name: _row("ms", times) for name, times in timed.items()}


def _row(unit: str, times: list[float]) -> tuple[str, float, float, float]:
    ordered = sorted(times)
    return unit, statistics.median(ordered), ordered[int(len(ordered) * 0.99)], ordered[-1]


if __name__ == "__main__":
    main()
