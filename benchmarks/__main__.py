"""``python -m benchmarks [NAME ...] [--quick] [--json FILE]``: measure, print a table, write the figures."""

from __future__ import annotations

import argparse
import datetime as dt
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import asdict
from pathlib import Path

from . import machine
from .rows import Benchmark, Options, Row, short, skipped, text

NAMES = {
    "ds_run": "`ds run true` beside `docker run`",
    "logs": "delay and throughput of a task's output",
    "snapshots": "versions of 100,000 small files, beside git",
    "large_files": "5 GB of large files, beside git-lfs",
    "datasets": "a bucket of 20,000 objects and one of 2 GB, beside rclone",
    "ingest": "100,000 points and 1,000 short runs, beside MLflow",
    "provenance": "ancestors in 1,000,000 edges",
    "search": "100,000 runs searched, beside MLflow",
    "pages": "the hub's pages in a browser, and the table of 100,000 runs",
    "library": "one log call, and the import",
    "startup": "start and memory of `ds` and the hub",
    "queue": "10,000 queued tasks and 200 runners",
    "jupyter": "JupyterLab through the tunnel, beside the same JupyterLab on its own socket",
    "autocommit": "versions of a notebook as JupyterLab saves it, and the saves",
    "diffs": "what changed in a large notebook, beside nbdiff",
}
TOOLS = Path(__file__).parents[1] / ".bench"


def main() -> int:
    """Run what was asked for.

    Returns:
        The exit status: 1 when a benchmark broke. A missed target is a figure, not an error.
    """
    arguments = _arguments()
    names = arguments.names or list(NAMES)
    # All before the first is measured: what breaks, breaks now, and a change meanwhile does no harm.
    benchmarks: dict[str, Benchmark] = {name: importlib.import_module(f"benchmarks.{name}").run for name in names}
    TOOLS.mkdir(exist_ok=True)
    begin = time.monotonic()
    broken: list[str] = []
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix="scratch-", ignore_cleanup_errors=True) as scratch:
        for name, run in benchmarks.items():
            options = Options(Path(scratch) / name, TOOLS, arguments.quick, arguments.image)
            options.scratch.mkdir()
            load = os.getloadavg()[0]
            rows = _measure(name, run, options, broken)
            shutil.rmtree(options.scratch, ignore_errors=True)
            if arguments.json:
                _write(arguments.json, name, load, rows, options)
    print(f"\n{time.monotonic() - begin:.0f} s in all; load of the machine now {os.getloadavg()[0]:.1f}")
    return 1 if broken else 0


def _arguments() -> argparse.Namespace:
    names = "\n".join(f"  {name:<14}{what}" for name, what in NAMES.items())
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=__doc__,
        epilog="names:\n" + names,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="which ones (all)")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything, to try whether it works")
    parser.add_argument("--image", default="python:3", help="container image with Python (%(default)s)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="put the figures into this file as well")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.names if name not in NAMES]:
        parser.error(f"no benchmark is called {unknown[0]}; there are {', '.join(NAMES)}")
    return arguments


def _measure(name: str, run: Benchmark, options: Options, broken: list[str]) -> list[Row]:
    print(f"\n== {name}: {NAMES[name]} (load {os.getloadavg()[0]:.1f})", flush=True)
    begin = time.monotonic()
    try:
        rows = run(options)
    except Exception as error:  # noqa: BLE001 - the others are measured all the same
        traceback.print_exc()
        broken.append(name)
        rows = [skipped(NAMES[name], f"{type(error).__name__}: {error}")]
    for row in rows:
        _print(row)
    print(f"   ({time.monotonic() - begin:.0f} s)", flush=True)
    return rows


def _print(row: Row) -> None:
    if row.ours is None:
        print(f"   {row.what}: {row.how}")
        return
    line = f"   {row.what}: {text(row.ours, row.unit)}"
    if row.peer is not None and row.ratio is not None:
        line += f" | {row.against} {text(row.peer, row.unit)} | ratio {short(row.ratio)}"
    if row.target:
        line += f" | target {row.target}: {'met' if row.met else 'MISSED'}"
    print(line, flush=True)


def _write(path: Path, name: str, load: float, rows: list[Row], options: Options) -> None:
    """Put one benchmark's figures into the file; those of others that it has stay."""
    old = json.loads(path.read_bytes()) if path.exists() else {}
    if old.get("quick") != options.quick:
        old = {}
    document = {
        "time": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "quick": options.quick,
        "machine": machine.facts(options),
        "names": NAMES,
        "load": {**old.get("load", {}), name: load},
        "rows": {**old.get("rows", {}), name: [asdict(row) | {"ratio": row.ratio} for row in rows]},
    }
    path.write_text(json.dumps(document, indent=1))


if __name__ == "__main__":
    sys.exit(main())
