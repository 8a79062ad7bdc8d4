"""Output is exact, whoever reads it and however often the reader dies."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from dotscience_runner.backends.docker import attach

from .conftest import Runner, text

pytestmark = pytest.mark.docker
MIXED = """
import os, sys, time
for i in range(900):
    sys.stdout.write('o%d\\n' % i); sys.stdout.flush()
    sys.stderr.write('e%d\\r' % i); sys.stderr.flush()
    if i % 90 == 0:
        sys.stdout.buffer.write(b'L' * 40000 + b'\\n')
        sys.stdout.buffer.write(b'\\xff\\xfe' + 'ü'.encode() * 20000 + b'\\n' + b'm' * 16384 + b'\\n\\n')
    time.sleep(.003)
while not os.path.exists('go'): time.sleep(.01)
sys.stdout.write('unterminated')
"""


def expected() -> tuple[bytes, bytes]:
    """What MIXED writes."""
    out = b""
    for i in range(900):
        out += b"o%d\n" % i
        if i % 90 == 0:
            out += b"L" * 40000 + b"\n\xff\xfe" + "ü".encode() * 20000 + b"\n" + b"m" * 16384 + b"\n\n"
    return out + b"unterminated", b"".join(b"e%d\r" % i for i in range(900))


def test_a_collector_killed_four_times_loses_and_doubles_nothing(runner: Runner, tmp_path: Path) -> None:
    """Kill -9 at any moment: both streams are byte-identical in the end, long lines and odd bytes included."""
    spec = runner.spec(MIXED)
    handle = runner.start(spec)
    # The process that started the task reads a part of it live, as an agent does before it is killed.
    folder = tmp_path / "collected"
    folder.mkdir()
    position = [b"", b""]
    for chunk in runner.backend.logs(handle, None):
        position[chunk.stream == "stderr"] += chunk.data
        if len(position[0]) > 100_000:
            break
    for name, data in zip(("stdout", "stderr"), position, strict=True):
        (folder / name).write_bytes(data)
    for _ in range(4):
        _kill(_collector(runner, handle["container"], folder))
    # Only now can the workload end, so each of them was killed in the middle.
    (spec.workspace / "go").touch()
    with _collector(runner, handle["container"], folder) as last:
        assert last.stdout is not None
        assert last.stdout.readline() == b"done\n"
    assert ((folder / "stdout").read_bytes(), (folder / "stderr").read_bytes()) == expected()


def _collector(runner: Runner, container: str, folder: Path) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.docker.collector", runner.engine.url, container, str(folder)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"collecting\n"
    return process


def _kill(process: subprocess.Popen[bytes]) -> None:
    """At some moment."""
    with process:
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(random.uniform(0.05, 0.6))
        process.kill()


def test_200_000_lines_are_all_there_live_and_again(runner: Runner) -> None:
    """Live and from the engine's log, line by line."""
    program = "import sys\nfor i in range(200000): sys.stdout.write(f'line {i}\\n')"
    handle = runner.start(runner.spec(["python3", "-c", program]))
    lines = [b"line %d\n" % i for i in range(200_000)]
    live = list(runner.backend.logs(handle, None))
    assert text(live) == b"".join(lines)
    assert live[-1].cursor == [len(b"".join(lines)), 0]
    again = list(runner.make().logs(handle, None))
    assert [chunk.data for chunk in again] == lines
    middle = again[123_456].cursor
    assert next(runner.make().logs(handle, middle)).data == lines[123_457]


def test_a_progress_bar_is_seen_while_it_moves(runner: Runner) -> None:
    """Text without a newline comes while the workload waits, and the cursor counts it."""
    program = (
        "import os, time\nprint('10 %', end='')\nwhile not os.path.exists('go'): time.sleep(.01)\nprint('\\r20 %')"
    )
    spec = runner.spec(program)
    logs = runner.backend.logs(runner.start(spec), None)
    first = next(logs)
    assert (first.data, first.cursor) == (b"10 %", [4, 0])
    (spec.workspace / "go").touch()
    assert text(list(logs)) == b"\r20 %\n"


def test_a_reader_that_falls_behind_does_not_hold_up_the_workload(
    runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workload ends although nobody reads; the reader gets everything later, from the engine's log."""
    monkeypatch.setattr(attach, "AHEAD_BYTES", 100_000)
    program = "import sys\nfor i in range(400): sys.stdout.write('%05d ' % i + 'x' * 9993 + '\\n')\nsys.stdout.flush()"
    handle = runner.start(runner.spec(program))
    assert runner.container(handle).wait(timeout=60)["StatusCode"] == 0
    data = text(list(runner.backend.logs(handle, None)))
    assert data == b"".join(b"%05d " % i + b"x" * 9993 + b"\n" for i in range(400))


def test_workloads_that_close_their_output_and_go_on(runner: Runner) -> None:
    """The log ends when the workload ends, not when its output does."""
    program = (
        "import os, time\nos.write(1, b'bye')\nos.close(1); os.close(2)\n"
        "while not os.path.exists('go'): time.sleep(.01)\n"
    )
    spec = runner.spec(program)
    handle = runner.start(spec)
    logs = runner.backend.logs(handle, None)
    assert next(logs).data == b"bye"
    assert runner.backend.poll(handle).state == "running"
    (spec.workspace / "go").touch()
    assert list(logs) == []
    assert runner.backend.poll(handle).state == "ended"
