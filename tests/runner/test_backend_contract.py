"""What every backend must do, whatever it is made of."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dotscience_runner.backends.base import Backend, BackendError, Chunk, Mount, State

from jupyter_dotscience.api.logs import MAX_ENTRY
from tests.runner.rigs import ALL, REAL, Rig, make_rig, text


def _params(names: list[str]) -> list[Any]:
    return [pytest.param(name, marks=pytest.mark.docker if name == "docker" else ()) for name in names]


@pytest.fixture(params=_params(ALL))
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Any backend."""
    yield from make_rig(request.param, request, tmp_path)


@pytest.fixture(params=_params(REAL))
def real(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """A backend that executes something."""
    yield from make_rig(request.param, request, tmp_path)


def until(chunks: Iterator[Chunk], word: bytes) -> list[Chunk]:
    """Chunks up to the one with ``word``."""
    seen = []
    for chunk in chunks:
        seen.append(chunk)
        if word in chunk.data:
            return seen
    raise AssertionError(f"{word!r} never came: {seen}")


def test_output_is_exact(rig: Rig) -> None:
    """Both streams byte for byte, at most a line per chunk, with times that grow within a stream."""
    program = (
        "import sys\n"
        "sys.stdout.write('one\\n\\ntwo\\r50%\\rthree\\n' + 'L' * 40000 + '\\nno newline')\n"
        "sys.stderr.write('oh\\n')"
    )
    out = b"one\n\ntwo\r50%\rthree\n" + b"L" * 40000 + b"\nno newline"
    status, chunks = rig.run(rig.program(program, {"DUMMY_STDOUT": out.decode(), "DUMMY_STDERR": "oh\n"}))
    assert status.exit_code == 0
    assert text(chunks, "stdout") == out
    assert text(chunks, "stderr") == b"oh\n"
    assert all(chunk.data and len(chunk.data) <= MAX_ENTRY for chunk in chunks)
    assert all(b"\n" not in chunk.data[:-1] for chunk in chunks)
    for stream in ("stdout", "stderr"):
        times = [chunk.time for chunk in chunks if chunk.stream == stream]
        assert times == sorted(times)
        assert abs(times[0] / 1e9 - time.time()) < 3600


def test_binary_output_is_exact(real: Rig) -> None:
    """Bytes that are no text pass unchanged."""
    data = bytes(range(256)) * 3
    status, chunks = real.run(real.program(f"import os; os.write(1, {data!r})"))
    assert text(chunks, "stdout") == data
    assert status.exit_code == 0


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_told(rig: Rig, code: int) -> None:
    """As the workload said it."""
    status, _ = rig.run(rig.program(f"raise SystemExit({code})", {"DUMMY_EXIT_CODE": str(code)}))
    assert (status.outcome, status.exit_code) == ("exited", code)


def test_death_by_a_signal_is_told(real: Rig) -> None:
    """128 + N for signal N."""
    status, _ = real.run(real.program("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"))
    assert status.exit_code == 139


def test_usage_is_told(real: Rig) -> None:
    """Processor time and memory, where the backend can tell."""
    status, _ = real.run(real.program("x = bytearray(50_000_000); sum(range(3_000_000))"))
    usage = status.usage
    assert usage.cpu_seconds is None or usage.cpu_seconds > 0.01
    assert usage.peak_memory is None or usage.peak_memory > 50_000_000


def test_output_comes_while_it_is_written(rig: Rig) -> None:
    """A part of a line is there before the workload ends."""
    spec = rig.program(
        "import time; print('\\r10%', end=''); time.sleep(1000)", {"DUMMY_STDOUT": "\r10%", "DUMMY_SLEEP": "1000"}
    )
    handle = rig.start(spec)
    until(rig.backend.logs(handle, None), b"10%")
    assert rig.backend.poll(handle).state is State.RUNNING


def test_a_polite_workload_ends_by_itself(rig: Rig) -> None:
    """It is asked to end, and its own exit code and last words are kept."""
    program = (
        "import signal, sys, time\n"
        "def end(*_):\n    print('bye', flush=True)\n    sys.exit(143)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('ready', flush=True)\n"
        "time.sleep(1000)"
    )
    handle = rig.start(rig.program(program, {"DUMMY_STDOUT": "ready\n", "DUMMY_SLEEP": "1000"}))
    logs = rig.backend.logs(handle, None)
    until(logs, b"ready")
    begin = time.monotonic()
    rig.backend.stop(handle, 60)
    assert time.monotonic() - begin < 50, "the grace was waited for"
    rest = list(logs)
    status = rig.backend.poll(handle)
    assert (status.state, status.exit_code) == (State.ENDED, 143)
    if rig.backend.name != "dummy":
        assert text(rest, "stdout") == b"bye\n"


def test_a_stubborn_workload_is_killed(rig: Rig) -> None:
    """Whatever ignores SIGTERM, children in sessions of their own included, is gone after the grace."""
    program = (
        "import os, signal, subprocess, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "subprocess.Popen(['sleep', '1000'], start_new_session=True)\n"
        "print('ready', flush=True)\n"
        "time.sleep(1000)"
    )
    dummy = {"DUMMY_STDOUT": "ready\n", "DUMMY_SLEEP": "1000", "DUMMY_IGNORE_TERM": "1"}
    handle = rig.start(rig.program(program, dummy))
    logs = rig.backend.logs(handle, None)
    until(logs, b"ready")
    rig.backend.stop(handle, 0.5)
    assert list(logs) == []
    status = rig.backend.poll(handle)
    assert (status.state, status.exit_code) == (State.ENDED, 137)
    rig.backend.stop(handle, 0.5)


def test_a_missing_command_is_told_at_the_start(real: Rig) -> None:
    """With the exit code that a shell would give, and the name."""
    with pytest.raises(BackendError, match=r"no-such-command-\d+") as caught:
        real.start(real.spec(["no-such-command-7"]))
    assert caught.value.exit_code == 127


def test_a_file_that_is_no_program_is_told_at_the_start(real: Rig) -> None:
    """126, as a shell says."""
    (real.work / "notes.txt").write_text("no program")
    with pytest.raises(BackendError) as caught:
        real.start(real.spec(["./notes.txt"]))
    assert caught.value.exit_code == 126


def test_a_start_that_fails_is_a_sentence(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The dummy backend fails on demand, in both steps."""
    for rig in make_rig("dummy", request, tmp_path):
        with pytest.raises(BackendError, match="no such image"):
            rig.start(rig.spec(["x"], environment={"DUMMY_PREPARE_FAIL": "no such image"}))
        with pytest.raises(BackendError, match="no such GPU"):
            rig.start(rig.spec(["x"], environment={"DUMMY_START_FAIL": "no such GPU"}))


def test_starting_again_answers_the_same_workload(rig: Rig) -> None:
    """An agent that died after the start finds what runs; it is not started twice."""
    program = "import time; open('starts', 'a').write('x'); print('ready', flush=True); time.sleep(1000)"
    spec = rig.program(program, {"DUMMY_STDOUT": "ready\n", "DUMMY_SLEEP": "1000", "DUMMY_FILES": '{"starts": "x"}'})
    first = rig.start(spec)
    until(rig.backend.logs(first, None), b"ready")
    second = json.loads(json.dumps(rig.make().start(spec)))
    assert second == first
    rig.backend.stop(second, 0)
    assert (rig.work / "starts").read_text() == "x"
    # Also when it has ended meanwhile.
    third = json.loads(json.dumps(rig.make().start(spec)))
    assert rig.backend.poll(third).state is State.ENDED
    assert (rig.work / "starts").read_text() == "x"


@pytest.mark.parametrize("part", [0.0, 0.3, 0.99])
def test_another_process_goes_on_from_any_cursor(rig: Rig, part: float) -> None:
    """What one process read up to a cursor and the next one after it is everything, once."""
    program = (
        "import sys\n"
        "for n in range(300):\n"
        "    sys.stdout.write('out %d\\n' % n)\n    sys.stderr.write('err %d\\r' % n)\n    sys.stderr.flush()\n"
        "sys.stdout.write('L' * 40000)"
    )
    err = "".join(f"err {n}\r" for n in range(300))
    out = "".join(f"out {n}\n" for n in range(300)) + "L" * 40000
    handle = rig.start(rig.program(program, {"DUMMY_STDOUT": out, "DUMMY_STDERR": err}))
    whole = list(rig.backend.logs(handle, None))
    count = max(1, int(len(whole) * part))
    first = list(itertools.islice(rig.make().logs(handle, None), count))
    cursor = json.loads(json.dumps(first[-1].cursor))
    rest = list(rig.make().logs(handle, cursor))
    for stream, expected in (("stdout", out), ("stderr", err)):
        assert text(first + rest, stream) == expected.encode()


def test_what_vanished_is_lost(rig: Rig) -> None:
    """A handle with nothing behind it has ended, has no more output, and is not an error to stop."""
    handle = rig.start(rig.program("print('x')", {"DUMMY_STDOUT": "x\n"}))
    list(rig.backend.logs(handle, None))
    rig.backend.cleanup(handle)
    status = rig.make().poll(handle)
    assert (status.state, status.outcome, status.exit_code) == (State.ENDED, "lost", None)
    assert list(rig.make().logs(handle, None)) == []
    rig.backend.stop(handle, 1)
    rig.backend.cleanup(handle)


def test_cleaning_up_ends_what_runs(rig: Rig) -> None:
    """Even what still runs is gone afterwards."""
    handle = rig.start(rig.program("import time; time.sleep(1000)", {"DUMMY_SLEEP": "1000"}))
    rig.backend.cleanup(handle)
    assert rig.backend.poll(handle).state is State.ENDED


def test_the_environment_arrives_exactly(real: Rig) -> None:
    """Newlines, quotes, any Unicode, nothing interpreted; and nothing of the agent's own environment."""
    given = {"A": "two\nlines", "B": "'single' \"double\" $HOME `id` \\", "C": "ü 日本 🎲", "D": "", "E.F": "dot"}
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    _, chunks = real.run(real.program(program, environment=given))
    seen = json.loads(text(chunks, "stdout"))
    assert {name: seen[name] for name in given} == given
    assert "PYTEST_CURRENT_TEST" not in seen
    assert "TOKEN" not in seen


def test_arguments_arrive_exactly(real: Rig) -> None:
    """No shell is in between."""
    arguments = ["", "a b", "*", "$HOME", "it's", 'a"b', "two\nlines", "ü"]
    program = "import json, sys; print(json.dumps(sys.argv[1:]))"
    _, chunks = real.run(real.spec(["python3", "-c", program, *arguments]))
    assert json.loads(text(chunks, "stdout")) == arguments


def test_the_workspace_is_the_working_directory(real: Rig) -> None:
    """What the task writes there is in the agent's folder."""
    (real.work / "in.txt").write_text("given")
    program = "import os; os.makedirs('d'); open('d/out.txt', 'w').write(open('in.txt').read())"
    status, _ = real.run(real.program(program))
    assert status.exit_code == 0
    assert (real.work / "d" / "out.txt").read_text() == "given"


def test_mounts_are_seen_and_kept_from_writing(real: Rig) -> None:
    """A read-only mount can be read; a writable one takes what the task writes."""
    library, points = real.folder / "library", real.folder / "points"
    library.mkdir()
    points.mkdir()
    points.chmod(0o777)
    (library / "module.py").write_text("value = 42\n")
    mounts = [Mount(library, "/dotscience/library"), Mount(points, "/dotscience/points", read_only=False)]
    seen = [real.place(mount) for mount in mounts]
    program = (
        "import module\n"
        f"open('{seen[1]}/a.points', 'w').write(str(module.value))\n"
        "try:\n"
        f"    open('{seen[0]}/module.py', 'w').write('broken')\n"
        "except OSError:\n    print('refused')\n"
    )
    status, chunks = real.run(real.program(program, environment={"PYTHONPATH": seen[0]}, mounts=mounts))
    assert status.exit_code == 0, text(chunks, "stderr")
    assert (points / "a.points").read_text() == "42"
    if real.backend.mounts_at:
        assert text(chunks, "stdout") == b"refused\n"
        assert (library / "module.py").read_text() == "value = 42\n"


def test_children_end_with_the_workload(real: Rig) -> None:
    """A background process neither holds up the end nor survives it."""
    program = (
        "import os, subprocess, time\n"
        "subprocess.Popen(['sh', '-c', 'while :; do echo x >> alive; sleep 0.05; done'], start_new_session=True)\n"
        "while not os.path.exists('alive'):\n    time.sleep(0.01)\n"
    )
    status, _ = real.run(real.program(program))
    assert status.exit_code == 0
    size = (real.work / "alive").stat().st_size
    time.sleep(0.3)
    assert (real.work / "alive").stat().st_size == size


def test_isolation_is_said(rig: Rig) -> None:
    """A name and one sentence for people."""
    backend: Backend = rig.backend
    assert backend.name
    assert len(backend.isolation) > 10
